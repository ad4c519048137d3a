"""How a table function says what it reads: the annotations of its parameters.

`dy.LazyFrame[S]` is table S in the same month. The names below reach further. `window: Window` is the
month itself, and a parameter named like a setting is that setting. What a function does not name it cannot read,
so its signature is the whole truth about what its rows depend on.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Generic, TypeVar

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema

S = TypeVar("S", bound=dy.Schema)

Previous = Annotated[dy.LazyFrame[S], "previous"]
"""The table in the month before: empty in the first."""

Following = Annotated[dy.LazyFrame[S], "following"]
"""The table in the month after."""

Through = Annotated[dy.LazyFrame[S], "through"]
"""The table from the first month to this one."""


class Months(Generic[S]):
    """Some months of a table, each by itself: of most months a task reads none."""

    def __init__(self, frames: Mapping[date, pl.LazyFrame], contract: type[S]) -> None:
        """A month that is not among them is empty."""
        self._frames, self._empty = frames, pl.LazyFrame(schema=polars_schema(contract))

    def at(self, month: date) -> pl.LazyFrame:
        """The rows of one month, in the order of their key."""
        return self._frames.get(month, self._empty)

    def since(self, month: date) -> pl.LazyFrame:
        """The rows from one month on."""
        later = [frame for begin, frame in sorted(self._frames.items()) if begin >= month]
        return pl.concat([self._empty, *later]) if len(later) != 1 else later[0]


PeriodMonths = Annotated[Months[S], "period months"]
"""The months of the longest period that closes in this one, and the month before it, which is its opening."""

PastQuarter = Annotated[dy.LazyFrame[S], "past quarter"]
"""The table in this month and the two before it."""

PastYear = Annotated[dy.LazyFrame[S], "past year"]
"""The table in this month and the twelve before it: the same month a year ago is in it."""

HeldOut = Annotated[dy.LazyFrame[S], "held out"]
"""The table `clv_holdout_months` before this month: what was known then."""

Whole = Annotated[dy.LazyFrame[S], "whole"]
"""The table over all months."""

Later = Annotated[Iterator[dy.LazyFrame[S]], "later"]
"""The months after this one, nearest first: only those taken from the iterator count as read."""

CountedUntil = Annotated[datetime, "counted until"]
"""The as-of, cut to just after the last event in what is read: a later as-of then changes nothing."""

ByMonth = Annotated[dy.LazyFrame[S], "by month"]
"""Returned by a table whose rows belong to the months in their column `month`."""
