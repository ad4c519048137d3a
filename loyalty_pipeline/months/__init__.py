"""The state of every customer, month by month: what the metric tables count."""
