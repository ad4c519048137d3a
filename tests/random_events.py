"""Made-up events of customers, with the coincidences that matter: at, just before and after boundaries, before the
first month of business, of people without an invoice, corrected into another month or to another customer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from tests.companies import Row
    from tests.random_companies import Maker

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
MANY = 11
HOW_MANY = (0, 1, 3, 2, 5, 6)
SCALES = ((0, 10), (1, 5), (1, 7), (1, 10), (0, 100))
SURVEYS = ("nps", "csat", "ces", "trust", "emotional")
LATER = (timedelta(0), MOMENT, 2 * DAY, 9 * DAY, 31 * DAY, 200 * DAY, -HOUR)
CURRENCIES = ("EUR", "EUR", "USD", "JPY")


def policy(dice: Any) -> dict[str, Any]:
    """Choose the settings that only tables of events read."""
    return {
        "min_responses": dice.one_of((5, 1, 2)),
        "cai_trust_weight": dice.one_of((1.0, 0.0, 2.5)),
        "cai_satisfaction_weight": dice.one_of((1.0, 0.0)),
        "cai_recommendation_weight": dice.one_of((1.0, 0.0, 0.25)),
        "support_target_hours": dice.one_of((Decimal(24), Decimal("0.5"), Decimal(48))),
    }


def happenings(maker: Maker, names: Sequence[str]) -> None:
    """Make up rows of every event table; a table may be missing."""
    for table, make in TABLES.items():
        if maker.chance(4):
            continue
        many = maker.dice.one_of(HOW_MANY) if len(names) < MANY else 3 * len(names)
        for number in range(many):
            row = make(maker, f"{table[:2]}{number:03}", names)
            if maker.chance(7):
                row |= corrected(maker, table, row, names)
            maker.add(table, row)


def corrected(maker: Maker, table: str, row: Row, names: Sequence[str]) -> Row:
    """Say the same thing of another time or customer before; return the instant at which that was set right."""
    at = HAPPENED[table]
    before = {at: row[at] + maker.dice.one_of((-40, 35)) * DAY}
    if maker.chance(2):
        before = {"customer_id": names[0]}
    updated_at = maker.instant(maker.month_start(0)) + len(maker.raw.get(table, ())) * HOUR
    first = {"updated_at": updated_at - 2 * DAY, "deleted_at": None}
    maker.raw.setdefault(table, []).append(row | first | before)
    return {"updated_at": updated_at}


def survey_response(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up a question; often at the instant of the one before it, or of the same customer too."""
    dice = maker.dice
    known = maker.raw.get("survey_responses")
    low, high = dice.one_of(SCALES)
    length = high - low
    steps = (0, length, length - 1, length // 3, length * 7 // 10, length * 9 // 10)
    row = {
        "response_id": identity,
        "customer_id": dice.one_of(people),
        "survey": dice.one_of(SURVEYS) if maker.chance(4) or not known else known[0]["survey"],
        "touchpoint": None,
        "scale_min": low,
        "scale_max": high,
        "score": None if maker.chance(5) else low + dice.one_of(steps),
        "language": dice.one_of(("en", None)),
        "sent_at": maker.moment(),
    }
    if known and maker.chance(3):
        row |= {name: known[-1][name] for name in dice.one_of((("sent_at",), ("customer_id", "sent_at")))}
    return row | {"responded_at": None if maker.chance(4) else row["sent_at"] + dice.one_of(LATER)}


def interaction(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up a contact."""
    dice = maker.dice
    return {
        "interaction_id": identity,
        "customer_id": dice.one_of(people),
        "channel": dice.one_of(("web", "app", "store")),
        "started_at": maker.moment(),
        "duration_seconds": dice.one_of((0, 61, 3600)),
        "actions": dice.one_of((0, 1, 7)),
    }


def support_ticket(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up a request, whose answer may be older than itself."""
    dice = maker.dice
    opened_at = maker.moment()
    durations = (timedelta(0), 24 * HOUR, 24 * HOUR + MOMENT, 48 * HOUR, 35 * DAY, -HOUR)
    return {
        "ticket_id": identity,
        "customer_id": dice.one_of(people),
        "topic": None,
        "opened_at": opened_at,
        "first_response_at": None if maker.chance(4) else opened_at + dice.one_of(durations),
        "resolved_at": None if maker.chance(4) else opened_at + dice.one_of(durations),
        "contacts": dice.one_of((1, 0, 2, 5)),
    }


def loyalty_event(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up a step in the programme; often one more at the instant of the one before it."""
    dice = maker.dice
    known = maker.raw.get("loyalty_events")
    again = known[-1] if known and maker.chance(3) else None
    return {
        "event_id": identity,
        "customer_id": again["customer_id"] if again else dice.one_of(people),
        "kind": dice.one_of(("enrol", "earn", "redeem", "leave", "expire", "enrol")),
        "points": dice.one_of((0, 100, 250, 7)),
        "occurred_at": again["occurred_at"] if again else maker.moment(),
    }


def advocacy_activity(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up an act."""
    dice = maker.dice
    kinds = ("invited", "joined", "shared", "reviewed", "testified", "referenced", "referred", "joined")
    return {
        "activity_id": identity,
        "customer_id": dice.one_of(people),
        "kind": dice.one_of(kinds),
        "occurred_at": maker.moment(),
    }


def retention_cost(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up a cost."""
    dice = maker.dice
    return {
        "cost_id": identity,
        "incurred_on": day(maker),
        "programme": "calls",
        "amount": dice.one_of((Decimal("19.99"), Decimal(-5), Decimal("0.0049"), Decimal(1000))),
        "currency": dice.one_of(CURRENCIES),
        "customer_segment": dice.one_of((None, "business", " ", "vip")),
        "customer_id": dice.one_of((*people, None)),
    }


def social_post(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up a post."""
    dice = maker.dice
    return {
        "post_id": identity,
        "platform": dice.one_of(("x", "forum")),
        "kind": dice.one_of(("post", "mention", "review")),
        "author_handle": None,
        "customer_id": dice.one_of((*people, None)),
        "posted_at": maker.moment(),
        "likes": dice.one_of((0, 3, 41)),
        "shares": dice.one_of((0, 2)),
        "comments": dice.one_of((0, 5)),
        "reach": dice.one_of((0, 17, 1000)),
        "sentiment": dice.one_of((None, 0.05, -0.05, 0.0499999, 1.0, -1.0, 0.123456789, -0.3)),
        "language": dice.one_of(("en", None, "de")),
        "text": None,
    }


def subscription(maker: Maker, identity: str, people: Sequence[str]) -> Row:
    """Make up an agreement and why it ended; often where what its customer was billed for ends."""
    dice = maker.dice
    name = dice.one_of(people)
    ended_at = dice.one_of((*ends(maker, name), maker.moment(), None))
    return {
        "subscription_id": identity,
        "customer_id": name,
        "plan_id": None,
        "status": "ended",
        "started_at": (ended_at or maker.moment()) - 60 * DAY,
        "trial_ends_at": None,
        "cancelled_at": None,
        "ended_at": ended_at,
        "cancel_reason": dice.one_of(("too dear", "moved", None, " ", "")),
    }


def ends(maker: Maker, name: str) -> list[datetime]:
    """Return where service ends, in the order of the rows."""
    billed = [row["invoice_id"] for row in maker.raw.get("invoices", ()) if row["customer_id"] == name]
    lines = [row for row in maker.raw.get("invoice_lines", ()) if row["invoice_id"] in billed]
    items = [row for row in maker.raw.get("subscription_items", ()) if row["customer_id"] == name]
    return [
        *(row["period_end"] for row in lines),
        *(row["ends_at"] for row in items if row["ends_at"] is not None),
    ]


def day(maker: Maker) -> date:
    """Return a day at, near or between the starts of months."""
    return maker.month_start(maker.dice.one_of(maker.span)).date() + maker.dice.one_of((0, -1, 1, 20)) * DAY


TABLES: dict[str, Callable[[Maker, str, Sequence[str]], Row]] = {
    "survey_responses": survey_response,
    "interactions": interaction,
    "support_tickets": support_ticket,
    "loyalty_events": loyalty_event,
    "advocacy_activities": advocacy_activity,
    "retention_costs": retention_cost,
    "social_posts": social_post,
    "subscriptions": subscription,
}
HAPPENED = {
    "survey_responses": "sent_at",
    "interactions": "started_at",
    "support_tickets": "opened_at",
    "loyalty_events": "occurred_at",
    "advocacy_activities": "occurred_at",
    "retention_costs": "incurred_on",
    "social_posts": "posted_at",
    "subscriptions": "started_at",
}
OUTDATED: dict[str, Row] = {
    "survey_responses": {"score": None, "survey": "csat"},
    "interactions": {"channel": "phone", "actions": 99},
    "support_tickets": {"resolved_at": None, "contacts": 9},
    "loyalty_events": {"kind": "earn", "points": 999},
    "advocacy_activities": {"kind": "shared"},
    "retention_costs": {"amount": Decimal(555), "currency": "USD"},
    "social_posts": {"likes": 1000, "sentiment": 0.9},
    "subscriptions": {"ended_at": None, "cancel_reason": "mistake"},
}
"""What a row of a table may have said before."""
