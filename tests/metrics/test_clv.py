"""Lifetime value of two customers, worked by hand: Ada pays 10 once for three months, Bob 20 once for one month."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.companies import Row, rows_of
from tests.metrics.lakes import lake_of, landed
from tests.oracle.whiteboard import customer, drawn, paid

TEN, TWENTY = {"total": Decimal(10)}, {"total": Decimal(20)}
TWO = drawn(
    customer(country="DE"),
    customer("bob", country="FR"),
    paid("ada", "10.00", "2024-01-10", "2024-04-10", TEN),
    paid("bob", "20.00", "2024-01-20", "2024-02-20", TWENTY),
)


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    folder = tmp_path_factory.mktemp("two")
    landed(TWO, folder)
    return rows_of(lake_of(folder, "clv", as_of=date(2024, 3, 15), gross_margin=Decimal("0.75")), "clv")


def cell(values: list[Row], month: int, by: str = "all", value: str = "all") -> dict[str, Any]:
    found = [
        row
        for row in values
        if (row["period"], row["period_start"].month, row["segment_by"], row["segment_value"])
        == ("month", month, by, value)
    ]
    assert len(found) == 1
    return found[0]


def test_historic_value_is_all_revenue_so_far_times_the_margin(values: list[Row]) -> None:
    january = cell(values, 1)
    assert (january["customers"], january["historic_revenue"]) == (2, Decimal("30.00"))
    assert january["historic_margin"] == Decimal("22.50")
    assert cell(values, 1, "country", "FR")["historic_margin"] == Decimal("15.00")


def test_simple_value_is_margin_of_an_account_over_mean_churn(values: list[Row]) -> None:
    """February lost one of two; January opened with nobody and has no rate: 10 x 0.75 / 0.5."""
    assert cell(values, 2)["simple_clv"] == 15


def test_simple_value_is_null_without_churn(values: list[Row]) -> None:
    assert cell(values, 1)["simple_clv"] is None
    assert cell(values, 2, "country", "DE")["simple_clv"] is None


def test_the_churn_of_an_incomplete_month_does_not_count_yet(values: list[Row]) -> None:
    assert not cell(values, 3)["is_complete"]
    assert cell(values, 3)["simple_clv"] == 15


def test_nothing_is_expected_before_anybody_came_to_a_renewal(values: list[Row]) -> None:
    fitted = ("residual_margin", "clv", "clv_per_customer", "is_fit_at_edge")
    assert [cell(values, 1)[name] for name in fitted] == [None] * 4
    assert cell(values, 1, "country", "DE")["clv"] is None
    assert None not in [cell(values, 2)[name] for name in fitted]


def test_one_who_left_leaves_his_country_with_what_he_paid_and_nothing_to_come(values: list[Row]) -> None:
    gone = cell(values, 2, "country", "FR")
    assert (gone["residual_margin"], gone["clv"]) == (Decimal(0), Decimal("15.00"))
    assert cell(values, 2, "country", "DE")["residual_margin"] > 0
