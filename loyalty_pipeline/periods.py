"""Months, quarters and years: the periods that every metric is published in, and the instants that bound them.

A month is the date of its first day. Periods are half-open; a boundary is the local midnight of its date.
Something holds at a boundary `t` when `start < t <= end`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from loyalty_pipeline.contract import Table, choice, day, flag

PERIODS = ("month", "quarter", "year")
LENGTH = {"month": 1, "quarter": 3, "year": 12}


class PeriodTable(Table):
    """One row per period."""

    period = choice("Length of the period.", PERIODS, key=True)
    period_start = day("First day of the period.", key=True)
    period_end = day("First day after the period.")
    is_complete = flag("Had the period ended by the as-of date?")


@dataclass(frozen=True)
class Period:
    """One month, quarter or year."""

    name: str
    start: date
    end: date
    is_complete: bool


@dataclass(frozen=True)
class Calendar:
    """How the company counts time."""

    timezone: str
    fiscal_year_start_month: int
    as_of: date

    def boundary(self, day: date) -> datetime:
        """The instant at which the day begins in the reporting time zone."""
        return midnight(day, self.timezone)

    @property
    def last_month(self) -> date:
        """The month that holds the last day before the as-of."""
        return month_of(self.as_of - timedelta(days=1))

    def month(self, start: date) -> "Window":
        """The month as tables see it, cut by the as-of."""
        closes_on = min(plus(start, 1), self.as_of)
        return Window(
            month=start,
            opening=self.boundary(start),
            closing=self.boundary(closes_on),
            closes_on=closes_on,
            periods=tuple(p for name in PERIODS if (p := self._period(name, start))),
            timezone=self.timezone,
        )

    def _period(self, name: str, month: date) -> Period | None:
        position = (month.month - self.fiscal_year_start_month) % LENGTH[name]
        if position != LENGTH[name] - 1 and month != self.last_month:
            return None
        start = plus(month, -position)
        end = plus(start, LENGTH[name])
        return Period(name, start, end, is_complete=end <= self.as_of)


@dataclass(frozen=True)
class Window:
    """One month of business time, cut by the as-of."""

    month: date
    opening: datetime
    closing: datetime
    closes_on: date
    periods: tuple[Period, ...]
    timezone: str

    @property
    def last_day(self) -> date:
        """The local day that ends at the closing: its exchange rates hold there."""
        return self.closes_on - timedelta(days=1)

    def days_of(self, period: Period) -> int:
        """The days of a period so far."""
        return (self.closes_on - period.start).days

    @property
    def first_opening_month(self) -> date:
        """The month before the longest period that closes here."""
        return plus(min(period.start for period in self.periods), -1)

    @property
    def bounds(self) -> tuple[pl.Expr, pl.Expr]:
        """Opening and closing as literals for expressions."""
        return instant_literal(self.opening), instant_literal(self.closing)

    def boundary_of(self, period: Period) -> datetime:
        """The instant at which the period opens."""
        return midnight(period.start, self.timezone)


def midnight(day: date, timezone: str) -> datetime:
    """The instant at which a day begins on the clocks of a time zone; the earlier one of two."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def instant_literal(instant: datetime) -> pl.Expr:
    """An instant as polars compares it with a column of instants."""
    return pl.lit(instant.replace(tzinfo=None)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def month_of(day: date) -> date:
    """First day of the day's month."""
    return day.replace(day=1)


def plus(month: date, months: int) -> date:
    """The month that many months later."""
    index = month.year * 12 + month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def months_from(first: date, last: date) -> list[date]:
    """Every month from the first to the last, both in."""
    span = (last.year - first.year) * 12 + last.month - first.month
    return [plus(first, n) for n in range(span + 1)]


def local(instant: str | pl.Expr, timezone: str) -> pl.Expr:
    """The clock on the wall at an instant, without a zone."""
    column = pl.col(instant) if isinstance(instant, str) else instant
    zoned = column if timezone == "UTC" else column.dt.convert_time_zone(timezone)
    return zoned.dt.replace_time_zone(None)


def business_month(instant: str | pl.Expr, timezone: str) -> pl.Expr:
    """The month an instant falls in, as the date of its first day."""
    return local(instant, timezone).dt.date().dt.month_start()


def elapsed_at(wall: pl.Expr, timezone: str) -> pl.Expr:
    """The instant at which the clock shows it; the earlier one of two, the gap's old offset for none."""
    if timezone == "UTC":
        return wall.dt.replace_time_zone("UTC")
    day = pl.duration(days=1)
    shown = wall.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    before_gap = (wall - day).dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
    return shown.dt.convert_time_zone("UTC").fill_null(before_gap.dt.convert_time_zone("UTC") + day)


def add_months(wall: pl.Expr, months: pl.Expr) -> pl.Expr:
    """That many calendar months later; days past the month's end clamp to it."""
    index = wall.dt.year().cast(pl.Int64) * 12 + wall.dt.month() - 1 + months
    first = pl.date(index // 12, index % 12 + 1, 1)
    day = pl.min_horizontal(wall.dt.day().cast(pl.Int64), first.dt.month_end().dt.day().cast(pl.Int64))
    time_of_day = wall - wall.dt.truncate("1d")
    return first.cast(pl.Datetime("us")) + pl.duration(days=day - 1) + time_of_day


def months_between(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Calendar months from the one month to the other, days aside."""
    return (end.dt.year().cast(pl.Int64) - start.dt.year()) * 12 + end.dt.month() - start.dt.month()
