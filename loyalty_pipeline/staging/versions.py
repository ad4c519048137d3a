"""Of all versions of a thing, which one is true."""

import polars as pl


def current(versions: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """The latest version of each key, without those that were deleted at their source.

    Of versions with one `updated_at` the one that was extracted last counts.
    """
    latest = versions.sort("updated_at", "_batch").unique(key, keep="last", maintain_order=True)
    return latest.filter(pl.col("deleted_at").is_null()).drop("_batch", "updated_at", "deleted_at")
