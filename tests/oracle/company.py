"""A company: everything known about it at the as-of, and its MRR at any boundary."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from .advocacy import advocates
from .currency import Rates
from .customers import UNKNOWN, Customers
from .exact import rounded
from .invoices import Invoices
from .lines import Line, cut_when_delinquent, from_invoices, from_items, with_renewal_grace
from .local_time import midnight, to_local
from .periods import Period, periods
from .revenue import revenue

if TYPE_CHECKING:
    from .policy import Policy
    from .records import Raw


class Company:
    """The raw tables, read under a policy."""

    def __init__(self, raw: Raw, policy: Policy) -> None:
        self.raw = raw
        self.policy = policy
        self.as_of_at = midnight(policy.as_of, policy.zone)
        self.customers = Customers(raw)
        self.rates = Rates(raw, policy.reporting_currency)
        self.invoices = Invoices(raw, self.as_of_at)
        self.revenue = revenue(raw, policy, self.invoices, self.customers, self.rates)
        self.advocates = advocates(raw, policy, self.customers, self.as_of_at)
        self.states = [line for line in self.read_lines(raw) if line.start < self.as_of_at]
        recurring = [line for line in self.states if line.state == "active"]
        if not self.is_shop:
            recurring = with_renewal_grace(recurring, timedelta(days=policy.renewal_grace_days))
        self.lines: dict[str, list[Line]] = defaultdict(list)
        for line in cut_when_delinquent(recurring):
            self.lines[line.customer_id].append(line)

    @property
    def is_shop(self) -> bool:
        """Whether activity means purchases, not subscriptions."""
        return self.policy.activity == "purchases"

    def read_lines(self, raw: Raw) -> list[Line]:
        """Read lines from where the policy says; by default from items when there are any."""
        if self.is_shop:
            return self.purchases()
        source = self.policy.mrr_source or (
            "subscription_items" if raw.get("subscription_items") else "invoice_lines"
        )
        if source == "subscription_items":
            return from_items(raw, self.policy, self.customers)
        return from_invoices(raw, self.policy, self.invoices, self.customers)

    def purchases(self) -> list[Line]:
        """Return each paid invoice as a line of no MRR that lasts the activity window."""
        window = timedelta(days=self.policy.activity_window_days)
        found = []
        for row in self.invoices.by_id.values():
            paid_at = self.invoices.paid_at(row)
            if paid_at is not None:
                end = paid_at + window
                root = self.customers.root(row["customer_id"])
                found.append(
                    Line(row["invoice_id"], root, None, None, row["currency"], paid_at, end, end, Decimal(0))
                )
        return found

    @cached_property
    def customer_ids(self) -> list[str]:
        """Whoever has a line, a trial, a pause, a payment or a refund."""
        return sorted(
            {line.customer_id for line in self.states} | {event.customer_id for event in self.revenue}
        )

    @cached_property
    def periods(self) -> list[Period]:
        """From the period of the first activity of anybody to the one that holds the day before the as-of."""
        instants = [line.start for line in self.states] + [event.at for event in self.revenue]
        if not instants:
            return []
        first_day = to_local(min(instants), self.policy.zone).date()
        return periods(first_day, self.policy.as_of - timedelta(days=1), self.policy)

    def at(self, boundary: date) -> datetime:
        """Return the instant of a boundary."""
        return midnight(boundary, self.policy.zone)

    def holding(self, customer_id: str, boundary: date) -> list[Line]:
        """Return the customer's recurring lines that hold at a boundary."""
        boundary_at = self.at(boundary)
        return [line for line in self.lines[customer_id] if line.holds_at(boundary_at)]

    def converted(self, lines: list[Line], rates_of: date) -> Decimal:
        """Sum by currency, convert at the rate of the day that ends at a boundary, round to 4, then sum."""
        by_currency: dict[str, Decimal] = defaultdict(Decimal)
        for line in lines:
            by_currency[line.currency] += line.mrr
        day = rates_of - timedelta(days=1)
        return sum(
            (
                rounded(Fraction(mrr) * Fraction(self.rates.on(name, day)), 4)
                for name, mrr in by_currency.items()
            ),
            Decimal("0.0000"),
        )

    def mrr(self, customer_id: str, boundary: date) -> Decimal:
        """Return MRR at a boundary; below the floor it is zero."""
        total = self.converted(self.holding(customer_id, boundary), boundary)
        return total if total >= self.policy.mrr_floor else Decimal("0.0000")

    def is_active(self, customer_id: str, boundary: date) -> bool:
        """MRR above zero; for a shop, a purchase in the window."""
        if self.is_shop:
            return bool(self.holding(customer_id, boundary))
        return self.mrr(customer_id, boundary) > 0

    def activity_starts(self, customer_id: str) -> list[datetime]:
        """Return the starts of the lines that make a customer active."""
        return sorted(
            line.start for line in self.lines[customer_id] if self.is_shop or line.counts_as_activity
        )

    def plan(self, customer_id: str, boundary: date) -> str:
        """Return the plan with the highest MRR at a boundary; ties by smallest id, no plan last."""
        by_plan: dict[str | None, list[Line]] = defaultdict(list)
        for line in self.holding(customer_id, boundary):
            by_plan[line.plan_id].append(line)
        ranked = sorted(
            by_plan, key=lambda plan: (-self.converted(by_plan[plan], boundary), plan is None, plan or "")
        )
        return (ranked[0] if ranked else None) or UNKNOWN
