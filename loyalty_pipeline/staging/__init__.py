"""Raw rows made sense of: the latest version of each thing, whose it is, and in which month it counts."""
