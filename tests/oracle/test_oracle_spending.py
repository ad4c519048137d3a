"""The oracle's repeat purchases and retention costs against numbers worked on a whiteboard."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from tests.oracle.whiteboard import Raw, at, customer, drawn, found, month, paid, policy, rate

NUMBERS = count()
PEOPLE = drawn(customer(customer_segment="vip"), customer("bob"))


def bought(name: str, day: str, total: str = "10.00", **invoice: Any) -> Raw:
    head = {"total": Decimal(total)} | invoice
    return paid(name, total, day, "2030-01-01", head, subscription_id=f"{next(NUMBERS)}", kind="one_off")


def test_repeating_is_twice_in_the_period_and_returning_once_before_it() -> None:
    raw = drawn(
        PEOPLE,
        bought("ada", "2024-01-31"),
        bought("ada", "2024-02-01"),
        bought("ada", "2024-02-11"),
        bought("bob", "2024-02-29"),
    )
    row = month(raw, "repeat_purchase", "2024-02")
    assert (row["purchasers"], row["repeat_purchasers"], row["returning_purchasers"]) == (2, 1, 1)
    assert (row["purchases"], row["median_days_between"], row["purchases_per_purchaser"]) == (3, 5.5, 1.5)
    assert (row["repeat_purchase_rate"], row["returning_purchaser_rate"]) == (0.5, 0.5)
    first = month(raw, "repeat_purchase", "2024-01")
    assert (first["purchasers"], first["returning_purchasers"], first["median_days_between"]) == (1, 0, None)


def test_only_paid_invoices_with_a_positive_total_are_purchases() -> None:
    raw = drawn(
        PEOPLE,
        bought("ada", "2024-01-10"),
        bought("ada", "2024-01-11", "0.00"),
        bought("ada", "2024-01-12", "-5.00"),
        bought("ada", "2024-01-13", status="open", paid_at=None),
        bought("ada", "2024-01-14", paid_at=None),
        bought("bob", "2024-01-15", paid_at=at("2024-02-20")),
    )
    row = month(raw, "repeat_purchase", settings=policy("2024-02-20"))
    assert (row["purchasers"], row["purchases"], row["median_days_between"]) == (1, 2, 4)


def test_days_between_purchases_are_those_of_the_local_calendar() -> None:
    raw = drawn(PEOPLE, bought("ada", "2024-01-10T22:30"), bought("ada", "2024-01-10T23:30"))
    assert month(raw, "repeat_purchase")["median_days_between"] == 0
    berlin = policy(timezone="Europe/Berlin")
    assert month(raw, "repeat_purchase", settings=berlin)["median_days_between"] == 1


def cost(amount: str, day: str, **columns: Any) -> Raw:
    row = {
        "cost_id": f"{next(NUMBERS)}",
        "incurred_on": date.fromisoformat(day),
        "amount": Decimal(amount),
        "currency": "EUR",
        "updated_at": at(day),
    }
    return {"retention_costs": [row | columns]}


SERVED = drawn(
    PEOPLE,
    paid("ada", "30.00", "2023-12-01", "2024-02-01"),
    paid("bob", "10.00", "2023-12-01", "2024-01-15"),
)


def test_the_cost_of_a_period_is_divided_by_the_mean_of_its_customers_and_by_what_was_retained() -> None:
    raw = drawn(SERVED, cost("60.00", "2024-01-01"), cost("-15.00", "2024-01-31"), cost("9.00", "2024-02-01"))
    row = month(raw, "retention_cost")
    assert (row["cost"], row["average_customers"], row["retained_mrr"]) == (45, 1.5, 30)
    rates = ("cost_per_customer", "annual_cost_per_customer", "cost_per_retained_mrr")
    assert [row[name] for name in rates] == [30, 360, 1.5]
    year = found(raw, "retention_cost", period="year", period_start=date(2024, 1, 1), segment_by="all")[0]
    assert (year["cost"], year["average_customers"], year["annual_cost_per_customer"]) == (54, 1, 54)
    assert (year["retained_mrr"], year["cost_per_retained_mrr"]) == (0, None)


def test_a_cost_belongs_to_its_own_segment_else_to_that_of_its_customer() -> None:
    raw = drawn(
        SERVED,
        cost("1.00", "2024-01-10", customer_segment="business", customer_id="ada"),
        cost("2.00", "2024-01-10", customer_segment=" ", customer_id="ada"),
        cost("4.00", "2024-01-10", customer_id="bob"),
        cost("8.00", "2024-01-10"),
    )
    rows = found(raw, "retention_cost", period="month", period_start=date(2024, 1, 1))
    assert {(row["segment_by"], row["segment_value"]): row["cost"] for row in rows} == {
        ("all", "all"): 15,
        ("customer_segment", "(unknown)"): 12,
        ("customer_segment", "business"): 1,
        ("customer_segment", "vip"): 2,
    }
    business = next(row for row in rows if row["segment_value"] == "business")
    assert (business["average_customers"], business["cost_per_customer"]) == (0, None)


def test_each_cost_is_converted_on_its_own_day_and_rounded_to_four_places() -> None:
    raw = drawn(
        SERVED,
        rate("2024-01-01", "USD", 0.5),
        rate("2024-01-10", "USD", 0.33333),
        cost("1.00", "2024-01-09", currency="USD"),
        cost("1.00", "2024-01-10", currency="USD"),
    )
    assert month(raw, "retention_cost")["cost"] == Decimal("0.83")


def test_a_segment_with_customers_has_a_row_without_a_cost() -> None:
    raw = drawn(SERVED, cost("1.00", "2030-01-01"))
    rows = found(raw, "retention_cost", period="month", period_start=date(2024, 1, 1))
    assert {(row["segment_value"], row["average_customers"], row["cost"]) for row in rows} == {
        ("all", 1.5, 0),
        ("vip", 1, 0),
        ("(unknown)", 0.5, 0),
    }
    assert month(raw, "retention_cost")["cost_per_customer"] == pytest.approx(0)
