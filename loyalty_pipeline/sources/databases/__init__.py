"""Databases as sources: one read-only look at all tables at the same instant."""
