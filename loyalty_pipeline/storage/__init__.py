"""Where files lie: a local folder, or a prefix of a bucket in an object store that is used like one."""
