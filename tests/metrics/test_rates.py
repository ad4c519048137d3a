"""The published tables, made of segment periods that are written down."""

from decimal import Decimal
from typing import Any

import pytest

from loyalty_pipeline.metrics.advocacy_revenue import advocacy_revenue
from loyalty_pipeline.metrics.churn import churn
from loyalty_pipeline.metrics.cohort_retention import cohort_retention
from loyalty_pipeline.metrics.customer_retention import customer_retention
from loyalty_pipeline.metrics.mrr_growth import mrr_growth
from loyalty_pipeline.months.cohorts import CohortMonth
from loyalty_pipeline.months.segment_periods import SegmentPeriod
from tests.whiteboard import month, table

FEBRUARY = month("2024-02")
PERIOD = {"period": "month", "period_start": "2024-02-01", "period_end": "2024-03-01", "is_complete": True}
EVERYBODY = {"segment_by": "all", "segment_value": "all"}
METRICS = {
    function.__name__: function for function in (advocacy_revenue, churn, customer_retention, mrr_growth)
}


def segment(**measures: Any) -> dict[str, Any]:
    """A segment period in which what is not named is zero."""
    columns = SegmentPeriod.columns()
    zeros = {name: 0 for name in columns if name.endswith("_customers")}
    amounts = {name: Decimal(0) for name in columns if name.endswith(("_mrr", "revenue"))}
    exact = {
        name: Decimal(cell) if isinstance(cell, str) and name in amounts else cell
        for name, cell in measures.items()
    }
    return PERIOD | EVERYBODY | zeros | amounts | exact


def published(metric: str, *segments: dict[str, Any]) -> list[dict[str, Any]]:
    sums = table(SegmentPeriod, *segments)
    return METRICS[metric](FEBRUARY, sums).collect().to_dicts()


@pytest.mark.parametrize(
    ("metric", "rates"),
    [
        (
            "churn",
            (
                "customer_churn_rate",
                "customer_churn_rate_low",
                "customer_churn_rate_high",
                "gross_mrr_churn_rate",
                "net_mrr_churn_rate",
            ),
        ),
        ("customer_retention", ("crr", "crr_low", "crr_high")),
        (
            "mrr_growth",
            ("mrr_growth_rate", "existing_mrr_growth_rate", "nrr", "grr", "quick_ratio", "arpa"),
        ),
        ("advocacy_revenue", ("advocacy_revenue_share",)),
    ],
)
def test_a_rate_without_a_denominator_is_null_and_not_zero(metric: str, rates: tuple[str, ...]) -> None:
    (row,) = published(metric, segment())
    assert [row[name] for name in rates] == [None] * len(rates)


def test_churn_is_churned_over_opening_with_its_wilson_interval() -> None:
    """2 of 10: Wilson's interval at 95 % is 0.0567 to 0.5098."""
    (row,) = published("churn", segment(opening_customers=10, churned_customers=2))
    assert row["customer_churn_rate"] == 0.2
    assert row["customer_churn_rate_low"] == pytest.approx(0.0567, abs=5e-5)
    assert row["customer_churn_rate_high"] == pytest.approx(0.5098, abs=5e-5)


def test_nobody_lost_still_leaves_room_for_doubt() -> None:
    """0 of 10: at most 0.2775."""
    (row,) = published("churn", segment(opening_customers=10, churned_customers=0))
    assert (row["customer_churn_rate"], row["customer_churn_rate_low"]) == (0, 0)
    assert row["customer_churn_rate_high"] == pytest.approx(0.2775, abs=5e-5)


def test_net_churn_gives_back_what_was_expanded() -> None:
    measures = {
        "revalued_opening_mrr": "100",
        "churned_mrr": "5",
        "contracted_mrr": "5",
        "expanded_mrr": "30",
    }
    (row,) = published("churn", segment(**measures))
    assert (row["gross_mrr_churn_rate"], row["net_mrr_churn_rate"]) == (0.1, -0.2)


def test_retention_counts_who_stayed_and_not_who_came() -> None:
    measures = {
        "opening_customers": 4,
        "closing_customers": 6,
        "new_customers": 2,
        "reactivated_customers": 1,
    }
    (row,) = published("customer_retention", segment(**measures, retained_customers=3))
    assert row["crr"] == 0.75


def test_the_rates_of_growth_are_those_of_the_definitions() -> None:
    measures = {
        "opening_mrr": "90",
        "fx_mrr": "10",
        "revalued_opening_mrr": "100",
        "new_mrr": "20",
        "reactivated_mrr": "4",
        "expanded_mrr": "6",
        "contracted_mrr": "5",
        "churned_mrr": "10",
        "closing_mrr": "115",
    }
    (row,) = published("mrr_growth", segment(**measures, closing_customers=10))
    assert row["mrr_growth_rate"] == pytest.approx(25 / 90)
    assert row["existing_mrr_growth_rate"] == pytest.approx(-0.09)
    assert (row["nrr"], row["grr"]) == (pytest.approx(0.91), pytest.approx(0.85))
    assert row["quick_ratio"] == 2
    assert (row["arpa"], row["arr"]) == (11.5, Decimal("1380.00"))


def test_annual_revenue_is_twelve_times_the_exact_closing() -> None:
    (row,) = published("mrr_growth", segment(closing_mrr="0.0045"))
    assert (row["closing_mrr"], row["arr"]) == (Decimal("0.00"), Decimal("0.05"))


def test_an_amount_is_rounded_half_away_from_zero_once() -> None:
    (row,) = published("mrr_growth", segment(fx_mrr="-0.0050", trial_mrr="0.0050", new_mrr="0.0049"))
    assert (row["fx_mrr"], row["trial_mrr"], row["new_mrr"]) == (
        Decimal("-0.01"),
        Decimal("0.01"),
        Decimal(0),
    )


def test_everybody_has_a_row_where_nothing_is_and_a_segment_value_has_none() -> None:
    germany = {"segment_by": "country", "segment_value": "DE"}
    found = published("churn", segment(), segment() | germany | {"new_customers": 1})
    assert [row["segment_by"] for row in found] == ["all"]
    grown = published("customer_retention", segment(), segment() | germany | {"new_customers": 1})
    assert sorted(row["segment_by"] for row in grown) == ["all", "country"]


def test_refunds_can_take_the_advocacy_share_below_zero() -> None:
    (row,) = published("advocacy_revenue", segment(revenue="10", advocacy_revenue="-2"))
    assert row["advocacy_revenue_share"] == -0.2


def test_a_cohorts_cell_is_what_is_left_of_it() -> None:
    cohort = table(
        CohortMonth,
        PERIOD | EVERYBODY | {"cohort": "2023-11-01", "cohort_customers": 4, "cohort_mrr": Decimal(40)}
        | {"active_customers": 3, "active_mrr": Decimal(50), "cumulative_revenue": Decimal(100)},
    )  # fmt: skip
    (row,) = cohort_retention(FEBRUARY, cohort).collect().to_dicts()
    assert (row["months_since"], row["customer_retention_rate"]) == (3, 0.75)
    assert (row["mrr_retention_rate"], row["revenue_per_customer"]) == (1.25, 25)


def test_a_cohort_that_opened_without_mrr_has_no_mrr_retention() -> None:
    cohort = table(
        CohortMonth,
        PERIOD | EVERYBODY | {"cohort": "2024-02-01", "cohort_customers": 1, "cohort_mrr": Decimal(0)}
        | {"active_customers": 0, "active_mrr": Decimal(0), "cumulative_revenue": Decimal(0)},
    )  # fmt: skip
    (row,) = cohort_retention(FEBRUARY, cohort).collect().to_dicts()
    assert (row["mrr_retention_rate"], row["customer_retention_rate"]) == (None, 0)
