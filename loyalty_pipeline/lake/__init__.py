"""Immutable month files, the manifests that name them, and what is stale: git for Parquet."""
