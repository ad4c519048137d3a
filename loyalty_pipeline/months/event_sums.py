"""Event sums: what customers did in a period, added up over each segment as they were at its closing."""

from collections.abc import Callable, Iterator, Mapping

import dataframely as dy
import polars as pl

from loyalty_pipeline.money import total
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import (
    SEGMENTS,
    UNKNOWN,
    by_profile,
    in_period,
    known,
)
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.ratio import per

Sums = dict[str, pl.Expr]
RowsOf = Callable[[Period], pl.LazyFrame]


class EventSums:
    """Sums over the people of a month; `customer_cells` says what they were at the closing of each period.

    `rows_of` gives the rows of a period, each with its customer. What `known` gives knows the rest already.
    """

    def __init__(self, window: Window, customer_cells: pl.LazyFrame) -> None:
        """The people are read when they are asked for."""
        self.window, self._cells = window, customer_cells

    def by_segment(self, rows_of: RowsOf, sums: Sums) -> pl.LazyFrame:
        """Additive sums for each period and segment value; `all` has a row for every period."""
        return with_every_period(self.by_key(rows_of, [], sums), self.window)

    def by_key(self, rows_of: RowsOf, keys: list[str], sums: Sums) -> pl.LazyFrame:
        """The same for each value of some keys of the rows; what nobody did has no row."""
        found, rows = [], self.known(rows_of)
        for period in self.window.periods:
            summed = by_profile(rows(period), keys, sums, period.start.year)
            found.append(summed.with_columns(**in_period(period)).select(*SEGMENT, *keys, *sums))
        return pl.concat(found)

    def medians(self, rows_of: RowsOf, numbers: Mapping[str, pl.Expr], unit: int) -> pl.LazyFrame:
        """The medians of whole numbers of the rows, over a unit, for each period and segment value.

        One without a row is missing. Of an even number of rows it is the mean of the middle two, which of whole numbers does
        not depend on how the library takes it, nor on the order of the rows.
        """
        found, rows = [], self.known(rows_of)
        for period in self.window.periods:
            numbered = rows(period).with_columns(**numbers).filter(_any(numbers))
            plan = pl.col("plan").cast(pl.Categorical).fill_null(UNKNOWN)
            named = known(numbered, period.start.year).with_columns(plan, all=pl.lit("all"))
            found += [
                medians.with_columns(**in_period(period)).select(*SEGMENT, *numbers)
                for medians in _medians(named.select("all", *SEGMENTS, *numbers).collect(), list(numbers))
            ]
        return pl.concat(found).with_columns(per(name, unit) for name in numbers)

    def people(self, period: Period) -> pl.LazyFrame:
        """Everybody known at the closing of a period."""
        return _numbered(self._cells.filter(pl.col("period") == period.name).drop("period"))

    def known(self, rows_of: RowsOf) -> RowsOf:
        """The rows with what their customers were at the closing of the period, looked up once."""
        rows = {period: rows_of(period).collect() for period in self.window.periods}
        if not all("profile" in frame.columns for frame in rows.values()):
            ids = pl.concat(frame["customer_id"] for frame in rows.values()).unique()
            # Most people do nothing: to leave the others in their file is cheaper than to join them all.
            people = _numbered(self._cells.filter(pl.col("customer_id").is_in(ids.implode()))).collect()
            rows = {period: _joined(frame, people, period) for period, frame in rows.items()}
        return lambda period: rows[period].lazy()


def _numbered(people: pl.LazyFrame) -> pl.LazyFrame:
    # Grouped by number, not by word.
    return people.with_columns(pl.col("profile", "plan").cast(pl.Categorical))


def _any(numbers: Mapping[str, pl.Expr]) -> pl.Expr:
    return pl.any_horizontal(pl.col(name).is_not_null() for name in numbers)


def _medians(rows: pl.DataFrame, numbers: list[str]) -> Iterator[pl.LazyFrame]:
    # Segment by segment: a median needs every row, and rows times segments are many.
    for segment in ("all", *SEGMENTS):
        medians = rows.lazy().group_by(segment_value=segment).agg(pl.col(numbers).median())
        yield medians.with_columns(pl.col("segment_value").cast(pl.String), segment_by=pl.lit(segment))


def _joined(rows: pl.DataFrame, people: pl.DataFrame, period: Period) -> pl.DataFrame:
    then = people.lazy().filter(pl.col("period") == period.name).drop("period")
    return rows.lazy().join(then, on="customer_id", how="left").collect()


def over_shards(sums: pl.LazyFrame, contract: type[dy.Schema], window: Window) -> pl.LazyFrame:
    """What sums of a contract come to over all shards; without further keys `all` has a row for every period."""
    keys = [name for name in contract.primary_key() if name not in SEGMENT]
    measures = [name for name in contract.column_names() if name not in {*SEGMENT, *keys}]
    amounts = [name for name in measures if isinstance(contract.columns()[name], dy.Decimal)]
    counts = [name for name in measures if name not in amounts]
    summed = sums.group_by(*SEGMENT, *keys).agg(pl.col(counts).sum(), *(total(amount) for amount in amounts))
    return summed.select(*SEGMENT, *keys, *measures) if keys else with_every_period(summed, window)


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


def median_of_counts(counted: pl.LazyFrame, number: str, rows: str, name: str) -> pl.LazyFrame:
    """The median of a whole number for each period and segment value, where it is counted how many rows have each."""
    # Of an even number of rows the mean of the middle two.
    up_to, all_rows = 2 * pl.col(rows).cum_sum(), pl.col(rows).sum()
    lower, upper = (pl.col(number).filter(past).first() for past in (up_to >= all_rows, up_to > all_rows))
    middle = (lower + upper).cast(pl.Float64) / 2
    return counted.sort(number).group_by(SEGMENT).agg(middle.alias(name))
