"""Published rates against the measures beside them: told as sentences where they are another, none where they are the same."""

from __future__ import annotations

from fractions import Fraction
from math import isclose
from typing import TYPE_CHECKING, Any

from loyalty_pipeline.months.segment_periods import SEGMENT

if TYPE_CHECKING:
    from tests.companies import Row, Tables


def intervals_beside_their_value(published: Tables) -> list[str]:
    """Look for a value that its own interval does not hold, or an interval without a value."""
    found = []
    for name, rows in published.items():
        names = list(rows[0]) if rows else []
        rated = [column for column in names if {f"{column}_low", f"{column}_high"} <= set(names)]
        for row in rows:
            for column in rated:
                value, low, high = (row[f"{column}{end}"] for end in ("", "_low", "_high"))
                known = [end for end in (low, high) if end is not None]
                if (
                    len(known) == 1
                    or (known and value is None)
                    or (known and not low - 1e-9 <= value <= high + 1e-9)
                ):
                    found.append(
                        f"{name} {[row[key] for key in SEGMENT]}: {column} {value} in {low} .. {high}"
                    )
    return found  # fmt: skip


def quotients_that_are_none(published: Tables) -> list[str]:
    """Compare every rate with the measures beside it; null exactly where there is nothing to divide by."""
    return [
        f"{name} {[row[key] for key in SEGMENT]}: {rate} is {row[rate]}"
        for name, rates in QUOTIENTS.items()
        for rate, (parts, whole) in rates.items()
        for row in published[name]
        if not _is_quotient(row[rate], [_signed(row, part) for part in parts.split()], row[whole])
    ]


def _signed(row: Row, part: str) -> Fraction | None:
    cell = row[part.removeprefix("-")]
    return None if cell is None else Fraction(cell) * (-1 if part.startswith("-") else 1)


def _is_quotient(rate: float | None, parts: list[Fraction | None], whole: Any) -> bool:
    known = [part for part in parts if part is not None]
    if not whole or len(known) < len(parts):
        return rate is None
    return rate is not None and isclose(rate, sum(known) / Fraction(whole), rel_tol=1e-12, abs_tol=1e-12)


KEPT = "revalued_opening_mrr -contracted_mrr -churned_mrr"
QUOTIENTS = {
    "churn": {
        "customer_churn_rate": ("churned_customers", "opening_customers"),
        "gross_mrr_churn_rate": ("churned_mrr contracted_mrr", "revalued_opening_mrr"),
        "net_mrr_churn_rate": ("churned_mrr contracted_mrr -expanded_mrr", "revalued_opening_mrr"),
    },
    "customer_retention": {"crr": ("retained_customers", "opening_customers")},
    "mrr_growth": {
        "mrr_growth_rate": ("closing_mrr -opening_mrr", "opening_mrr"),
        "nrr": (f"{KEPT} expanded_mrr", "revalued_opening_mrr"),
        "grr": (KEPT, "revalued_opening_mrr"),
        "arpa": ("closing_mrr", "closing_customers"),
    },
    "cohort_retention": {
        "customer_retention_rate": ("active_customers", "cohort_customers"),
        "mrr_retention_rate": ("active_mrr", "cohort_mrr"),
        "revenue_per_customer": ("cumulative_revenue", "cohort_customers"),
    },
    "churn_reasons": {
        "churned_customers_share": ("churned_customers", "all_churned_customers"),
        "churned_mrr_share": ("churned_mrr", "all_churned_mrr"),
    },
    "signal_lift": {"churn_rate": ("churned_customers", "customers")},
    "repeat_purchase": {
        "repeat_purchase_rate": ("repeat_purchasers", "purchasers"),
        "returning_purchaser_rate": ("returning_purchasers", "purchasers"),
        "purchases_per_purchaser": ("purchases", "purchasers"),
    },
    "retention_cost": {
        "cost_per_customer": ("cost", "average_customers"),
        "cost_per_retained_mrr": ("cost", "retained_mrr"),
    },
    "advocacy_revenue": {"advocacy_revenue_share": ("advocacy_revenue", "total_revenue")},
    "referrals": {
        "referral_conversion_rate": ("converted", "sent"),
        "advocacy_conversion_rate": ("converting_advocates", "sending_advocates"),
    },
    "advocacy_adoption": {
        "adoption_rate": ("joined", "invited"),
        "activity_rate": ("active_advocates", "joined"),
    },
    "loyalty_program": {
        "participation_rate": ("participants", "active_customers"),
        "redemption_rate": ("redeemed_points", "earned_points"),
        "engaged_rate": ("engaged_members", "members"),
    },
    "nps": {"response_rate": ("answered", "invited")},
    "csat": {
        "csat": ("satisfied", "responses"),
        "mean_score": ("score_total", "responses"),
        "response_rate": ("answered", "invited"),
    },
    "ces": {
        "ces": ("effort_total", "responses"),
        "low_effort_share": ("low_effort", "responses"),
        "response_rate": ("answered", "invited"),
    },
    "emotional_loyalty": {"eli": ("score_total", "responses")},
    "advocacy_index": {
        component: (f"{component}_total", f"{component}_responses")
        for component in ("trust", "satisfaction", "recommendation")
    },
    "engagement": {
        "interactions_per_customer": ("interactions", "active_customers"),
        "minutes_per_customer": ("minutes", "active_customers"),
        "actions_per_customer": ("actions", "active_customers"),
    },
    "social_engagement": {
        "engagement_rate": ("likes shares comments", "reach"),
        "mean_sentiment": ("sentiment_total", "scored"),
        "reach_weighted_sentiment": ("weighted_sentiment_total", "scored_reach"),
        "positive_share": ("positive", "scored"),
        "negative_share": ("negative", "scored"),
    },
    "support_performance": {
        "first_contact_resolution_rate": ("one_contact", "resolved"),
        "resolved_in_target_rate": ("resolved_in_target", "resolved"),
    },
    "win_back": {"win_back_rate": ("won_back_customers", "lapsed_customers")},
    "clv": {"clv_per_customer": ("clv", "customers")},
}
"""What each rate divides by what; a minus takes away."""
OTHERS = {
    "nps",
    "cai",
    "stickiness",
    "quick_ratio",
    "simple_clv",
    "median_first_response_hours",
    "median_resolution_hours",
}
"""Scored metrics that are no quotient of two columns beside them."""
