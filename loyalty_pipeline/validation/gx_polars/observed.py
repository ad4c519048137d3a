"""Observed values: what was computed of a column, in the Python type that a suite's bounds can be compared with.

A suite's bounds come from JSON or YAML: floats, and dates without a time zone. Python says 0.10 < 0.1 of a decimal and a
float, and raises for a date and an instant, or for instants with and without a zone. These types are ordered as written.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

import polars as pl

from loyalty_pipeline.validation.gx_polars.moments import moment

CATEGORIES = (pl.Categorical, pl.Enum)


class ObservedDecimal(Decimal):
    """A decimal that is compared with floats as they are written: 0.10 is 0.1."""

    def __lt__(self, other: Any) -> bool:
        """Whether it is less than a number as written."""
        return Decimal.__lt__(self, _as_written(other))

    def __le__(self, other: Any) -> bool:
        """Whether it is at most a number as written."""
        return Decimal.__le__(self, _as_written(other))

    def __gt__(self, other: Any) -> bool:
        """Whether it is more than a number as written."""
        return Decimal.__gt__(self, _as_written(other))

    def __ge__(self, other: Any) -> bool:
        """Whether it is at least a number as written."""
        return Decimal.__ge__(self, _as_written(other))

    def __eq__(self, other: object) -> bool:
        """Whether it is a number as written."""
        return Decimal.__eq__(self, _as_written(other))

    def __hash__(self) -> int:
        """As the float has it that is written alike, so that sets find one by the other."""
        return hash(float(self))


class ObservedInstant(datetime):
    """A date or an instant, ordered beside texts, dates and instants. A date is its midnight."""

    @classmethod
    def of(cls, instant: date) -> Self:
        """The same instant, comparable."""
        if not isinstance(instant, datetime):
            return cls(instant.year, instant.month, instant.day)
        clock = instant.timetz()
        return cls.combine(instant.date(), clock)

    def __lt__(self, other: Any) -> bool:
        """Whether it is before a date, an instant or a text of one."""
        return datetime.__lt__(*_alike(self, other))

    def __le__(self, other: Any) -> bool:
        """Whether it is not after a date, an instant or a text of one."""
        return datetime.__le__(*_alike(self, other))

    def __gt__(self, other: Any) -> bool:
        """Whether it is after a date, an instant or a text of one."""
        return datetime.__gt__(*_alike(self, other))

    def __ge__(self, other: Any) -> bool:
        """Whether it is not before a date, an instant or a text of one."""
        return datetime.__ge__(*_alike(self, other))


def comparable(domain_values: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, pl.DataType]:
    """A column's values, and their type, in an order that people expect: categories by text, durations in seconds."""
    if dtype in CATEGORIES:
        return domain_values.cast(pl.String), pl.String()
    if isinstance(dtype, pl.Duration):
        ticks = {"ms": 1e3, "us": 1e6, "ns": 1e9}[dtype.time_unit]
        return domain_values.to_physical().cast(pl.Float64) / ticks, pl.Float64()
    if dtype == pl.Null:
        return domain_values.cast(pl.Float64), pl.Float64()
    return domain_values, dtype


def observed(value: Any) -> Any:
    """A value computed by polars, as Great Expectations is told it: comparable with bounds."""
    return ObservedInstant.of(value) if isinstance(value, date) else listed(value)


def listed(value: Any) -> Any:
    """A value of a column, as Great Expectations is told it: dates as they are, durations in seconds, which JSON can have."""
    if isinstance(value, Decimal):
        return ObservedDecimal(value)
    return value.total_seconds() if isinstance(value, timedelta) else value


def _as_written(other: Any) -> Any:
    return Decimal(repr(float(other))) if isinstance(other, float) else other


def _alike(instant: datetime, other: Any) -> tuple[datetime, Any]:
    if not isinstance(other, str | date):
        return instant, other
    return instant, moment(other, pl.Datetime("us", getattr(instant.tzinfo, "key", None)))
