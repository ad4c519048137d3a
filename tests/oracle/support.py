"""Support: how soon customers had an answer and a solution."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .exact import middle, share
from .local_time import elapsed
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from .events import Events
    from .periods import Period
    from .records import Row

HOUR = 3_600_000_000
STEPS = {"opened": "opened_at", "answered": "first_response_at", "resolved": "resolved_at"}


def tickets(events: Events) -> list[Row]:
    """Return tickets; an answer or a solution at or after the as-of has not happened."""
    return [
        row | {at: events.known(row.get(at)) for at in ("first_response_at", "resolved_at")}
        for row in events.happened("support_tickets", "ticket_id", "opened_at")
    ]


def support_performance(events: Events) -> Rows:
    """Return the table; each step of a ticket counts in its own period."""
    if not events.landed("support_tickets"):
        return []
    target = events.company.policy.support_target_hours

    def of(period: Period) -> list[Fact]:
        found: list[tuple[str, object]] = [
            (row["customer_id"], (step, row))
            for row in tickets(events)
            for step, at in STEPS.items()
            if events.is_in(period, row[at])
        ]
        return events.of_customers(period, found)

    return cut(events.company, of, lambda _, found: measures(found, target))


def hours(since: datetime, until: datetime) -> Fraction:
    """Return the hours between two instants; none where the second came first."""
    return max(elapsed(since, until), Fraction(0)) / HOUR


def measures(found: list[tuple[str, Row]], target_hours: Decimal) -> dict[str, Any]:
    """Count the steps of the period."""
    opened, answered, resolved = ([row for name, row in found if name == step] for step in STEPS)
    one_contact = sum(1 for row in resolved if row["contacts"] <= 1)
    to_resolve = [hours(row["opened_at"], row["resolved_at"]) for row in resolved]
    in_target = sum(1 for duration in to_resolve if duration <= Fraction(target_hours))
    return {
        "opened": len(opened),
        "answered": len(answered),
        "resolved": len(resolved),
        "one_contact": one_contact,
        "resolved_in_target": in_target,
        "median_first_response_hours": middle(
            [hours(row["opened_at"], row["first_response_at"]) for row in answered]
        ),
        "median_resolution_hours": middle(to_resolve),
        **share("first_contact_resolution_rate", one_contact, len(resolved)),
        **share("resolved_in_target_rate", in_target, len(resolved)),
    }
