"""Local time: calendar steps are on naive local datetimes, elapsed time is in UTC."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FOREVER = datetime.max.replace(tzinfo=UTC)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}


def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the clock on the wall, without its zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the (first) instant at which the wall clock shows this."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the local day begins."""
    return to_instant(datetime.combine(day, time()), zone)


def plus_months(local: datetime, months: int) -> datetime:
    """Step by calendar months; a day past the month's end becomes its last."""
    year, month0 = divmod(local.year * 12 + local.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month0 + 1)[1]
    return local.replace(year=year, month=month0 + 1, day=min(local.day, last_day))


def minus_interval(local: datetime, interval: str, count: int) -> datetime:
    """Step back by one whole billing interval."""
    if interval in DAYS:
        return local - timedelta(days=DAYS[interval] * count)
    return plus_months(local, -MONTHS[interval] * count)


def elapsed(start: datetime, end: datetime) -> Fraction:
    """Return the microseconds between two instants."""
    return Fraction((end.astimezone(UTC) - start.astimezone(UTC)) // timedelta(microseconds=1))
