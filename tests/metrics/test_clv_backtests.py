"""Back-tests of purchasers: the fits of CDNOW hold three customers against what they did in the half year after."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loyalty_pipeline.metrics.clv_backtests import clv_backtests
from loyalty_pipeline.models.bg_nbd import BgNbd, expected_purchases
from loyalty_pipeline.models.gamma_gamma import GammaGamma, conditional_mean_spend
from loyalty_pipeline.months.customer_revenue import CustomerValue
from loyalty_pipeline.months.purchase_models import ClvFit
from loyalty_pipeline.months.retention_fits import RetentionFit
from loyalty_pipeline.months.spells import Tenure
from tests.whiteboard import month, table

if TYPE_CHECKING:
    from loyalty_pipeline.periods import Window
    from tests.companies import Row

DECEMBER = month("2024-12")
CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "v": 15.44}
FIT = CDNOW | {
    "closes_on": "2024-07-01",
    "log_likelihood": -1.0,
    "spend_log_likelihood": -1.0,
    "is_fit_at_edge": False,
}


def bought(name: str, days: int, repeat: str, first: str, last: str) -> Row:
    """Draw what a customer's days of purchase came to."""
    amounts = {"revenue": Decimal(100), "repeat_revenue": Decimal(repeat)}
    return amounts | {
        "customer_id": name,
        "purchase_days": days,
        "first_purchase_on": first,
        "last_purchase_on": last,
    }


THEN = (
    bought("ada", 3, "50", "2024-03-02", "2024-06-08"),
    bought("bob", 1, "0", "2024-05-19", "2024-05-19"),
    bought("cy", 2, "20", "2024-01-07", "2024-02-04"),
)
NOW = (
    bought("ada", 5, "110.5", "2024-03-02", "2024-11-30"),
    bought("bob", 2, "7.25", "2024-05-19", "2024-09-01"),
    bought("cy", 2, "20", "2024-01-07", "2024-02-04"),
    bought("dan", 4, "90", "2024-07-01", "2024-12-24"),
)


def told(
    window: Window = DECEMBER,
    fits: tuple[dict[str, Any], ...] = (FIT,),
    now: tuple[Row, ...] = NOW,
    months: int = 6,
) -> dict[str, Row]:
    found = clv_backtests(
        window,
        tenures=table(Tenure),
        retention_fits=table(RetentionFit),
        clv_fits=table(ClvFit, *fits),
        value_then=table(CustomerValue, *THEN),
        value_now=table(CustomerValue, *now),
        clv_holdout_months=months,
    )
    return {row["quantity"]: row for row in found.collect().to_dicts()}


def test_what_came_is_counted_of_those_who_were_known() -> None:
    """Ada two days for 60.5 and Bob one for 7.25; Dan, who came later, is nobody of whom the model spoke."""
    rows = told()
    assert {name: (row["customers"], row["actual"]) for name, row in rows.items()} == {
        "purchases": (3, 3.0),
        "revenue of purchases": (3, 67.75),
    }
    assert {row["held_out_months"] for row in rows.values()} == {6}


def test_what_was_foretold_is_what_the_models_say_of_the_days_held_out() -> None:
    """From 30 June to 31 December are 184 days; histories are told in weeks."""
    known = pl.DataFrame(
        {
            "frequency": [2, 0, 1],
            "recency": [98 / 7, 0.0, 28 / 7],
            "t": [120 / 7, 42 / 7, 175 / 7],
            "mean_spend": [25.0, None, 20.0],
        }
    )
    purchases = expected_purchases(BgNbd(0.243, 4.414, 0.793, 2.426, 0.0, at_edge=False), known, 184 / 7)
    spend = conditional_mean_spend(GammaGamma(6.25, 3.74, 15.44, 0.0, at_edge=False), known)
    rows = told()
    assert rows["purchases"]["predicted"] == pytest.approx(purchases.sum())
    assert rows["revenue of purchases"]["predicted"] == pytest.approx((purchases * spend).sum())
    assert rows["purchases"]["error"] == pytest.approx(purchases.sum() / 3 - 1)


def test_where_nothing_came_there_is_no_error() -> None:
    rows = told(now=THEN)
    assert {(row["actual"], row["error"]) for row in rows.values()} == {(0.0, None)}
    assert all(row["predicted"] > 0 for row in rows.values())


def test_a_fit_at_the_edge_says_so_in_its_back_test() -> None:
    assert {row["is_fit_at_edge"] for row in told(fits=(FIT | {"is_fit_at_edge": True},)).values()} == {True}


@pytest.mark.parametrize("missing", ["r", "p"])
def test_there_is_no_back_test_where_one_of_the_models_could_not_be_fitted(missing: str) -> None:
    assert told(fits=(FIT | {missing: None},)) == {}
    assert told(fits=()) == {}


def test_there_is_no_back_test_of_a_month_that_the_as_of_cuts() -> None:
    assert told(window=month("2024-12", as_of="2024-12-31")) == {}
    assert len(told(window=month("2024-12", as_of="2025-01-01"))) == 2
