"""The oracle against numbers worked on a whiteboard."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.oracle import movements, published
from tests.oracle.exact import rounded, wilson
from tests.oracle.periods import start_of
from tests.oracle.whiteboard import at, closing, customer, drawn, item, month_of, paid, policy, rate


@pytest.mark.parametrize(
    ("renewal", "mrr"),
    [("2024-02-02T12:00", 10), ("2024-02-03T12:00", 10), ("2024-02-03T12:01", 0)],
)
def test_a_renewal_at_most_three_days_late_closes_the_gap(renewal: str, mrr: int) -> None:
    first = paid("ada", "10.00", "2023-12-31T12:00", "2024-01-31T12:00")
    raw = drawn(customer(), first, paid("ada", "10.00", renewal, "2024-03-15"))
    assert closing(raw, "2024-01") == mrr


def test_lines_without_a_subscription_are_not_extended() -> None:
    first = paid("ada", "10.00", "2023-12-31T12:00", "2024-01-31T12:00", subscription_id=None)
    second = paid("ada", "10.00", "2024-02-01T12:00", "2024-03-15", subscription_id=None)
    assert closing(drawn(customer(), first, second), "2024-01") == 0


def test_a_renewal_that_starts_at_the_as_of_is_not_known_yet() -> None:
    first = paid("ada", "10.00", "2023-12-31T12:00", "2024-01-31T12:00")
    raw = drawn(customer(), first, paid("ada", "10.00", "2024-02-02", "2024-03-15"))
    assert closing(raw, "2024-01", as_of="2024-02-02") == 0
    assert closing(raw, "2024-01", as_of="2024-02-03") == 10


@pytest.mark.parametrize(
    ("status", "due_at", "march", "april"),
    [
        ("open", None, 10, 0),  # issued 15 February + 30 days = 16 March, after 1 March
        ("open", "2024-03-05", 10, 10),  # until 4 April
        ("uncollectible", "2024-01-31", 10, 0),  # until 1 March itself
        ("uncollectible", "2024-01-30", 0, 0),
        ("void", None, 0, 0),
        ("draft", None, 0, 0),
    ],
)
def test_an_unpaid_line_ends_thirty_days_after_it_was_due(
    status: str, due_at: str | None, march: int, april: int
) -> None:
    invoice = {"status": status, "paid_at": None, "due_at": due_at and at(due_at)}
    raw = drawn(customer(), paid("ada", "30.00", "2024-02-15", "2024-05-15", invoice, interval="quarter"))
    assert [closing(raw, month) for month in ("2024-02", "2024-03")] == [march, april]


def test_a_payment_at_the_as_of_has_not_happened() -> None:
    invoice = {"paid_at": at("2024-04-10")}
    raw = drawn(customer(), paid("ada", "30.00", "2024-02-15", "2024-05-15", invoice, interval="quarter"))
    assert closing(raw, "2024-03", as_of="2024-04-10") == 0
    assert closing(raw, "2024-03", as_of="2024-04-11") == 10


def test_past_due_lasts_the_delinquency_days_at_most_and_grace_does_not_prolong_it() -> None:
    raw = drawn(
        customer(),
        item("ada", "10.00", "2024-01-10", "2024-01-20"),
        item("ada", "10.00", "2024-01-20", "2024-02-29T12:00", "past_due"),
        item("ada", "10.00", "2024-03-02", None),
    )
    assert [closing(raw, month) for month in ("2024-01", "2024-02", "2024-03")] == [10, 0, 10]


@pytest.mark.parametrize(("amount", "mrr", "movement"), [("0.49", "0", "transient"), ("0.50", "0.50", "new")])
def test_a_sum_below_the_floor_is_zero(amount: str, mrr: str, movement: str) -> None:
    row = month_of(drawn(customer(), paid("ada", amount, "2024-01-10", "2024-03-10")), "2024-01")
    assert (row["closing"], row["movement"]) == (Decimal(mrr), movement)


def test_exchange_rates_move_mrr_apart_from_the_customer() -> None:
    raw = drawn(
        customer(),
        rate("2024-01-31", "USD", 0.9),
        rate("2024-02-01", "USD", 0.5),
        rate("2024-02-29", "USD", 0.95),
        paid("ada", "10.00", "2024-01-10", "2024-02-10", {"currency": "USD"}),
        paid("ada", "12.00", "2024-02-10", "2024-03-10", {"currency": "USD"}),
    )
    row = month_of(raw, "2024-02")
    assert (row["opening"], row["fx"], row["opening_revalued"]) == (9, Decimal("0.5"), Decimal("9.5"))
    assert (row["movement"], row["amount"], row["closing"]) == ("expanded", Decimal("1.9"), Decimal("11.4"))


def test_before_the_first_rate_the_first_holds_and_a_currency_without_any_stops() -> None:
    line = paid("ada", "10.00", "2024-01-10", "2024-02-10", {"currency": "USD"})
    assert closing(drawn(customer(), line, rate("2024-06-01", "USD", 0.9)), "2024-01") == 9
    with pytest.raises(ValueError, match="no rate at all for USD"):
        closing(drawn(customer(), line), "2024-01")


def test_who_starts_at_midnight_of_the_first_is_new_in_that_month_and_who_ends_there_churns_in_it() -> None:
    raw = drawn(customer(), paid("ada", "10.00", "2024-02-01", "2024-03-01"))
    months = ("2024-01", "2024-02", "2024-03")
    assert [month_of(raw, month)["movement"] for month in months] == ["none", "new", "churned"]


def test_the_reporting_time_zone_decides_which_midnight() -> None:
    raw = drawn(customer(), paid("ada", "10.00", "2024-01-31T23:00", "2024-02-29T23:00"))
    assert month_of(raw, "2024-01")["movement"] == "new"
    assert month_of(raw, "2024-02", timezone="Europe/Berlin")["movement"] == "new"


def test_merged_records_are_one_customer_and_a_cycle_is_bad_input() -> None:
    line = paid("old", "10.00", "2024-01-10", "2024-02-10")
    raw = drawn(customer(), customer("old", merged_into_customer_id="ada"), line)
    assert closing(raw, "2024-01") == 10
    cycle = drawn(
        customer(merged_into_customer_id="old"), customer("old", merged_into_customer_id="ada"), line
    )
    with pytest.raises(ValueError, match="merge cycle"):
        movements(cycle, policy())


def test_a_fiscal_year_starts_in_its_month_and_the_quarters_follow() -> None:
    day = date(2024, 2, 15)
    assert start_of("year", day, 4) == date(2023, 4, 1)
    assert start_of("quarter", day, 4) == date(2024, 1, 1)
    assert start_of("quarter", day, 2) == date(2024, 2, 1)
    assert start_of("month", day, 4) == date(2024, 2, 1)


def test_an_incomplete_period_closes_at_the_as_of_and_keeps_its_calendar_end() -> None:
    raw = drawn(customer(), paid("ada", "10.00", "2024-01-10", "2024-02-10"))
    rows = published(raw, policy("2024-01-20"))["churn"]
    assert [(row["period"], row["period_end"], row["is_complete"]) for row in rows] == [
        ("month", date(2024, 2, 1), False),
        ("quarter", date(2024, 4, 1), False),
        ("year", date(2025, 1, 1), False),
    ]


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(1, 10, 0.017876, 0.404150), (5, 10, 0.236593, 0.763407), (0, 5, 0.0, 0.434482), (5, 5, 0.565518, 1.0)],
)
def test_a_proportion_has_its_wilson_interval(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=1e-6)


def test_nothing_over_nothing_has_no_interval() -> None:
    assert wilson(0, 0) == (None, None)


def test_halves_round_away_from_zero() -> None:
    halves = (Fraction(5, 1000), Fraction(-5, 1000), Decimal("0.0149999"), Decimal("2.675"))
    assert [rounded(half, 2) for half in halves] == [
        Decimal("0.01"),
        Decimal("-0.01"),
        Decimal("0.01"),
        Decimal("2.68"),
    ]


def test_the_latest_version_of_a_row_is_the_row_and_a_deleted_row_is_gone() -> None:
    raw = drawn(customer(), paid("ada", "10.00", "2024-01-10", "2024-03-10"))
    line = raw["invoice_lines"][0]
    dearer = line | {"amount": Decimal("15.00"), "updated_at": at("2024-01-11")}
    assert closing(raw | {"invoice_lines": [dearer, line, line]}, "2024-01") == 15
    gone = dearer | {"updated_at": at("2024-01-12"), "deleted_at": at("2024-01-12")}
    assert closing(raw | {"invoice_lines": [gone, dearer, line]}, "2024-01") == 0
