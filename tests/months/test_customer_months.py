"""Customer months: MRR over currencies at the close of a month."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.months.currency_months import currency_months
from loyalty_pipeline.months.customer_months import customer_months
from loyalty_pipeline.months.line_state import LineState
from loyalty_pipeline.staging.fx_rates import DailyRate
from tests.whiteboard import month, rows, table

JANUARY = month("2024-01")
RATES = table(
    DailyRate,
    {"currency": "EUR", "rate": Decimal(1)},
    {"currency": "USD", "rate": Decimal("0.33335")},
    rate_date="2024-01-31",
)


def line(mrr: str, currency: str = "EUR", kind: str = "recurring", plan: str | None = None) -> dict[str, Any]:
    return {"mrr": Decimal(mrr), "currency": currency, "kind": kind, "plan_id": plan}


def closing(*lines: dict[str, Any], floor: str = "0.50") -> pl.LazyFrame:
    numbered = [{"line_id": str(number)} | row for number, row in enumerate(lines)]
    held = table(LineState, *numbered, customer_id="ada", starts_at="2024-01-10")
    sums = currency_months(JANUARY, held)
    return customer_months(JANUARY, held, sums, RATES, Decimal(floor))


def test_lines_are_summed_by_currency_then_converted_then_rounded() -> None:
    """2 x 0.0001 USD are 0.00006667 EUR, so 0.0001; each for itself would be nothing."""
    assert rows(closing(line("10"), line("0.0001", "USD"), line("0.0001", "USD")), "mrr") == [
        Decimal("10.0001")
    ]


def test_a_sum_below_the_floor_is_zero_and_not_active() -> None:
    assert rows(closing(line("10"), line("-9.5001")), "mrr", "is_active") == [(Decimal(0), False)]
    assert rows(closing(line("10"), line("-9.5")), "mrr", "is_active") == [(Decimal("0.5"), True)]


def test_a_negative_sum_is_zero_also_without_a_floor() -> None:
    assert rows(closing(line("-1"), floor="0"), "mrr", "is_active") == [(Decimal(0), False)]


def test_the_plan_is_the_one_with_the_highest_mrr_ties_by_smallest_id_none_last() -> None:
    assert rows(closing(line("5", plan="b"), line("5", plan="a"), line("5")), "plan_id") == ["a"]
    assert rows(closing(line("6"), line("5", plan="a")), "plan_id") == [None]
    assert rows(closing(line("5", "USD", plan="a"), line("2", plan="b")), "plan_id") == ["b"]


def test_a_trial_has_its_own_mrr_and_makes_nobody_active() -> None:
    assert rows(closing(line("0.40", kind="trialing")), "trial_mrr", "mrr", "is_active") == [
        (Decimal("0.40"), Decimal(0), False)
    ]


def test_a_customer_is_paused_where_nothing_is_active() -> None:
    assert rows(closing(line("5", kind="paused")), "is_paused") == [True]
    assert rows(closing(line("5", kind="paused"), line("5")), "is_paused") == [False]


def test_a_purchase_makes_active_without_mrr() -> None:
    assert rows(closing(line("0", kind="purchase")), "mrr", "is_active") == [(Decimal(0), True)]


def test_a_currency_without_any_rate_stops_the_run() -> None:
    with pytest.raises(DataFault, match=r"fx_rates.currency: every currency needs a rate, and JPY has none"):
        closing(line("5", "JPY"))
