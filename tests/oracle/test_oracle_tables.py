"""The oracle's tables against numbers worked on a whiteboard."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.oracle import Policy, published
from tests.oracle.whiteboard import Raw, at, customer, drawn, item, month_of, paid, policy, referral

TWO = drawn(
    customer(country="DE", birth_year=1999),
    customer("bob", country="FR"),
    paid("ada", "10.00", "2024-01-10", "2024-04-10", interval_count=1),
    paid("bob", "20.00", "2024-01-20", "2024-02-20"),
)


def rows(raw: Raw, table: str, settings: Policy, **key: Any) -> list[dict[str, Any]]:
    """Return the rows of a table whose cells are these."""
    return [row for row in published(raw, settings)[table] if key.items() <= row.items()]


def month(table: str, start: date, raw: Raw = TWO, by: str = "all", **settings: Any) -> dict[str, Any]:
    """Return the one row of a month and a segmentation."""
    found = rows(raw, table, policy(**settings), period="month", period_start=start, segment_by=by)
    assert len(found) == 1
    return found[0]


def test_churn_is_churned_over_opening_customers() -> None:
    row = month("churn", date(2024, 2, 1))
    assert (row["opening_customers"], row["churned_customers"], row["customer_churn_rate"]) == (2, 1, 0.5)
    assert (row["churned_mrr"], row["gross_mrr_churn_rate"]) == (Decimal("20.00"), 20 / 30)


def test_a_rate_without_a_denominator_is_nothing() -> None:
    row = month("churn", date(2024, 1, 1))
    assert (row["opening_customers"], row["customer_churn_rate"], row["customer_churn_rate_low"]) == (
        0,
        None,
        None,
    )


def test_a_segment_value_has_a_row_only_where_it_has_anything_to_count() -> None:
    found = rows(TWO, "customer_retention", policy(), period="month", segment_by="country")
    assert [(row["period_start"].month, row["segment_value"]) for row in found] == [
        (1, "DE"),
        (1, "FR"),
        (2, "DE"),
        (2, "FR"),
        (3, "DE"),
        (4, "DE"),
    ]
    assert len(rows(TWO, "customer_retention", policy(), period="month", segment_by="all")) == 12


def test_age_is_counted_in_the_year_the_period_starts() -> None:
    raw = drawn(customer(birth_year=1999), paid("ada", "10.00", "2023-12-10", "2024-02-10"))
    assert month_of(raw, "2023-12")["attributes"]["age_band"] == "<25"
    assert month_of(raw, "2024-01")["attributes"]["age_band"] == "25-34"


def test_attributes_are_those_of_the_latest_version_before_the_closing_else_of_the_earliest() -> None:
    raw = drawn(
        customer(country="DE", updated_at=at("2024-02-10")),
        customer(country="AT", updated_at=at("2024-03-01")),
        paid("ada", "30.00", "2024-01-10", "2024-04-10", interval="quarter"),
    )
    countries = [month_of(raw, f"2024-{m:02}")["attributes"]["country"] for m in (1, 2, 3)]
    assert countries == ["DE", "DE", "AT"]


def test_the_plan_is_the_one_with_the_highest_mrr_at_the_opening_ties_by_smallest_id() -> None:
    def line(plan: str | None, amount: str, start: str) -> Raw:
        return paid("ada", amount, start, "2024-06-10", subscription_id=f"{plan} {amount}", plan_id=plan)

    raw = drawn(customer(), line("b", "10.00", "2024-01-10"), line("a", "10.00", "2024-01-10"))
    raw = drawn(raw, line(None, "10.00", "2024-01-10"), line("c", "11.00", "2024-02-10"))
    plans = [month_of(raw, f"2024-{m:02}")["attributes"]["plan"] for m in (1, 2, 3)]
    assert plans == ["a", "a", "c"]


def test_a_cohort_never_changes_its_size_or_its_segment() -> None:
    raw = drawn(TWO, customer(country="AT", birth_year=1999, updated_at=at("2024-02-05")))
    found = rows(raw, "cohort_retention", policy("2024-04-01"), segment_by="country", segment_value="DE")
    assert [(row["months_since"], row["cohort_customers"], row["active_customers"]) for row in found] == [
        (0, 1, 1),
        (1, 1, 1),
        (2, 1, 1),
    ]
    whole = rows(raw, "cohort_retention", policy("2024-04-01"), segment_by="all")
    assert [(row["active_customers"], row["active_mrr"], row["cumulative_revenue"]) for row in whole] == [
        (2, Decimal("30.00"), Decimal("30.00")),
        (1, Decimal("10.00"), Decimal("30.00")),
        (1, Decimal("10.00"), Decimal("30.00")),
    ]


def test_what_was_paid_before_the_cohorts_month_is_not_its_revenue() -> None:
    early = paid("ada", "7.00", "2023-12-31", "2024-01-02", kind="one_off")
    raw = drawn(customer(), early, paid("ada", "10.00", "2024-01-10", "2024-02-10"))
    found = rows(raw, "cohort_retention", policy("2024-02-01"), segment_by="all")
    assert [(row["cohort"], row["cumulative_revenue"]) for row in found] == [
        (date(2024, 1, 1), Decimal("10.00"))
    ]
    assert month("advocacy_revenue", date(2023, 12, 1), raw)["total_revenue"] == 7


def test_trials_and_pauses_are_measures_of_their_own() -> None:
    raw = drawn(
        customer(),
        item("ada", "12.00", "2024-01-10", "2024-02-10", "trialing"),
        item("ada", "12.00", "2024-02-10", "2024-03-10"),
        item("ada", "12.00", "2024-03-10", None, "paused"),
    )
    found = rows(raw, "mrr_growth", policy("2024-04-01"), period="month", segment_by="all")
    assert [(row["trial_mrr"], row["closing_mrr"], row["paused_customers"]) for row in found] == [
        (Decimal("12.00"), Decimal("0.00"), 0),
        (Decimal("0.00"), Decimal("12.00"), 0),
        (Decimal("0.00"), Decimal("0.00"), 1),
    ]


def test_one_customer_has_one_advocate_that_of_the_earliest_conversion() -> None:
    people = [customer(name) for name in ("ada", "bob", "cem", "dot")]
    payments = [paid(name, "10.00", "2024-03-05", "2024-04-05") for name in ("ada", "bob", "cem")]
    chain = [
        referral("1", "ada", "bob", "2024-02-01"),
        referral("2", "bob", "cem", "2024-02-02"),
        referral("3", "dot", "cem", "2024-02-03"),
        referral("4", "ada", "ada", "2024-02-01"),
    ]
    row = month("advocacy_revenue", date(2024, 3, 1), drawn(*people, *payments, *chain))
    assert (row["total_revenue"], row["advocacy_revenue"], row["downstream_revenue"]) == (30, 20, 10)
    assert (row["referred_customers"], row["advocacy_revenue_share"]) == (2, 20 / 30)


def test_downstream_needs_an_earlier_conversion_of_the_advocate() -> None:
    people = [customer(name) for name in ("ada", "bob", "cem")]
    chain = [referral("1", "ada", "bob", "2024-02-02"), referral("2", "bob", "cem", "2024-02-02")]
    raw = drawn(*people, *chain, paid("cem", "10.00", "2024-03-05", "2024-04-05"))
    assert month("advocacy_revenue", date(2024, 3, 1), raw)["downstream_revenue"] == 0


def test_the_advocacy_window_is_half_open_and_its_end_clamps_to_the_month() -> None:
    people = [customer("ada"), customer("bob")]
    payments = [paid("bob", "1.00", day, "2024-12-01") for day in ("2024-01-31", "2024-02-28", "2024-02-29")]
    raw = drawn(*people, *payments, referral("1", "ada", "bob", "2024-01-31"))
    amounts = [
        month("advocacy_revenue", date(2024, m, 1), raw, advocacy_window_months=1)["advocacy_revenue"]
        for m in (1, 2)
    ]
    assert amounts == [1, 1]


def test_in_a_shop_a_customer_is_active_for_the_window_after_each_purchase() -> None:
    raw = drawn(customer(), paid("ada", "10.00", "2024-01-10", "2024-02-10"))
    settings: dict[str, Any] = {"activity": "purchases", "activity_window_days": 51}
    active = [
        month("customer_retention", date(2024, m, 1), raw, **settings)["closing_customers"] for m in (1, 2, 3)
    ]
    assert active == [1, 1, 0]  # 10 January + 51 days is midnight of 1 March
    assert month("mrr_growth", date(2024, 1, 1), raw, **settings)["closing_mrr"] == 0
    assert "clv" not in month("clv", date(2024, 1, 1), raw, **settings)


def test_simple_clv_divides_the_margin_of_a_customer_by_the_mean_churn_of_twelve_months() -> None:
    row = month("clv", date(2024, 2, 1))
    assert (row["customers"], row["historic_revenue"], row["historic_margin"]) == (
        2,
        Decimal("30.00"),
        Decimal("24.00"),
    )
    assert row["simple_clv"] == 10 * 0.8 / 0.5  # January opened with nobody: only February has a rate
    assert month("clv", date(2024, 1, 1))["simple_clv"] is None
