"""The loyalty programme: members, and points that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .exact import over, share
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from datetime import datetime

    from .events import Events
    from .periods import Period
    from .records import Row

EARNED = ("enrol", "earn")
EXPIRED = ("expire", "leave")


@dataclass(frozen=True)
class Standing:
    """Where one customer stands in a period."""

    is_member: bool
    is_active: bool
    opened: int
    inside: list[Row]


def loyalty_program(events: Events) -> Rows:
    """Return the table."""
    if not events.landed("loyalty_events"):
        return []

    def of(period: Period) -> list[Fact]:
        names = {row["customer_id"] for row in history(events)} | events.closing_active[period]
        return events.of_customers(period, [(who, standing(events, who, period)) for who in sorted(names)])

    return cut(events.company, of, lambda _, found: measures(found))


def history(events: Events) -> list[Row]:
    """Return all that ever happened in the programme, in its order."""
    rows = events.happened("loyalty_events", "event_id", "occurred_at")
    return sorted(rows, key=lambda row: (row["occurred_at"], row["event_id"]))


def is_member(events: Events, who: str, at: datetime) -> bool:
    """Whether the last enrolment or leaving before an instant was an enrolment."""
    steps = [
        row["kind"]
        for row in history(events)
        if row["customer_id"] == who and row["occurred_at"] < at and row["kind"] in ("enrol", "leave")
    ]
    return steps[-1:] == ["enrol"]


def moved(rows: list[Row], *kinds: str) -> int:
    """Add up the points of some kinds of events."""
    return sum(row["points"] for row in rows if row["kind"] in kinds)


def balance(rows: list[Row]) -> int:
    """What was earned less what was redeemed or has expired; it may be negative."""
    return moved(rows, *EARNED) - moved(rows, "redeem", *EXPIRED)


def standing(events: Events, who: str, period: Period) -> Standing:
    """Look at one customer."""
    mine = [row for row in history(events) if row["customer_id"] == who]
    return Standing(
        is_member=is_member(events, who, events.closing(period)),
        is_active=who in events.closing_active[period],
        opened=balance([row for row in mine if row["occurred_at"] < events.opening(period)]),
        inside=[row for row in mine if events.is_in(period, row["occurred_at"])],
    )


def measures(found: list[Standing]) -> dict[str, Any]:
    """Count members and points."""
    inside = [row for one in found for row in one.inside]
    members = [one for one in found if one.is_member]
    engaged = sum(1 for one in members if any(row["kind"] in ("earn", "redeem") for row in one.inside))
    participants = sum(1 for one in members if one.is_active)
    active = sum(1 for one in found if one.is_active)
    opened = sum(one.opened for one in found)
    earned, redeemed = moved(inside, *EARNED), moved(inside, "redeem")
    return {
        "members": len(members),
        "participants": participants,
        "active_customers": active,
        "engaged_members": engaged,
        "opened_points": opened,
        "earned_points": earned,
        "redeemed_points": redeemed,
        "expired_points": moved(inside, *EXPIRED),
        "closed_points": opened + balance(inside),
        **share("participation_rate", participants, active),
        "redemption_rate": over(redeemed, earned),
        **share("engaged_rate", engaged, len(members)),
    }
