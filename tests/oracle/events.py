"""Events: what happened before the as-of, to which customer, in which period."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .customer_periods import CustomerPeriod, attributes
from .local_time import to_local
from .records import Row, current

if TYPE_CHECKING:
    from datetime import date, datetime

    from .company import Company
    from .periods import Period
    from .segments import Fact


class Events:
    """The event tables of a company, read once each, and the segments of anybody in them."""

    def __init__(self, company: Company, rows: list[CustomerPeriod]) -> None:
        self.company = company
        self.movements = {(row.customer_id, row.period): row for row in rows}
        self.segments_found = {key: row.attributes for key, row in self.movements.items()}
        self.read: dict[str, list[Row]] = {}

    def landed(self, *tables: str) -> bool:
        """Whether any row of any of the tables ever came, be it a deleted one."""
        return any(self.company.raw.get(table) for table in tables)

    def happened(self, table: str, key: str, at: str) -> list[Row]:
        """Return the rows of before the as-of; their customer is the root of its records."""
        if table not in self.read:
            self.read[table] = [
                row | {"customer_id": self.root(row.get("customer_id"))}
                for row in current(self.company.raw, table, key)
                if row[at] < self.company.as_of_at
            ]
        return self.read[table]

    def root(self, customer_id: str | None) -> str | None:
        """Follow merges; nobody stays nobody."""
        return None if customer_id is None else self.company.customers.root(customer_id)

    def known(self, at: datetime | None) -> datetime | None:
        """Return the instant, unless it is at or after the as-of: then it has not happened."""
        return at if at is not None and at < self.company.as_of_at else None

    def opening(self, period: Period) -> datetime:
        """Return the instant at which a period opens."""
        return self.company.at(period.start)

    def closing(self, period: Period) -> datetime:
        """Return the instant at which a period closes."""
        return self.company.at(period.closing)

    def is_in(self, period: Period, at: datetime | None) -> bool:
        """From the opening, which is in, to the closing, which is not."""
        return at is not None and self.opening(period) <= at < self.closing(period)

    def is_before_closing(self, period: Period, at: datetime | None) -> bool:
        """In the period or ever before."""
        return at is not None and at < self.closing(period)

    def day(self, at: datetime) -> date:
        """Return the local day of an instant."""
        return to_local(at, self.company.policy.zone).date()

    def segments(self, customer_id: str, period: Period) -> dict[str, str]:
        """Return the segment values of anybody in a period, also of people without a line or a payment."""
        key = customer_id, period
        if key not in self.segments_found:
            self.segments_found[key] = attributes(self.company, customer_id, period)
        return self.segments_found[key]

    def of_customers(self, period: Period, facts: list[tuple[str, object]]) -> list[Fact]:
        """Return facts of customers with the segment values of these."""
        return [(self.segments(customer_id, period), fact) for customer_id, fact in facts]

    @cached_property
    def closing_active(self) -> dict[Period, set[str]]:
        """Return who is active at the closing of each period."""
        found: dict[Period, set[str]] = {period: set() for period in self.company.periods}
        for (customer_id, period), row in self.movements.items():
            if row.is_closing_active:
                found[period].add(customer_id)
        return found
