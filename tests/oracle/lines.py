"""Recurring lines: customer, subscription, plan, currency, start, end, MRR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .local_time import FOREVER
from .mrr import by_interval, of_invoice_line
from .records import Raw, Row, current

if TYPE_CHECKING:
    from decimal import Decimal

    from .customers import Customers
    from .invoices import Invoices
    from .policy import Policy


@dataclass(frozen=True)
class Line:
    """`end` is the line's own until renewal grace and then delinquency have had their say; `is_cut`: delinquency had."""

    line_id: str
    customer_id: str
    subscription_id: str | None
    plan_id: str | None
    currency: str
    start: datetime
    end: datetime
    cut: datetime
    mrr: Decimal
    state: str = "active"
    is_cut: bool = False

    def holds_at(self, boundary_at: datetime) -> bool:
        """At a boundary means just before it."""
        return self.start < boundary_at <= self.end

    @property
    def counts_as_activity(self) -> bool:
        """A positive MRR that ends after it starts."""
        return self.mrr > 0 and self.end > self.start


def from_invoices(raw: Raw, policy: Policy, invoices: Invoices, customers: Customers) -> list[Line]:
    """Return the recurring lines of invoices that count, each with its own period."""
    lines = []
    for row in current(raw, "invoice_lines", "line_id"):
        invoice = invoices.by_id.get(row["invoice_id"])
        if row["kind"] != "recurring" or invoice is None or not invoices.makes_mrr(invoice):
            continue
        bounds = row["period_start"], row["period_end"]
        lines.append(
            Line(
                line_id=row["line_id"],
                customer_id=customers.root(invoice["customer_id"]),
                subscription_id=row.get("subscription_id"),
                plan_id=row.get("plan_id"),
                currency=invoice["currency"],
                start=row["period_start"],
                end=row["period_end"],
                cut=invoices.delinquent_at(invoice, policy.delinquency_days) or FOREVER,
                mrr=of_invoice_line(row, row["amount"], bounds, policy.zone),
            )
        )
    return lines


def from_items(raw: Raw, policy: Policy, customers: Customers) -> list[Line]:
    """Return the states of subscription items; trialing and paused ones are told apart by `state`."""
    rows = current(raw, "subscription_items", "item_id")
    return [
        item_line(row, policy, customers)
        for row in rows
        if row["starts_at"] < (row.get("ends_at") or FOREVER)
    ]


def item_line(row: Row, policy: Policy, customers: Customers) -> Line:
    """Only a past due state has a cut: it lasts `delinquency_days` at most."""
    limit = row["starts_at"] + timedelta(days=policy.delinquency_days)
    return Line(
        line_id=row["item_id"],
        customer_id=customers.root(row["customer_id"]),
        subscription_id=row["subscription_id"],
        plan_id=row.get("plan_id"),
        currency=row["currency"],
        start=row["starts_at"],
        end=row.get("ends_at") or FOREVER,
        cut=limit if row["status"] == "past_due" else FOREVER,
        mrr=by_interval(row["amount"], row["interval"], row.get("interval_count")),
        state=row["status"] if row["status"] in ("trialing", "paused") else "active",
    )


def with_renewal_grace(lines: list[Line], grace: timedelta) -> list[Line]:
    """Extend the lines that end a stretch of a customer's subscription to the start of the next, when that is near."""
    by_subscription: dict[tuple[str, str | None], list[Line]] = {}
    for line in lines:
        if line.subscription_id is not None:
            by_subscription.setdefault((line.customer_id, line.subscription_id), []).append(line)
    extended_to = {name: gaps(members, grace) for name, members in by_subscription.items()}
    return [
        replace(
            line, end=extended_to.get((line.customer_id, line.subscription_id), {}).get(line.end, line.end)
        )
        if line.subscription_id is not None
        else line
        for line in lines
    ]


def gaps(lines: list[Line], grace: timedelta) -> dict[datetime, datetime]:
    """Return where a stretch ends -> where the next starts, for gaps no longer than the grace."""
    bridged = {}
    stretch_end: datetime | None = None
    for line in sorted(lines, key=lambda line: line.start):
        if stretch_end is not None and line.start > stretch_end and line.start - stretch_end <= grace:
            bridged[stretch_end] = line.start
        stretch_end = line.end if stretch_end is None else max(stretch_end, line.end)
    return bridged


def cut_when_delinquent(lines: list[Line]) -> list[Line]:
    """Delinquency cuts after the extension."""
    return [replace(line, end=min(line.end, line.cut), is_cut=line.cut < line.end) for line in lines]
