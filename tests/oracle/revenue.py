"""Revenue: lines of paid invoices at their payment, less refunds, each at its own day's rate."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from .exact import rounded
from .local_time import to_local
from .records import Raw, current

if TYPE_CHECKING:
    from datetime import datetime

    from .currency import Rates
    from .customers import Customers
    from .invoices import Invoices
    from .policy import Policy


@dataclass(frozen=True)
class Revenue:
    """What one customer paid (or got back) at one instant, in the reporting currency."""

    customer_id: str
    at: datetime
    amount: Decimal


def revenue(
    raw: Raw, policy: Policy, invoices: Invoices, customers: Customers, rates: Rates
) -> list[Revenue]:
    """Sum by customer, currency and instant, convert, round to 4 places. Paid without lines is a payment of nothing."""
    sums: dict[tuple[str, str, datetime], Decimal] = defaultdict(Decimal)
    for invoice in invoices.by_id.values():
        paid_at = invoices.paid_at(invoice)
        if paid_at:
            sums[customers.root(invoice["customer_id"]), invoice["currency"], paid_at] += 0
    for line in current(raw, "invoice_lines", "line_id"):
        billed = invoices.by_id.get(line["invoice_id"])
        paid_at = invoices.paid_at(billed) if billed else None
        if billed and paid_at:
            sums[customers.root(billed["customer_id"]), billed["currency"], paid_at] += line["amount"]
    for refund in current(raw, "refunds", "refund_id"):
        billed = invoices.by_id.get(refund["invoice_id"])
        if billed and refund["refunded_at"] < invoices.as_of_at:
            root = customers.root(billed["customer_id"])
            sums[root, refund["currency"], refund["refunded_at"]] -= refund["amount"]
    events = []
    for (customer_id, currency, at), amount in sums.items():
        rate = rates.on(currency, to_local(at, policy.zone).date())
        converted = rounded(Fraction(amount) * Fraction(rate), 4)
        events.append(Revenue(customer_id, at, converted))
    return sorted(events, key=lambda event: (event.at, event.customer_id, event.amount))
