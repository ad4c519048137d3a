"""Where tasks are computed: in this process, or on the workers of a cluster. Knows nothing of tables."""
