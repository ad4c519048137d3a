"""Event sums: what customers did in a period, added up over each segment as they were at its closing."""

from collections.abc import Callable, Iterator

import polars as pl

from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import (
    SEGMENTS,
    UNKNOWN,
    again,
    by_segment,
    cells_of,
    in_period,
    known,
)
from loyalty_pipeline.periods import Period, Window

Sums = dict[str, pl.Expr]
RowsOf = Callable[[Period], pl.LazyFrame]


def event_sums(window: Window, customer_cells: pl.LazyFrame, rows_of: RowsOf, sums: Sums) -> pl.LazyFrame:
    """Sums for each period and segment value over the rows that `rows_of` gives for a period, each with its customer.

    `all` has a row for every period. The sums are additive: of whole numbers or exact amounts.
    """
    return with_every_period(keyed_sums(window, customer_cells, rows_of, [], sums), window)


def keyed_sums(
    window: Window, customer_cells: pl.LazyFrame, rows_of: RowsOf, keys: list[str], sums: Sums
) -> pl.LazyFrame:
    """The same for each value of some keys of the rows; what nobody did has no row."""
    everybody = customer_cells.collect()
    return pl.concat(
        by_segment(
            cells_of(_people(rows_of(period), everybody, period), keys, sums, period.start.year),
            keys,
            again(sums),
        )
        .with_columns(**in_period(period))
        .select(*SEGMENT, *keys, *sums)
        for period in window.periods
    )


def with_every_period(sums: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    """The sums, with zeros for everybody in a period in which there is nothing."""
    summed = sums.collect()
    present = summed.filter(pl.col("segment_by") == "all")["period"]
    zeros = {name: pl.lit(0).cast(dtype) for name, dtype in summed.schema.items() if name not in SEGMENT}
    nobody = {"segment_by": pl.lit("all"), "segment_value": pl.lit("all"), **zeros}
    empty = [
        pl.LazyFrame().select(**in_period(period), **nobody).collect()
        for period in window.periods
        if period.name not in present
    ]
    return pl.concat([summed, *empty]).lazy()


def event_medians(
    window: Window, customer_cells: pl.LazyFrame, rows_of: RowsOf, medians: Sums
) -> pl.LazyFrame:
    """Medians for each period and segment value; a segment value without a row is missing."""
    everybody = customer_cells.collect()
    return pl.concat(
        cut.with_columns(**in_period(period)).select(*SEGMENT, *medians)
        for period in window.periods
        for cut in _medians(_people(rows_of(period), everybody, period), medians, period)
    )


def histogram(window: Window, customer_cells: pl.LazyFrame, rows_of: RowsOf, number: str) -> pl.LazyFrame:
    """How many `rows` have a whole number, for each period, segment value and number; rows without it are left out."""

    def numbered(period: Period) -> pl.LazyFrame:
        return rows_of(period).filter(pl.col(number).is_not_null())

    return keyed_sums(window, customer_cells, numbered, [number], {"rows": pl.len().cast(pl.Int64)})


def median_of(counted_rows: pl.LazyFrame, number: str, name: str) -> pl.LazyFrame:
    """The median of a histogram for each period and segment value; of an even number the mean of the middle two."""
    rows_so_far, all_rows = pl.col("rows").cum_sum().over(SEGMENT), pl.col("rows").sum().over(SEGMENT)
    counted = counted_rows.sort(*SEGMENT, number).with_columns(so_far=2 * rows_so_far, of=all_rows)
    lower = pl.col(number).filter(pl.col("so_far") >= pl.col("of")).first()
    upper = pl.col(number).filter(pl.col("so_far") > pl.col("of")).first()
    middle = (lower + upper).cast(pl.Float64) / 2
    return counted.group_by(SEGMENT, maintain_order=True).agg(middle.alias(name))


def _medians(rows: pl.LazyFrame, medians: Sums, period: Period) -> Iterator[pl.LazyFrame]:
    named = known(rows, period.start.year).with_columns(pl.col("plan").fill_null(UNKNOWN)).collect().lazy()
    yield (named.group_by(segment_by=pl.lit("all"), segment_value=pl.lit("all")).agg(**medians))
    for segment in SEGMENTS:
        yield named.group_by(segment_by=pl.lit(segment), segment_value=segment).agg(**medians)


def _people(rows: pl.LazyFrame, everybody: pl.DataFrame, period: Period) -> pl.LazyFrame:
    counted = rows.collect()
    # Most people do nothing in a period: to look up those who do is cheaper than to join them all.
    theirs = everybody.filter(
        pl.col("period") == period.name,
        pl.col("customer_id").is_in(counted["customer_id"].unique().implode()),
    ).drop("period")
    return counted.lazy().join(theirs.lazy(), on="customer_id", how="left")
