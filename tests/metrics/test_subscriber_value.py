"""What five subscribers may still bring, from their spells to the value of each, worked by hand.

Ada, Bob and Dan begin in January, Cy in February. Bob leaves in February, Dan in March, and comes back in April. Eve comes and
goes in March. The as-of is 15 May: April is the last month that is over.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from loyalty_pipeline.lake.frames import frame
from loyalty_pipeline.models.sbg import Sbg, expected_payments, fit_sbg, survival
from tests.companies import rows_of
from tests.metrics.lakes import lake_of, landed
from tests.oracle.whiteboard import customer, drawn, item, paid

if TYPE_CHECKING:
    from pathlib import Path

    from loyalty_pipeline.lake.lake import Lake
    from tests.companies import Row

FIVE = drawn(
    *(customer(name) for name in ("ada", "bob", "cy", "dan", "eve")),
    item("ada", "10.00", "2024-01-10", None),
    item("bob", "20.00", "2024-01-20", "2024-02-20"),
    item("cy", "29.99", "2024-02-05", None),
    item("dan", "40.00", "2024-01-05", "2024-03-01"),
    item("dan", "35.00", "2024-04-10", None),
    item("eve", "5.00", "2024-03-03", "2024-03-20"),
    paid("ada", "10.00", "2024-01-10", "2024-02-10", {"total": Decimal("10.00")}),
    paid("dan", "40.01", "2024-01-05", "2024-03-01", {"total": Decimal("40.01")}),
)
POLICY = {
    "gross_margin": Decimal("0.75"),
    "discount_rate": 0.12,
    "clv_holdout_months": 1,
    "mrr_source": "subscription_items",
}
TABLES = ("customer_clv", "clv", "clv_backtests")
MONTHLY_RATE = 1.12 ** (1 / 12) - 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("five")
    landed(FIVE, place)
    return place


@pytest.fixture(scope="module")
def first_month(folder: Path) -> list[Row]:
    """The value of each at the end of January."""
    return rows_of(lake_of(folder, *TABLES, as_of=date(2024, 2, 1), **POLICY), "customer_clv")


@pytest.fixture(scope="module")
def lake(folder: Path, first_month: list[Row]) -> Lake:
    """The lake in May, which was there in January."""
    assert first_month
    return lake_of(folder, *TABLES, as_of=date(2024, 5, 15), **POLICY)


def at(lake: Lake, table: str, closes_on: str) -> list[Row]:
    return [row for row in rows_of(lake, table) if row["closes_on"] == date.fromisoformat(closes_on)]


def fit_at(lake: Lake, closes_on: str) -> Sbg:
    (row,) = at(lake, "retention_fits", closes_on)
    return Sbg(row["alpha"], row["beta"], row["log_likelihood"], row["is_fit_at_edge"])


def fitted(*groups: tuple[int, bool, int]) -> Sbg:
    found = fit_sbg(pl.DataFrame(groups, schema=["age", "is_lost", "customers"], orient="row"))
    assert found
    return found


def test_who_comes_back_begins_another_spell(lake: Lake) -> None:
    spells = {
        row["customer_id"]: (row["since"], row["is_first"]) for row in month_of(lake, "spells", "2024-04")
    }
    assert spells == {
        "ada": (date(2024, 1, 1), True),
        "cy": (date(2024, 2, 1), True),
        "dan": (date(2024, 4, 1), False),
    }


def month_of(lake: Lake, table: str, month: str) -> list[Row]:
    parts = lake.manifest.between(table, month, month)
    return frame(lake.tables[table].contract, parts, lake.store).collect().to_dicts()


def test_a_cohort_has_first_spells_that_lasted_to_a_closing_and_their_ends(lake: Lake) -> None:
    """Neither Eve, who was there at no closing, nor Dan's second spell."""
    january, february, march = (date(2024, number, 1) for number in (1, 2, 3))
    found = [tuple(row.values()) for row in rows_of(lake, "tenures")]
    assert sorted(found) == [
        (january, january, 3, 0),
        (february, january, 0, 1),
        (february, february, 1, 0),
        (march, january, 0, 1),
    ]


def test_the_model_knows_first_spells_in_months_that_are_over(lake: Lake) -> None:
    """One lost at the first renewal, one at the second; Ada has survived three, Cy two."""
    (row,) = at(lake, "retention_fits", "2024-05-15")
    assert (row["cohorts"], row["customers"], row["lost_customers"]) == (2, 4, 2)
    assert fit_at(lake, "2024-05-15") == fitted((0, True, 1), (1, True, 1), (2, False, 1), (3, False, 1))
    assert fit_at(lake, "2024-05-01") == fit_at(lake, "2024-05-15")


def test_before_anybody_came_to_a_renewal_there_is_a_row_without_a_model(lake: Lake) -> None:
    (row,) = at(lake, "retention_fits", "2024-02-01")
    assert (row["cohorts"], row["customers"], row["lost_customers"]) == (1, 3, 0)
    assert (row["alpha"], row["beta"], row["is_fit_at_edge"]) == (None, None, None)


def residual(lake: Lake, mrr: str, renewals: int) -> Decimal:
    """Return MRR times margin times the payments expected of who has survived so many renewals."""
    (months,) = expected_payments(fit_at(lake, "2024-05-15"), np.array([renewals]), MONTHLY_RATE)
    return round(Decimal(float(mrr) * 0.75 * float(months)), 4)


def test_what_is_expected_is_mrr_times_margin_times_the_payments_of_a_spell_of_that_age(lake: Lake) -> None:
    """Ada has survived three renewals, Cy two, Dan's second spell none; of Bob and Eve nothing is expected."""
    expected = {
        "ada": residual(lake, "10.00", 3),
        "cy": residual(lake, "29.99", 2),
        "dan": residual(lake, "35.00", 0),
    }
    found = month_of(lake, "customer_residuals", "2024-05")
    assert {row["customer_id"]: row["residual_margin"] for row in found} == expected


def test_each_customer_has_its_own_value_and_all_add_up_to_that_of_the_company(lake: Lake) -> None:
    each = {row["customer_id"]: row for row in rows_of(lake, "customer_clv")}
    assert sorted(each) == ["ada", "bob", "cy", "dan", "eve"]
    assert (each["bob"]["residual_margin"], each["bob"]["clv"]) == (0, 0)
    dan = each["dan"]
    assert (dan["historic_revenue"], dan["historic_margin"]) == (Decimal("40.01"), Decimal("30.01"))
    # 40.01 x 0.75 is 30.0075: the value is rounded once, with what is expected.
    assert dan["clv"] == round(Decimal("30.0075") + residual(lake, "35.00", 0), 2)
    (company,) = [
        row
        for row in rows_of(lake, "clv")
        if (row["period"], row["period_start"], row["segment_by"]) == ("month", date(2024, 5, 1), "all")
    ]
    for name in ("historic_revenue", "historic_margin", "residual_margin", "clv"):
        assert abs(sum(row[name] for row in each.values()) - company[name]) <= Decimal("0.03")
    assert company["customers"] == len(each)


def test_the_value_of_each_is_that_of_the_newest_closing_however_often_the_as_of_moves_on(
    lake: Lake, first_month: list[Row]
) -> None:
    assert {(row["customer_id"], row["closes_on"]) for row in first_month} == {
        (name, date(2024, 2, 1)) for name in ("ada", "bob", "dan")
    }
    assert {(row["residual_margin"], row["clv"]) for row in first_month} == {(None, None)}
    assert {row["closes_on"] for row in rows_of(lake, "customer_clv")} == {date(2024, 5, 15)}


def backtest(lake: Lake, closes_on: str) -> dict[str, Any]:
    (row,) = at(lake, "clv_backtests", closes_on)
    return row


def test_a_back_test_asks_the_fit_of_then_how_many_would_stay(lake: Lake) -> None:
    """At the end of February Ada and Dan have survived one renewal and Cy none; in March Dan leaves."""
    row, fit = backtest(lake, "2024-04-01"), fit_at(lake, "2024-03-01")
    kept = survival(fit, np.arange(3))
    assert (row["quantity"], row["held_out_months"]) == ("retained customers", 1)
    assert (row["customers"], row["actual"]) == (3, 2)
    assert row["predicted"] == pytest.approx(2 * kept[2] / kept[1] + kept[1])
    assert row["error"] == pytest.approx(row["predicted"] / 2 - 1)
    assert row["is_fit_at_edge"] == fit.at_edge


def test_a_second_spell_is_in_no_back_test(lake: Lake) -> None:
    """In April Ada and Cy stay; Dan, who is back, is not among those of whom the model spoke."""
    row, kept = backtest(lake, "2024-05-01"), survival(fit_at(lake, "2024-04-01"), np.arange(4))
    assert (row["customers"], row["actual"]) == (2, 2)
    assert row["predicted"] == pytest.approx(kept[3] / kept[2] + kept[2] / kept[1])


def test_there_is_no_back_test_without_a_fit_then_nor_of_a_month_that_is_not_over(lake: Lake) -> None:
    assert [row["closes_on"] for row in rows_of(lake, "clv_backtests")] == [
        date(2024, 4, 1),
        date(2024, 5, 1),
    ]
