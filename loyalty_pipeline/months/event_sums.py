"""Event sums: what customers did in a period, added up over each segment as they were at its closing."""

from collections.abc import Callable, Mapping
from functools import cached_property

import polars as pl

from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import (
    again,
    by_segment,
    cells_of,
    cut,
    in_period,
    known,
)
from loyalty_pipeline.periods import Period, Window

Sums = dict[str, pl.Expr]
RowsOf = Callable[[Period], pl.LazyFrame]
FEW = 4
"""Where so many times more people are known than there are rows, their people are looked up before they are joined."""


class EventSums:
    """Sums over the people of a month; `customer_cells` says what they were at the closing of each period.

    `rows_of` gives the rows of a period, each with its customer. Rows that are of `customer_cells` already know the rest.
    """

    def __init__(self, window: Window, customer_cells: pl.LazyFrame) -> None:
        """The people are read when they are asked for, and once."""
        self.window, self._cells = window, customer_cells

    def by_segment(self, rows_of: RowsOf, sums: Sums) -> pl.LazyFrame:
        """Additive sums for each period and segment value; `all` has a row for every period."""
        return with_every_period(self.by_key(rows_of, [], sums), self.window)

    def by_key(self, rows_of: RowsOf, keys: list[str], sums: Sums) -> pl.LazyFrame:
        """The same for each value of some keys of the rows; what nobody did has no row."""
        found = []
        for period in self.window.periods:
            cells = cells_of(self._known(rows_of(period), period), keys, sums, period.start.year)
            summed = by_segment(cells, keys, again(sums)).with_columns(**in_period(period))
            found.append(summed.select(*SEGMENT, *keys, *sums))
        return pl.concat(found)

    def medians(self, rows_of: RowsOf, numbers: Mapping[str, pl.Expr]) -> pl.LazyFrame:
        """The medians of numbers of the rows for each period and segment value; one without a row is missing."""
        found = []
        for period in self.window.periods:
            rows = known(self._known(rows_of(period), period), period.start.year).with_columns(**numbers)
            medians = cut(rows, list(numbers)).group_by("segment_by", "segment_value").agg(pl.all().median())
            found.append(medians.with_columns(**in_period(period)).select(*SEGMENT, *numbers))
        return pl.concat(found)

    def median_of(self, rows_of: RowsOf, number: str, name: str) -> pl.LazyFrame:
        """The median of a whole number of the rows, of few values: how many rows have each is counted first."""

        def numbered(period: Period) -> pl.LazyFrame:
            return rows_of(period).filter(pl.col(number).is_not_null())

        counted = self.by_key(numbered, [number], {"rows": pl.len().cast(pl.Int64)})
        return _median_of_counts(counted, number, name)

    def people(self, period: Period) -> pl.LazyFrame:
        """Everybody known at the closing of a period."""
        return self._people[period.name].lazy()

    @cached_property
    def _people(self) -> dict[str, pl.DataFrame]:
        found = self._cells.collect()
        if len(self.window.periods) == 1:
            return {self.window.periods[0].name: found.drop("period")}
        names = [period.name for period in self.window.periods]
        return {name: found.filter(pl.col("period") == name).drop("period") for name in names}

    def _known(self, rows: pl.LazyFrame, period: Period) -> pl.LazyFrame:
        counted, everybody = rows.collect(), self._people[period.name]
        if "profile" in counted.columns:
            return counted.lazy()
        if counted.height * FEW < everybody.height:
            ids = counted["customer_id"].unique()
            everybody = everybody.filter(pl.col("customer_id").is_in(ids.implode()))
        return counted.lazy().join(everybody.lazy(), on="customer_id", how="left")


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


def _median_of_counts(counted_rows: pl.LazyFrame, number: str, name: str) -> pl.LazyFrame:
    # Of an even number of rows the mean of the middle two.
    rows_so_far, all_rows = pl.col("rows").cum_sum().over(SEGMENT), pl.col("rows").sum().over(SEGMENT)
    counted = counted_rows.sort(*SEGMENT, number).with_columns(so_far=2 * rows_so_far, of=all_rows)
    lower = pl.col(number).filter(pl.col("so_far") >= pl.col("of")).first()
    upper = pl.col(number).filter(pl.col("so_far") > pl.col("of")).first()
    middle = (lower + upper).cast(pl.Float64) / 2
    return counted.group_by(SEGMENT, maintain_order=True).agg(middle.alias(name))
