"""Joins of tables that are in the order of their customers, without a hash table."""

import polars as pl

KEY = "customer_id"


def beside(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The rows with what the others know of their customers, null where that is nothing.

    Both are in the order of their customers, and so is the result; the others have one row a customer.
    """
    if rows[KEY].equals(others[KEY]):
        return rows.hstack(others.drop(KEY))
    joined = _in_order(rows).join(_in_order(others), on=KEY, how="left", maintain_order="left")
    return joined.collect(engine="streaming").with_columns(pl.col(KEY).set_sorted())


def united(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The customers of both, with what each knows of them. Both have one row a customer, in order, and so has the result."""
    known = beside(rows, others)
    left, right = _in_order(others), _in_order(rows)
    more = left.join(right.select(KEY), on=KEY, how="anti", maintain_order="left").collect(engine="streaming")
    return inserted(known, more)


def inserted(rows: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """The rows and some more, which may lack columns; both in the order of their customers, and so is the result."""
    if more.is_empty():
        return rows
    blank = [
        pl.lit(None, dtype).alias(name) for name, dtype in rows.schema.items() if name not in more.columns
    ]
    # Of two runs that are in order a sort is cheaper than merging them.
    return pl.concat([rows, more.with_columns(blank).select(rows.columns)]).sort(KEY)


def _in_order(rows: pl.DataFrame) -> pl.LazyFrame:
    return rows.with_columns(pl.col(KEY).set_sorted()).lazy()
