"""Tables are cut by one attribute at a time."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .company import Company
    from .customer_periods import CustomerPeriod
    from .periods import Period

Rows = list[dict[str, Any]]
Segment = tuple[str, str]
Fact = tuple[dict[str, str], Any]
"""Something that counts, and the segment values it counts in."""
KEY = (
    "period",
    "period_start",
    "segment_by",
    "segment_value",
    "cohort",
    "reason",
    "is_voluntary",
    "metric",
    "customer_id",
)


def members_of(rows: list[CustomerPeriod]) -> dict[Segment, list[CustomerPeriod]]:
    """Return each segment's customers; `all` is there even where nobody is."""
    found: dict[Segment, list[CustomerPeriod]] = defaultdict(list, {("all", "all"): []})
    for row in rows:
        for segment in row.attributes.items():
            found[segment].append(row)
    return found


def keyed(period: Period, segment: Segment) -> dict[str, Any]:
    """Return the columns that every table starts with."""
    return {
        "period": period.name,
        "period_start": period.start,
        "period_end": period.end,
        "is_complete": period.is_complete,
        "segment_by": segment[0],
        "segment_value": segment[1],
    }


def table(
    company: Company, rows: list[CustomerPeriod], measure: Callable[[list[CustomerPeriod]], dict[str, Any]]
) -> Rows:
    """Return `all` for every period, and each segment value that has anything to count."""
    by_period: dict[Period, list[CustomerPeriod]] = defaultdict(list)
    for row in rows:
        by_period[row.period].append(row)
    found = []
    for period in company.periods:
        for segment, members in members_of(by_period[period]).items():
            measures = measure(members)
            if segment[0] == "all" or has_anything(measures):
                found.append(keyed(period, segment) | measures)
    return in_order(found)


def cut(
    company: Company,
    facts_of: Callable[[Period], Iterable[Fact]],
    measure: Callable[[Period, list[Any]], dict[str, Any]],
) -> Rows:
    """Return what `table` would, of facts of any kind."""
    found = []
    for period in company.periods:
        cells: dict[Segment, list[Any]] = {("all", "all"): []}
        for segments, fact in facts_of(period):
            for segment in segments.items():
                cells.setdefault(segment, []).append(fact)
        for segment, facts in cells.items():
            measures = measure(period, facts)
            if segment[0] == "all" or has_anything(measures):
                found.append(keyed(period, segment) | measures)
    return in_order(found)


def has_anything(measures: dict[str, Any]) -> bool:
    """Whether any count or amount is not zero; rates do not matter."""
    return any(measure for measure in measures.values() if isinstance(measure, (int, Decimal)))


def in_order(rows: Rows) -> Rows:
    """Sort by the key."""
    return sorted(rows, key=lambda row: tuple(row[name] for name in KEY if name in row))
