"""Rows in the order of their key, so that equal rows make equal files."""

import polars as pl


def in_order(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The rows in the order of their key, in which equal rows have equal files."""
    # Sorting words costs more than most tables: many come in order, and to see that is cheap.
    is_tied, is_ordered = pl.lit(value=True), pl.lit(value=True)
    for name in key:
        column, before = pl.col(name).slice(1), pl.col(name).slice(0, pl.len() - 1)
        is_ordered &= ~is_tied | (column >= before)
        is_tied &= column == before
    return rows if rows.height < 2 or rows.select(is_ordered.all()).item() else rows.sort(key)  # noqa: PLR2004
