"""What published tables promise of each other: told as sentences where they break it, none where they keep it."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from math import isclose
from typing import TYPE_CHECKING, Any

import dataframely as dy

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.scorecard.scorecard import scorecard

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
    known, names = tables(), [function.__name__ for function in PUBLISHED if function is not scorecard]
    return {name: known[name].contract for name in names if "segment_by" in known[name].contract.columns()}


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


def _values(published: Tables) -> Counter[str]:
    seen = {(row["segment_by"], row["segment_value"]) for name in segmented() for row in published[name]}
    return Counter(segment_by for segment_by, _ in seen)


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
    """Compare signal lift with churn: customers and churned of everybody, which every signal cuts, and a lift of one."""
    churn = {
        place: (row["opening_customers"], row["churned_customers"], 1.0 if row["churned_customers"] else None)
        for place, row in _of_all(published["churn"]).items()
    }
    lift = {
        place: (row["customers"], row["churned_customers"], row["lift"])
        for place, row in _of_all(published["signal_lift"]).items()
    }
    return [f"{place}: {churn.get(place)} and {lift.get(place)}" for place, _ in churn.items() ^ lift.items()]


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


def values_that_are_not_of_all(published: Tables) -> list[str]:
    """Compare the values of all customers at the newest closing with that of the company."""
    each = published["customer_clv"]
    if not each:
        return []
    months = [row for row in published["clv"] if (row["period"], row["segment_by"]) == ("month", "all")]
    company = max(months, key=lambda row: row["period_start"])
    slack = HALF_A_CENT * (len(each) + 1)
    amounts = ("historic_revenue", "historic_margin", "residual_margin", "clv")
    return [f"{len(each)} customers of {company['customers']}"] * (len(each) != company["customers"]) + [
        f"{name}: {company[name]} of {[row[name] for row in each]}"
        for name in amounts
        if not _adds_up([row[name] for row in each], company[name], slack)
    ]


def points_that_are_lost(published: Tables) -> list[str]:
    """Follow points from the opening of a period to its closing."""
    return [
        f"{row}"
        for row in published["loyalty_program"]
        if row["opened_points"] + row["earned_points"] - row["redeemed_points"] - row["expired_points"]
        != row["closed_points"]
    ]


def _of_all(rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row[key] for key in PERIOD): row for row in rows if row["segment_by"] == "all"}


ADDING_UP = (
    segments_that_do_not_add_up,
    effects_that_leave_a_rest,
    signals_that_are_not_of_everybody,
    reasons_that_are_not_all,
    credits_that_are_not_revenue,
    values_that_are_not_of_all,
    points_that_are_lost,
)
