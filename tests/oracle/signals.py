"""Signals: what was known of customers at the opening, and how often those who show it churned."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .customers import UNKNOWN
from .exact import share
from .periods import Period, shifted
from .programme import is_member
from .segments import Rows, in_order, keyed
from .surveys import Answer, answers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .customer_periods import CustomerPeriod
    from .events import Events

ANSWER_MONTHS = 12
EVENT_MONTHS = 3
QUARTILES = {1: "1 lowest", 2: "2", 3: "3", 4: "4 highest"}


def signal_lift(events: Events) -> Rows:
    """Return every signal's values in every period; everybody has a row even where nobody was there."""
    found = []
    for period in events.company.periods:
        rows = [row for (_, of), row in events.movements.items() if of == period and row.is_opening_active]
        signals = known_at_the_opening(events, period, [row.customer_id for row in rows])
        cells: dict[tuple[str, str], list[CustomerPeriod]] = {("all", "all"): rows}
        for row in rows:
            for segment in signals[row.customer_id].items():
                cells.setdefault(segment, []).append(row)
        overall = rate(rows)
        for segment, members in cells.items():
            found.append(keyed(period, segment) | measures(members, overall))
    return in_order(found)


def rate(members: list[CustomerPeriod]) -> Fraction | None:
    """Churned of those there at the opening."""
    churned = sum(1 for row in members if row.movement == "churned")
    return Fraction(churned, len(members)) if members else None


def measures(members: list[CustomerPeriod], overall: Fraction | None) -> dict[str, Any]:
    """Compare the churn of some with that of all."""
    churned = sum(1 for row in members if row.movement == "churned")
    own = rate(members)
    return {
        "customers": len(members),
        "churned_customers": churned,
        **share("churn_rate", churned, len(members)),
        "lift": float(own / overall) if overall and own is not None else None,
    }


def known_at_the_opening(events: Events, period: Period, names: list[str]) -> dict[str, dict[str, str]]:
    """Return the value of every signal of every customer."""
    at = events.opening(period)
    group = {who: answer.nps_group for who, answer in answered(events, "nps", period).items()}
    content = {
        who: "satisfied" if answer.is_satisfied else "not satisfied"
        for who, answer in answered(events, "csat", period).items()
    }
    opened = recent(events, events.happened("support_tickets", "ticket_id", "opened_at"), "opened_at", period)
    contacts = recent(
        events, events.happened("interactions", "interaction_id", "started_at"), "started_at", period
    )
    contacts = Counter({who: contacts[who] for who in names if contacts[who]})
    return {
        who: {
            "nps_group": group.get(who, UNKNOWN),
            "csat": content.get(who, UNKNOWN),
            "tickets": str(opened[who]) if opened[who] < 2 else "2+",
            "engagement": QUARTILES[quartile(contacts[who], contacts.values())] if contacts[who] else "none",
            "loyalty": "member" if is_member(events, who, at) else "not a member",
            "referred": "referred" if is_referred(events, who, at) else "not referred",
        }
        for who in names
    }


def answered(events: Events, survey: str, period: Period) -> dict[str, Answer]:
    """Return each customer's latest answer of the twelve months before the period."""
    since = events.company.at(shifted(period.start, -ANSWER_MONTHS))
    given = [answer for answer in answers(events, survey) if since <= answer.at < events.opening(period)]
    return {answer.customer_id: answer for answer in given}


def recent(events: Events, rows: list[dict[str, Any]], at: str, period: Period) -> Counter[str]:
    """Count each customer's events of the three months before the period."""
    since = events.company.at(shifted(period.start, -EVENT_MONTHS))
    return Counter(row["customer_id"] for row in rows if since <= row[at] < events.opening(period))


def quartile(mine: int, of_all: Iterable[int]) -> int:
    """Return the quarter that the middle of those with as many events lies in."""
    everybody = list(of_all)
    below = sum(1 for other in everybody if other < mine) + Fraction(everybody.count(mine), 2)
    return max(1, math.ceil(4 * below / len(everybody)))


def is_referred(events: Events, who: str, at: datetime) -> bool:
    """Whether the customer had come of a referral that counts."""
    advocacy = events.company.advocates.get(who)
    return advocacy is not None and advocacy.converted_at < at
