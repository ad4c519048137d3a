"""Purchases: who bought, who bought again, and how soon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .exact import middle, over, share
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from datetime import datetime

    from .events import Events
    from .periods import Period


@dataclass(frozen=True)
class Purchase:
    """One paid invoice; days since the customer's one before it, nothing for the first."""

    customer_id: str
    at: datetime
    days_since: int | None


def purchases(events: Events) -> list[Purchase]:
    """Return paid invoices with a positive total, in the order of payment, ties by invoice."""
    company = events.company
    paid = []
    for invoice_id, row in company.invoices.by_id.items():
        paid_at = company.invoices.paid_at(row)
        if paid_at is not None and (row.get("total") or 0) > 0:
            paid.append((paid_at, invoice_id, company.customers.root(row["customer_id"])))
    found = []
    previous: dict[str, datetime] = {}
    for at, _, who in sorted(paid):
        days = (events.day(at) - events.day(previous[who])).days if who in previous else None
        found.append(Purchase(who, at, days))
        previous[who] = at
    return found


def repeat_purchase(events: Events) -> Rows:
    """Return the table."""
    found = purchases(events)
    firsts: dict[str, datetime] = {}
    for purchase in found:
        firsts.setdefault(purchase.customer_id, purchase.at)

    def of(period: Period) -> list[Fact]:
        inside = [purchase for purchase in found if events.is_in(period, purchase.at)]
        return events.of_customers(period, [(purchase.customer_id, purchase) for purchase in inside])

    def measure(period: Period, inside: list[Purchase]) -> dict[str, Any]:
        before = {who for who, at in firsts.items() if at < events.opening(period)}
        return measures(inside, before)

    return cut(events.company, of, measure)


def measures(inside: list[Purchase], bought_before: set[str]) -> dict[str, Any]:
    """Count purchasers; twice in the period is repeating, once before it is returning."""
    names = [purchase.customer_id for purchase in inside]
    purchasers = set(names)
    repeating = sum(1 for who in purchasers if names.count(who) > 1)
    returning = len(purchasers & bought_before)
    gaps = [purchase.days_since for purchase in inside if purchase.days_since is not None]
    return {
        "purchasers": len(purchasers),
        "repeat_purchasers": repeating,
        "returning_purchasers": returning,
        "purchases": len(names),
        "median_days_between": middle(gaps),
        **share("repeat_purchase_rate", repeating, len(purchasers)),
        **share("returning_purchaser_rate", returning, len(purchasers)),
        "purchases_per_purchaser": over(len(names), len(purchasers)),
    }
