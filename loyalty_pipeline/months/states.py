"""States that go from month to month: what the first month has to know of the time before it."""

import polars as pl

from loyalty_pipeline.periods import Window


def since_before(before: pl.DataFrame, so_far: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    """The events that a state lacks: those of the month, and where there is no state yet, all before it too.

    Months begin with the first line or payment; members and advocates may be older.
    """
    return so_far if before.is_empty() else so_far.filter(pl.col("month") == window.month)
