"""Rows in the order of their key, so that equal rows make equal files."""

import polars as pl

FEW = 5000
"""So many rows are sorted sooner than looked at."""


def in_order(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The rows sorted by their key; as they are where they already come that way.

    Sorting words costs more than most tables: many come in order, and to see that is cheap. What is the
    same in all rows, as the month of a month's table is, need not be compared.
    """
    if rows.height < FEW and key:
        return rows.sort(key)
    varying = [name for name in key if not _is_constant(rows[name])]
    is_tied, is_ordered = pl.lit(value=True), pl.lit(value=True)
    for name in varying:
        column, before = pl.col(name).slice(1), pl.col(name).slice(0, pl.len() - 1)
        is_ordered &= ~is_tied | (column >= before)
        is_tied &= column == before
    return rows if not varying or rows.select(is_ordered.all()).item() else rows.sort(varying)


def _is_constant(column: pl.Series) -> bool:
    return column.is_empty() or (column.first() == column.last() and column.n_unique() == 1)
