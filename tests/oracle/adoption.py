"""The advocacy programme: who was invited, who joined, and what advocates did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .exact import over, wilson
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from .events import Events
    from .periods import Period
    from .records import Row

STEPS = ("invited", "joined")
ACTS = ("shared", "reviewed", "testified", "referenced", "referred")


def activities(events: Events) -> list[Row]:
    """Return acts and steps into the programme."""
    return events.happened("advocacy_activities", "activity_id", "occurred_at")


def advocacy_adoption(events: Events) -> Rows:
    """Return the table."""
    if not events.landed("advocacy_activities"):
        return []

    def of(period: Period) -> list[Fact]:
        steps = [
            row
            for row in activities(events)
            if row["kind"] in STEPS and events.is_before_closing(period, row["occurred_at"])
        ]
        acts = [
            row
            for row in activities(events)
            if row["kind"] not in STEPS and events.is_in(period, row["occurred_at"])
        ]
        return events.of_customers(period, [(row["customer_id"], row) for row in steps + acts])

    return cut(events.company, of, lambda _, rows: measures(rows))


def customers(rows: list[Row], *kinds: str) -> int:
    """Count the customers with an event of some kinds."""
    return len({row["customer_id"] for row in rows if row["kind"] in kinds})


def portion(name: str, part: int, whole: int) -> dict[str, float | None]:
    """Return a ratio with an interval, which it has none of where the part is larger than the whole."""
    low, high = wilson(part, whole) if part <= whole else (None, None)
    return {name: over(part, whole), f"{name}_low": low, f"{name}_high": high}


def measures(rows: list[Row]) -> dict[str, Any]:
    """Count."""
    invited, joined = customers(rows, "invited"), customers(rows, "joined")
    active = customers(rows, *ACTS)
    kinds = [row["kind"] for row in rows]
    return {
        "invited": invited,
        "joined": joined,
        "active_advocates": active,
        **{act: kinds.count(act) for act in ACTS},
        **portion("adoption_rate", joined, invited),
        **portion("activity_rate", active, joined),
    }
