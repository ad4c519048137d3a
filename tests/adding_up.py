"""What published tables promise of each other: told as sentences where they break it, none where they keep it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from math import isclose
from typing import TYPE_CHECKING, Any

import dataframely as dy

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.months.segment_periods import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loyalty_pipeline.contract import Table
    from tests.companies import Row, Tables

HALF_A_CENT = Decimal("0.005")
REPEATED = {
    "cohort_retention": {"months_since"},
    "churn_reasons": {"all_churned_customers", "all_churned_mrr"},
    "engagement": {"days"},
}
"""Columns that say the same thing on several rows: they are no part of a sum."""
IN_SEVERAL = {("engagement", "channel"): {"active_customers", "customer_days"}}
"""Of a customer in several channels each one counts, and so does its day in each."""
SUMMED = {
    "csat": {"score_total"},
    "ces": {"effort_total"},
    "emotional_loyalty": {"score_total"},
    "advocacy_index": {"trust_total", "satisfaction_total", "recommendation_total"},
    "social_engagement": {"sentiment_total", "weighted_sentiment_total"},
    "engagement": {"minutes"},
    "retention_cost": {"average_customers"},
    "churn_drivers": {"effect"},
}
"""Floats that are sums, and so add up too; all others are rates and medians."""
PERIOD = ("period", "period_start")


def segmented() -> dict[str, type[Table]]:
    """Return the published tables whose rows are cut by segments: all that are, but the scorecard, which has rates."""
    contracts = {function.__name__: tables()[function.__name__].contract for function in PUBLISHED}
    return {
        name: contract
        for name, contract in contracts.items()
        if "segment_by" in contract.columns() and name != "scorecard"
    }


def additive(name: str, contract: type[Table]) -> set[str]:
    """Return the columns of a table whose values over a segment are sums of those of its parts."""
    columns = contract.columns().items()
    exact = {column for column, kind in columns if isinstance(kind, dy.Int64 | dy.Decimal)}
    return (exact | SUMMED.get(name, set())) - REPEATED.get(name, set())


def segments_that_do_not_add_up(published: Tables) -> list[str]:
    """Compare the sum over the values of each segment with the row of everybody."""
    values = _values(published)
    return [
        told
        for name, contract in segmented().items()
        for told in _apart(name, contract, published[name], values)
    ]


def _values(published: Tables) -> dict[str, int]:
    found: dict[str, set[str]] = defaultdict(set)
    for name in segmented():
        for row in published[name]:
            found[row["segment_by"]].add(row["segment_value"])
    return {segment_by: len(values) for segment_by, values in found.items()}


def _apart(name: str, contract: type[Table], rows: list[Row], values: dict[str, int]) -> Iterable[str]:
    keys = [key for key in contract.primary_key() if key not in {"segment_by", "segment_value"}]
    cuts: dict[tuple[Any, ...], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cuts[tuple(row[key] for key in keys)][row["segment_by"]].append(row)
    for place, by in cuts.items():
        (everybody,) = by["all"]
        for segment_by, parts in by.items():
            for column in additive(name, contract) - IN_SEVERAL.get((name, segment_by), set()):
                cells = [part[column] for part in parts]
                # A value whose amounts all round to nothing has no row: it may hide half a cent too.
                slack = HALF_A_CENT * (values[segment_by] + 1)
                if not _adds_up(cells, everybody[column], slack):
                    yield f"{name} {place} by {segment_by}: {column} is {everybody[column]}, parts {cells}"


def _adds_up(parts: list[Any], whole: Any, slack: Decimal) -> bool:
    if whole is None or None in parts:
        return whole is None and set(parts) == {None}
    if isinstance(whole, float):
        return isclose(sum(parts), whole, rel_tol=1e-12, abs_tol=1e-7)
    return abs(sum(parts) - whole) <= (slack if isinstance(whole, Decimal) else 0)


def effects_that_leave_a_rest(published: Tables) -> list[str]:
    """Add up the effects of churn drivers, to within the last digits of a float."""
    effects: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in published["churn_drivers"]:
        effects[(*(row[key] for key in PERIOD), row["segment_by"], row["metric"])].append(row)
    return [
        f"{place}: {[row['effect'] for row in rows]} make {rows[0]['overall_change']}"
        for place, rows in effects.items()
        if {row["overall_change"] for row in rows} != {rows[0]["overall_change"]}
        or abs(sum(row["effect"] for row in rows) - rows[0]["overall_change"]) > 1e-12
        or any(abs(row["rate_effect"] + row["mix_effect"] - row["effect"]) > 1e-12 for row in rows)
    ]


def signals_that_are_not_of_everybody(published: Tables) -> list[str]:
    """Compare signal lift with churn: customers and churned of everybody, which every signal cuts."""
    churn = {place: row for place, row in _of_all(published["churn"]).items() if row["opening_customers"]}
    lift = {place: row for place, row in _of_all(published["signal_lift"]).items() if row["customers"]}
    return [
        f"{place}: {churn.get(place)} and {lift.get(place)}"
        for place in churn.keys() | lift.keys()
        if place not in churn
        or place not in lift
        or (churn[place]["opening_customers"], churn[place]["churned_customers"], 1.0 if churn[place]["churned_customers"] else None)
        != (lift[place]["customers"], lift[place]["churned_customers"], lift[place]["lift"])
    ]  # fmt: skip


def reasons_that_are_not_all(published: Tables) -> list[str]:
    """Compare the reasons of every cell with the churn of it."""
    reasons: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in published["churn_reasons"]:
        reasons[tuple(row[key] for key in SEGMENT)].append(row)
    churned = {tuple(row[key] for key in SEGMENT): row for row in published["churn"]}
    left = {place for place, row in churned.items() if row["churned_customers"]}
    return [f"{place}: in one table only" for place in left ^ reasons.keys()] + [
        f"{place}: {rows} and {churned[place]}"
        for place, rows in reasons.items()
        if place in left and not _are_all(rows, churned[place])
    ]


def _are_all(reasons: list[Row], churn: Row) -> bool:
    count, mrr = (sum(row[name] for row in reasons) for name in ("churned_customers", "churned_mrr"))
    told = {(row["all_churned_customers"], row["all_churned_mrr"]) for row in reasons}
    return (
        count == churn["churned_customers"]
        and told == {(churn["churned_customers"], churn["churned_mrr"])}
        and abs(mrr - churn["churned_mrr"]) <= HALF_A_CENT * (len(reasons) + 1)
    )


def credits_that_are_not_revenue(published: Tables) -> list[str]:
    """Compare the direct revenue of all advocates with advocacy revenue: to the cent."""
    if not published["advocates"]:
        return []
    direct: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in published["advocates"]:
        direct[tuple(row[key] for key in PERIOD)] += row["direct_revenue"]
    return [
        f"{place}: {direct[place]} and {row['advocacy_revenue']}"
        for place, row in _of_all(published["advocacy_revenue"]).items()
        if direct[place] != row["advocacy_revenue"]
    ]


def points_that_are_lost(published: Tables) -> list[str]:
    """Follow points from the opening of a period to its closing."""
    return [
        f"{row}"
        for row in published["loyalty_program"]
        if row["opened_points"] + row["earned_points"] - row["redeemed_points"] - row["expired_points"]
        != row["closed_points"]
    ]


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


def _of_all(rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[key] for key in PERIOD): row for row in rows if row["segment_by"] == "all"}


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
    "clv": {"clv_per_customer": ("clv", "customers")},
}
"""What each rate divides by what; a minus takes away."""

PROMISES = (
    segments_that_do_not_add_up,
    effects_that_leave_a_rest,
    signals_that_are_not_of_everybody,
    reasons_that_are_not_all,
    credits_that_are_not_revenue,
    points_that_are_lost,
    intervals_beside_their_value,
    quotients_that_are_none,
)
