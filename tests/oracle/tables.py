"""The published tables but for cohorts and lifetime value: each row a sum over its customers, then its rates."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .adoption import advocacy_adoption
from .cohorts import cohort_retention
from .costs import retention_cost
from .credits import advocates
from .customer_periods import CustomerPeriod, customer_periods
from .drivers import churn_drivers
from .engagement import engagement
from .events import Events
from .exact import over, rounded, wilson
from .feelings import feeling_tables
from .lifetime_value import clv
from .programme import loyalty_program
from .purchases import repeat_purchase
from .reasons import churn_reasons
from .referring import referrals
from .segments import Rows, table
from .signals import signal_lift
from .social import social_engagement
from .support import support_performance
from .surveys import survey_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from .company import Company


def all_tables(company: Company) -> dict[str, Rows]:
    """Return every table that the oracle knows."""
    rows = customer_periods(company)
    found = {
        "churn": table(company, rows, churn),
        "customer_retention": table(company, rows, customer_retention),
        "mrr_growth": table(company, rows, mrr_growth),
        "cohort_retention": cohort_retention(company, rows),
        "advocacy_revenue": table(company, rows, advocacy_revenue),
    }
    found["clv"] = clv(company, rows, found["churn"], found["mrr_growth"])
    return found | event_tables(Events(company, rows))


def event_tables(events: Events) -> dict[str, Rows]:
    """Return the tables of what customers say and do."""
    return (
        survey_tables(events)
        | feeling_tables(events)
        | {
            "referrals": referrals(events),
            "repeat_purchase": repeat_purchase(events),
            "retention_cost": retention_cost(events),
            "engagement": engagement(events),
            "social_engagement": social_engagement(events),
            "loyalty_program": loyalty_program(events),
            "advocacy_adoption": advocacy_adoption(events),
            "support_performance": support_performance(events),
            "churn_reasons": churn_reasons(events),
            "advocates": advocates(events),
            "churn_drivers": churn_drivers(events),
            "signal_lift": signal_lift(events),
        }
    )


def money(amounts: list[Decimal]) -> Decimal:
    """Add up exactly, then round to 2 places."""
    return rounded(sum(amounts, Decimal(0)), 2)


def moved(members: list[CustomerPeriod], movement: str) -> list[Decimal]:
    """Return the amounts of one movement."""
    return [row.amount for row in members if row.movement == movement]


def where(members: list[CustomerPeriod], holds: Callable[[CustomerPeriod], bool]) -> int:
    """Count customers."""
    return sum(1 for row in members if holds(row))


def churn(members: list[CustomerPeriod]) -> dict[str, Any]:
    """Churned customers over opening customers."""
    opening = where(members, lambda row: row.is_opening_active)
    churned = len(moved(members, "churned"))
    revalued = money([row.opening_revalued for row in members])
    lost, contracted, expanded = (
        money(moved(members, name)) for name in ("churned", "contracted", "expanded")
    )
    low, high = wilson(churned, opening)
    return {
        "opening_customers": opening,
        "churned_customers": churned,
        "revalued_opening_mrr": revalued,
        "churned_mrr": lost,
        "contracted_mrr": contracted,
        "expanded_mrr": expanded,
        "customer_churn_rate": over(churned, opening),
        "customer_churn_rate_low": low,
        "customer_churn_rate_high": high,
        "gross_mrr_churn_rate": over(lost + contracted, revalued),
        "net_mrr_churn_rate": over(lost + contracted - expanded, revalued),
    }


def customer_retention(members: list[CustomerPeriod]) -> dict[str, Any]:
    """Of the customers at the opening, the share still there at the closing."""
    opening = where(members, lambda row: row.is_opening_active)
    retained = where(members, lambda row: row.is_opening_active and row.is_closing_active)
    low, high = wilson(retained, opening)
    return {
        "opening_customers": opening,
        "closing_customers": where(members, lambda row: row.is_closing_active),
        "new_customers": len(moved(members, "new")),
        "reactivated_customers": len(moved(members, "reactivated")),
        "retained_customers": retained,
        "transient_customers": len(moved(members, "transient")),
        "crr": over(retained, opening),
        "crr_low": low,
        "crr_high": high,
    }


def mrr_growth(members: list[CustomerPeriod]) -> dict[str, Any]:
    """Opening + fx + new + reactivated + expanded - contracted - churned = closing."""
    names = ("new", "reactivated", "expanded", "contracted", "churned")
    measures: dict[str, Any] = {
        "opening_mrr": money([row.opening for row in members]),
        "fx_mrr": money([row.fx for row in members]),
        **{f"{name}_mrr": money(moved(members, name)) for name in names},
        "closing_mrr": money([row.closing for row in members]),
        "revalued_opening_mrr": money([row.opening_revalued for row in members]),
        "opening_customers": where(members, lambda row: row.is_opening_active),
        "fx_customers": where(members, lambda row: row.is_opening_active and row.fx != 0),
        **{f"{name}_customers": len(moved(members, name)) for name in names},
        "closing_customers": where(members, lambda row: row.is_closing_active),
        "trial_mrr": money([row.trial_mrr for row in members]),
        "paused_customers": where(members, lambda row: row.is_paused),
    }
    return measures | growth_rates(measures) | {"arr": money([12 * row.closing for row in members])}


def growth_rates(m: dict[str, Any]) -> dict[str, float | None]:
    """Return the rates of the published measures."""
    revalued = m["revalued_opening_mrr"]
    lost = m["contracted_mrr"] + m["churned_mrr"]
    gained = m["new_mrr"] + m["reactivated_mrr"] + m["expanded_mrr"]
    return {
        "mrr_growth_rate": over(m["closing_mrr"] - m["opening_mrr"], m["opening_mrr"]),
        "existing_mrr_growth_rate": over(m["expanded_mrr"] - lost, revalued),
        "nrr": over(revalued + m["expanded_mrr"] - lost, revalued),
        "grr": over(revalued - lost, revalued),
        "quick_ratio": over(gained, lost),
        "arpa": over(m["closing_mrr"], m["closing_customers"]),
    }


def advocacy_revenue(members: list[CustomerPeriod]) -> dict[str, Any]:
    """Revenue of referred customers inside their windows over all revenue."""
    total = money([row.revenue for row in members])
    advocated = money([row.advocacy_revenue for row in members])
    return {
        "total_revenue": total,
        "advocacy_revenue": advocated,
        "downstream_revenue": money([row.downstream_revenue for row in members]),
        "referred_customers": where(members, lambda row: row.is_referred_payer),
        "advocacy_revenue_share": over(advocated, total),
    }
