"""Months, fiscal quarters and fiscal years, as local dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .policy import Policy

LENGTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Period:
    """`end` is the first day after it; `closing` is the end or, where that is in the future, the as-of."""

    name: str
    start: date
    end: date
    closing: date
    is_complete: bool


def shifted(first: date, months: int) -> date:
    """Return the first of the month so many months later."""
    year, month0 = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month0 + 1, 1)


def start_of(name: str, day: date, fiscal_year_start_month: int) -> date:
    """Return the first day of the period that holds the day."""
    months_into = (day.month - fiscal_year_start_month) % LENGTHS[name]
    return shifted(day, -months_into)


def period_of(name: str, start: date, as_of: date) -> Period:
    """Return the period that starts on this date."""
    end = shifted(start, LENGTHS[name])
    return Period(name, start, end, min(end, as_of), end <= as_of)


def periods(first_day: date, last_day: date, policy: Policy) -> list[Period]:
    """Return every period from the one that holds the first day to the one that holds the last."""
    found = []
    for name, months in LENGTHS.items():
        start = start_of(name, first_day, policy.fiscal_year_start_month)
        while start <= last_day:
            found.append(period_of(name, start, policy.as_of))
            start = shifted(start, months)
    return found
