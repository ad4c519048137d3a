"""Of all versions of a thing, which one is true."""

import polars as pl

VERSION = ("updated_at", "deleted_at", "_batch")


def current(versions: pl.LazyFrame, key: str) -> pl.LazyFrame:
    """The latest version of each key, without those that were deleted at their source.

    Of versions with one `updated_at` the one that was extracted last counts.
    """
    rows = versions.collect()
    if rows[key].n_unique() < rows.height:
        # Most months have one version of everything: only what has more is worth sorting.
        is_repeated = rows[key].is_duplicated()
        latest = (
            rows.filter(is_repeated)
            .sort("updated_at", "_batch")
            .unique(key, keep="last", maintain_order=True)
        )
        rows = pl.concat([rows.filter(~is_repeated), latest])
    return rows.lazy().filter(pl.col("deleted_at").is_null()).drop(VERSION)
