"""The published tables: one module each, its contract above the function that makes it."""
