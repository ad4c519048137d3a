"""Small companies, one row at a time, as one would draw them on a whiteboard. Days are in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from tests.oracle import Policy, movements, published

Raw = dict[str, list[dict[str, Any]]]
COUNTER = count()
EVENTS = {
    "survey_responses": ("response_id", "sent_at"),
    "interactions": ("interaction_id", "started_at"),
    "support_tickets": ("ticket_id", "opened_at"),
    "loyalty_events": ("event_id", "occurred_at"),
    "advocacy_activities": ("activity_id", "occurred_at"),
    "social_posts": ("post_id", "posted_at"),
    "subscriptions": ("subscription_id", "ended_at"),
    "referrals": ("referral_id", "sent_at"),
}
"""The key of each table of events, and when they happen."""


def at(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def customer(name: str = "ada", since: str = "2023-01-01", **columns: Any) -> Raw:
    """Draw one version of a customer record."""
    row = {
        "customer_id": name,
        "created_at": at(since),
        "merged_into_customer_id": None,
        "updated_at": at(since),
        "deleted_at": None,
    }
    return {"customers": [row | columns]}


def paid(
    name: str,
    amount: str,
    start: str,
    end: str,
    invoice: dict[str, Any] | None = None,
    **line: Any,
) -> Raw:
    """Draw an invoice, paid when issued, at the start of its one monthly line."""
    issued = at(start)
    identity = f"{name} {start} {line.get('subscription_id', '')} {amount}"
    head = {
        "invoice_id": identity,
        "customer_id": name,
        "status": "paid",
        "issued_at": issued,
        "due_at": None,
        "paid_at": issued,
        "currency": "EUR",
        "updated_at": issued,
    }
    row = {
        "line_id": identity,
        "invoice_id": identity,
        "subscription_id": f"subscription of {name}",
        "plan_id": "plan",
        "kind": "recurring",
        "amount": Decimal(amount),
        "period_start": issued,
        "period_end": at(end),
        "interval": "month",
        "interval_count": 1,
        "proration": False,
        "updated_at": issued,
    }
    return {"invoices": [head | (invoice or {})], "invoice_lines": [row | line]}


def item(name: str, amount: str, start: str, end: str | None, status: str = "active") -> Raw:
    """Draw a state of a monthly subscription."""
    row = {
        "item_id": f"{name} {start}",
        "subscription_id": f"subscription of {name}",
        "customer_id": name,
        "plan_id": "plan",
        "status": status,
        "amount": Decimal(amount),
        "currency": "EUR",
        "interval": "month",
        "interval_count": 1,
        "starts_at": at(start),
        "ends_at": end and at(end),
        "updated_at": at(start),
    }
    return {"subscription_items": [row]}


def rate(day: str, currency: str, units: float) -> Raw:
    """Draw an exchange rate."""
    row = {"rate_date": date.fromisoformat(day), "currency": currency, "rate": units, "updated_at": at(day)}
    return {"fx_rates": [row]}


def referral(name: str, advocate: str, referred: str, converted: str) -> Raw:
    """Draw a converted referral."""
    converted_at = at(converted)
    row = {
        "referral_id": name,
        "advocate_customer_id": advocate,
        "referred_customer_id": referred,
        "sent_at": converted_at - timedelta(days=1),
        "converted_at": converted_at,
        "updated_at": converted_at,
    }
    return {"referrals": [row]}


def event(table: str, name: str, day: str, **columns: Any) -> Raw:
    """Draw an event of a customer; its key counts up over everything drawn."""
    key, instant = EVENTS[table]
    row = {key: f"{next(COUNTER):05}", "customer_id": name, instant: at(day), "updated_at": at(day)}
    return {table: [row | columns]}


def asked(name: str, score: int | None, day: str, survey: str = "nps", **columns: Any) -> Raw:
    """Draw a question on a scale from 0 to 10, answered at once."""
    scale = {"scale_min": 0, "scale_max": 10, "responded_at": at(day) if score is not None else None}
    return event("survey_responses", name, day, **{"survey": survey, "score": score} | scale | columns)


def drawn(*parts: Raw) -> Raw:
    """Put the drawings together."""
    raw: Raw = {}
    for part in parts:
        for table, rows in part.items():
            raw.setdefault(table, []).extend(rows)
    return raw


def policy(as_of: str = "2025-01-01", **settings: Any) -> Policy:
    """Return the default settings at a day."""
    return Policy(as_of=date.fromisoformat(as_of), **settings)


def month_of(raw: Raw, month: str, name: str = "ada", **settings: Any) -> dict[str, Any]:
    """Return one customer's movement in one month; nothing where there was none."""
    found = [
        row
        for row in movements(raw, policy(**settings))
        if row["period"] == "month"
        and row["customer_id"] == name
        and row["period_start"].isoformat()[:7] == month
    ]
    return found[0] if found else {"movement": "none", "closing": Decimal(0), "opening": Decimal(0)}


def closing(raw: Raw, month: str, name: str = "ada", **settings: Any) -> Decimal:
    """Return one customer's MRR at the close of a month."""
    mrr: Decimal = month_of(raw, month, name, **settings)["closing"]
    return mrr


def found(raw: Raw, table: str, settings: Policy | None = None, **key: Any) -> list[dict[str, Any]]:
    """Return the rows of a table whose cells are these."""
    return [row for row in published(raw, settings or policy())[table] if key.items() <= row.items()]


def month(
    raw: Raw, table: str, start: str = "2024-01", settings: Policy | None = None, **key: Any
) -> dict[str, Any]:
    """Return the one row of a month, by default of everybody."""
    place = {"period": "month", "period_start": date.fromisoformat(f"{start}-01")}
    everybody = {"segment_by": "all"} if table != "advocates" else {}
    rows = found(raw, table, settings, **place | everybody | key)
    assert len(rows) == 1
    return rows[0]
