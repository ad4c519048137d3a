"""Engagement: visits, calls and other contacts of customers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .exact import over
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from .events import Events
    from .periods import Period
    from .records import Row


def engagement(events: Events) -> Rows:
    """Return the table; it is cut by channel too."""
    if not events.landed("interactions"):
        return []
    rows = events.happened("interactions", "interaction_id", "started_at")

    def of(period: Period) -> list[Fact]:
        return [
            (events.segments(row["customer_id"], period) | {"channel": row["channel"]}, row)
            for row in rows
            if events.is_in(period, row["started_at"])
        ]

    return cut(events.company, of, lambda period, inside: measures(events, period, inside))


def measures(events: Events, period: Period, inside: list[Row]) -> dict[str, Any]:
    """Count customers, the local days on which they came, and what they did."""
    customers = len({row["customer_id"] for row in inside})
    customer_days = len({(row["customer_id"], events.day(row["started_at"])) for row in inside})
    seconds = sum(row["duration_seconds"] for row in inside)
    actions = sum(row["actions"] for row in inside)
    days = (period.closing - period.start).days
    return {
        "active_customers": customers,
        "customer_days": customer_days,
        "interactions": len(inside),
        "seconds": seconds,
        "actions": actions,
        "minutes": float(Fraction(seconds, 60)),
        "days": days,
        "stickiness": over(customer_days, days * customers),
        "interactions_per_customer": over(len(inside), customers),
        "minutes_per_customer": over(seconds, 60 * customers),
        "actions_per_customer": over(actions, customers),
    }
