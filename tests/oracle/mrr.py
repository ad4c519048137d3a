"""MRR of one line, by the three rules."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .exact import rounded
from .local_time import elapsed, minus_interval, plus_months, to_instant, to_local

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from zoneinfo import ZoneInfo

MONTHS_OF_ONE = {
    "month": Fraction(1),
    "quarter": Fraction(3),
    "year": Fraction(12),
    "week": Fraction(12, 52),
    "day": Fraction(12, 365),
}


def months(interval: str, count: int | None) -> Fraction:
    """Return the months in one billing interval."""
    return MONTHS_OF_ONE[interval] * (1 if count is None else count)


def by_interval(amount: Decimal, interval: str, count: int | None) -> Decimal:
    """Rule 1: the amount over the months of its interval."""
    return rounded(Fraction(amount) / months(interval, count), 4)


def of_proration(
    amount: Decimal, bounds: tuple[datetime, datetime], interval: tuple[str, int | None], zone: ZoneInfo
) -> Decimal:
    """Rule 2: scale the amount from the line's duration up to the whole interval that ends with it."""
    start, end = bounds
    name, count = interval
    parent_start = to_instant(minus_interval(to_local(end, zone), name, 1 if count is None else count), zone)
    whole = Fraction(amount) * elapsed(parent_start, end) / elapsed(start, end)
    return rounded(whole / months(name, count), 4)


def by_term(amount: Decimal, start: datetime, end: datetime, zone: ZoneInfo) -> Decimal:
    """Rule 3: the amount over the months from start to end."""
    return rounded(Fraction(amount) / term(start, end, zone), 4)


def term(start: datetime, end: datetime, zone: ZoneInfo) -> Fraction:
    """Return n when calendar steps fit exactly, else the months counted back from the end and what is left."""
    first, last = to_local(start, zone), to_local(end, zone)
    n = (last.year - first.year) * 12 + last.month - first.month
    if n >= 1 and (plus_months(first, n) == last or plus_months(last, -n) == first):
        return Fraction(n)
    k = 0
    while plus_months(last, -(k + 1)) >= first:
        k += 1
    whole_from = to_instant(plus_months(last, -k), zone) if k else end
    month_from = to_instant(plus_months(last, -(k + 1)), zone)
    return k + elapsed(start, whole_from) / elapsed(month_from, whole_from)


def of_invoice_line(
    line: dict[str, object], amount: Decimal, bounds: tuple[datetime, datetime], zone: ZoneInfo
) -> Decimal:
    """Choose the rule of an invoice line."""
    interval, count = line.get("interval"), line.get("interval_count")
    if interval is None:
        return by_term(amount, *bounds, zone)
    if line.get("proration"):
        return of_proration(amount, bounds, (str(interval), count), zone)  # type: ignore[arg-type]
    return by_interval(amount, str(interval), count)  # type: ignore[arg-type]
