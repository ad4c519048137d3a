"""Cohorts: customers by the month in which they were first active, followed month by month."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .exact import over, rounded, wilson
from .local_time import to_local
from .segments import Rows, Segment, in_order, keyed

if TYPE_CHECKING:
    from datetime import date

    from .company import Company
    from .customer_periods import CustomerPeriod
    from .periods import Period


def cohort_retention(company: Company, rows: list[CustomerPeriod]) -> Rows:
    """Return every cohort, segment value and month from the cohort's own to the as-of."""
    months = {(row.customer_id, row.period.start): row for row in rows if row.period.name == "month"}
    found = []
    for (cohort, segment), members in cohorts(company, months).items():
        for period in company.periods:
            if period.name == "month" and period.start >= cohort:
                measures = cell(company, months, members, (cohort, period))
                found.append(keyed(period, segment) | {"cohort": cohort} | measures)
    return in_order(found)


def cohorts(
    company: Company, months: dict[tuple[str, date], CustomerPeriod]
) -> dict[tuple[date, Segment], list[str]]:
    """Return who belongs to a cohort; segments are those at the closing of the cohort's own month, for good."""
    found: dict[tuple[date, Segment], list[str]] = defaultdict(list)
    for (who, month), row in months.items():
        if row.first_active_at is None:
            continue
        if to_local(row.first_active_at, company.policy.zone).date().replace(day=1) == month:
            for segment in row.attributes.items():
                found[month, segment].append(who)
    return found


def cell(
    company: Company,
    months: dict[tuple[str, date], CustomerPeriod],
    members: list[str],
    where: tuple[date, Period],
) -> dict[str, Any]:
    """Return one cohort in one month."""
    cohort, period = where
    first = [months[who, cohort] for who in members]
    now = [months[who, period.start] for who in members]
    opens_at, closes_at = company.at(cohort), company.at(period.closing)
    paid = [
        event.amount
        for event in company.revenue
        if event.customer_id in members and opens_at <= event.at < closes_at
    ]
    customers, active = len(members), sum(1 for row in now if row.is_closing_active)
    cohort_mrr, active_mrr, revenue = (
        rounded(sum(amounts, Decimal(0)), 2)
        for amounts in ([row.closing for row in first], [row.closing for row in now], paid)
    )
    low, high = wilson(active, customers)
    return {
        "months_since": (period.start.year - cohort.year) * 12 + period.start.month - cohort.month,
        "cohort_customers": customers,
        "cohort_mrr": cohort_mrr,
        "active_customers": active,
        "active_mrr": active_mrr,
        "cumulative_revenue": revenue,
        "customer_retention_rate": over(active, customers),
        "customer_retention_rate_low": low,
        "customer_retention_rate_high": high,
        "mrr_retention_rate": over(active_mrr, cohort_mrr),
        "revenue_per_customer": over(revenue, customers),
    }
