"""Customer periods: what a month did to each customer."""

from decimal import Decimal
from typing import Any

import polars as pl

from loyalty_pipeline.months.currency_months import CurrencyMonth
from loyalty_pipeline.months.customer_months import CustomerMonth
from loyalty_pipeline.months.customer_periods import customer_periods
from loyalty_pipeline.months.customer_revenue import CustomerRevenue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.line_starts import LineStart
from loyalty_pipeline.staging.fx_rates import DailyRate
from tests.whiteboard import at, by_month, month, rows, table

FEBRUARY = month("2024-02")
RATES = table(
    DailyRate,
    {"currency": "EUR", "rate": Decimal(1)},
    {"currency": "USD", "rate": Decimal("0.95")},
    rate_date="2024-02-29",
)
NOTHING = Decimal(0)


def period(
    opening: str = "",
    closing: str = "",
    *,
    since: str | None = None,
    started: str = "",
    opened_in: str = "EUR",
) -> dict[str, Any]:
    """Ada in February: MRR at its ends in EUR, first activity, a start inside, the opening's currency (at 1 to 1)."""
    ends = [("2024-01", opening), ("2024-02", closing)]
    currencies = {"2024-01": opened_in, "2024-02": "EUR"}
    at_ends = [
        {
            "month": f"{name}-01",
            "mrr": Decimal(mrr),
            "currency": currencies[name],
            "currency_mrr": Decimal(mrr),
        }
        for name, mrr in ends
        if mrr
    ]
    same = {"customer_id": "ada", "is_active": True, "plan_id": "basic", "trial_mrr": NOTHING}
    months = by_month(CustomerMonth, *(row | same | {"is_paused": False} for row in at_ends))
    start = {"customer_id": "ada", "month": "2024-02-01", "started_at": started, "activated_at": started}
    starts = by_month(LineStart, *([start] if started else []))
    state = table(CustomerState, {"customer_id": "ada", "first_active_at": since})
    nothing = by_month(CurrencyMonth), by_month(CustomerRevenue)
    found = customer_periods(FEBRUARY, months, nothing[0], starts, nothing[1], state, RATES, "EUR")
    of_month = found.filter(pl.col("period") == "month").collect()
    return of_month.row(0, named=True)


def test_who_is_active_for_the_first_time_is_new() -> None:
    assert period(closing="10", since="2024-02-01")["movement"] == "new"


def test_who_was_active_before_the_opening_is_reactivated() -> None:
    assert period(closing="10", since="2024-01-31")["movement"] == "reactivated"


def test_who_is_active_at_the_opening_only_has_churned() -> None:
    found = period(opening="10", since="2023-01-01")
    assert (found["movement"], found["revalued_opening_mrr"], found["closing_mrr"]) == ("churned", 10, 0)


def test_who_stays_expands_contracts_or_does_neither() -> None:
    moves = [period("10", closing, since="2023-01-01")["movement"] for closing in ("12", "8", "10")]
    assert moves == ["expanded", "contracted", "steady"]


def test_exchange_rates_are_no_movement() -> None:
    """10 USD are 9.50 EUR at the closing, whatever they were at the opening."""
    found = period("10", "9.50", since="2023-01-01", opened_in="USD")
    assert (found["movement"], found["revalued_opening_mrr"]) == ("steady", Decimal("9.50"))


def test_who_comes_and_goes_inside_the_period_is_transient_under_an_unknown_plan() -> None:
    found = period(started="2024-02-10", since="2024-02-10")
    assert (found["movement"], found["plan"]) == ("transient", "(unknown)")


def test_the_plan_is_that_of_the_opening_or_of_the_closing_for_who_had_none() -> None:
    assert period(opening="10")["plan"] == period(closing="10", since="2024-02-02")["plan"] == "basic"


def test_a_month_that_ends_a_quarter_says_what_the_quarter_did_too() -> None:
    empty = by_month(CustomerMonth), by_month(CurrencyMonth)
    start = {"started_at": "2024-03-02", "activated_at": "2024-03-02"}
    starts = by_month(LineStart, {"customer_id": "ada", "month": "2024-03-01"} | start)
    state = table(CustomerState, {"customer_id": "ada", "first_active_at": "2024-03-02"})
    march = month("2024-03")
    found = customer_periods(march, *empty, starts, by_month(CustomerRevenue), state, RATES, "EUR")
    assert rows(found, "period", "movement") == [("month", "transient"), ("quarter", "transient")]
    assert march.opening == at("2024-03-01")
