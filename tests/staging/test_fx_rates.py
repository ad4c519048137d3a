"""Exchange rates: the latest at or before a day; before the first, the first."""

from datetime import date
from decimal import Decimal

import polars as pl

from loyalty_pipeline.sources.billing import FxRate
from loyalty_pipeline.staging.fx_rates import daily_rates, first_rates
from tests.whiteboard import month, table

STATED = table(
    FxRate,
    {"rate_date": "2024-01-20", "rate": 0.9},
    {"rate_date": "2024-01-25", "rate": 0.92},
    {"rate_date": "2024-03-05", "rate": 0.95},
    {"rate_date": "2024-03-06", "rate": 7.0, "deleted_at": "2024-03-07"},
    {"rate_date": "2024-03-05", "rate": 8.0, "updated_at": "2019-01-01"},
    currency="USD",
)


def rate(month_name: str, day: str, currency: str = "USD") -> Decimal:
    through = STATED.filter(pl.col("rate_date") < pl.lit(date.fromisoformat(f"{month_name}-28")))
    found = daily_rates(month(month_name), through, first_rates(STATED), "EUR").collect()
    is_asked = (pl.col("rate_date") == date.fromisoformat(day)) & (pl.col("currency") == currency)
    exact: Decimal = found.filter(is_asked)["rate"].item()
    return exact


def test_before_the_first_rate_the_first_holds() -> None:
    assert rate("2024-01", "2024-01-03") == Decimal("0.9")
    assert rate("2023-12", "2023-12-31") == Decimal("0.9")


def test_a_rate_holds_until_the_next() -> None:
    assert [rate("2024-01", f"2024-01-{day}") for day in (20, 24, 25, 31)] == list(
        map(Decimal, ("0.9", "0.9", "0.92", "0.92"))
    )


def test_a_rate_is_carried_over_months_without_any() -> None:
    assert rate("2024-02", "2024-02-10") == Decimal("0.92")
    assert rate("2024-03", "2024-03-04") == Decimal("0.92")


def test_a_deleted_rate_never_held_and_a_corrected_one_holds_as_corrected() -> None:
    assert [rate("2024-03", f"2024-03-{day:02}") for day in (5, 6, 31)] == [Decimal("0.95")] * 3


def test_the_reporting_currency_is_worth_itself() -> None:
    assert rate("2024-02", "2024-02-10", "EUR") == 1


def test_every_day_of_the_month_has_every_currency() -> None:
    assert daily_rates(month("2024-02"), STATED, first_rates(STATED), "EUR").collect().height == 29 * 2


def test_a_rate_is_the_decimal_of_its_shortest_text() -> None:
    third = table(FxRate, {"rate_date": "2024-01-01", "currency": "JPY", "rate": 0.00612345678912345})
    assert first_rates(third).collect()["rate"].item() == Decimal("0.006123456789")
