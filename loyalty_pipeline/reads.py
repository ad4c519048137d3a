"""How a table function says what it reads: the annotations of its parameters.

`dy.LazyFrame[S]` is table S in the same month. The names below reach further. `window: Window` is the
month itself, and a parameter named like a setting is that setting. What a function does not name it cannot read,
so its signature is the whole truth about what its rows depend on.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, TypeVar

import dataframely as dy

S = TypeVar("S", bound=dy.Schema)

Previous = Annotated[dy.LazyFrame[S], "previous"]
"""The table in the month before: empty in the first."""

Following = Annotated[dy.LazyFrame[S], "following"]
"""The table in the month after."""

Through = Annotated[dy.LazyFrame[S], "through"]
"""The table from the first month to this one."""

PeriodMonths = Annotated[dy.LazyFrame[S], "period months"]
"""The months of the longest period that closes in this one, and the month before it, which is its opening."""

Whole = Annotated[dy.LazyFrame[S], "whole"]
"""The table over all months."""

Later = Annotated[Iterator[dy.LazyFrame[S]], "later"]
"""The months after this one, nearest first: only those taken from the iterator count as read."""

CountedUntil = Annotated[datetime, "counted until"]
"""The as-of, cut to just after the last event in what is read: a later as-of then changes nothing."""

ByMonth = Annotated[dy.LazyFrame[S], "by month"]
"""Returned by a table whose rows belong to the months in their column `month`."""
