"""Fits of first spells against Fader & Hardie (2007), "How to Project Customer Retention", with months for its years."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loyalty_pipeline.models.sbg import fit_sbg
from loyalty_pipeline.months.retention_fits import last_complete, retention_fits
from loyalty_pipeline.months.spells import Tenure
from loyalty_pipeline.periods import plus
from tests.whiteboard import month, table

if TYPE_CHECKING:
    from loyalty_pipeline.periods import Window
    from tests.companies import Row

# Customers of years 0 to 7: table 1 of the paper, as customers of 1000.
HIGH_END = (1000, 869, 743, 653, 593, 551, 517, 491)
REGULAR = (1000, 631, 468, 382, 326, 289, 262, 241)
JANUARY = date(2024, 1, 1)
AUGUST = month("2024-08")


def cohort(kept: tuple[int, ...], begun: date = JANUARY) -> list[Row]:
    """Draw a cohort of which so many were there at each closing."""
    started = {"month": begun, "cohort": begun, "started_customers": kept[0], "left_customers": 0}
    left = [
        started | {"month": plus(begun, age + 1), "started_customers": 0, "left_customers": before - after}
        for age, (before, after) in enumerate(pairwise(kept))
    ]
    return [started, *left]


def fits(window: Window, *tenures: Row, activity: str = "subscriptions") -> list[Row]:
    found: list[Row] = retention_fits(window, table(Tenure, *tenures), activity).collect().to_dicts()
    return found


def fit(window: Window, *tenures: Row, **settings: Any) -> Row:
    (found,) = fits(window, *tenures, **settings)
    return found


@pytest.mark.parametrize(
    ("kept", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.16), (REGULAR, 0.704, 1.182, -1680.27)],
    ids=["high end", "regular"],
)
def test_the_cohorts_of_the_paper_give_its_parameters(
    kept: tuple[int, ...], alpha: float, beta: float, log_likelihood: float
) -> None:
    found = fit(AUGUST, *cohort(kept))
    assert (found["alpha"], found["beta"]) == pytest.approx((alpha, beta), abs=5e-4)
    assert found["log_likelihood"] == pytest.approx(log_likelihood, abs=5e-3)
    assert (found["customers"], found["lost_customers"], found["cohorts"]) == (1000, 1000 - kept[-1], 1)
    assert (found["closes_on"], found["is_fit_at_edge"]) == (date(2024, 9, 1), False)


def test_a_month_that_the_as_of_cuts_waits_until_it_is_over() -> None:
    leaving = {"month": "2024-09-01", "cohort": "2024-01-01", "started_customers": 0, "left_customers": 200}
    begun = {"month": "2024-09-01", "cohort": "2024-09-01", "started_customers": 50, "left_customers": 0}
    cut = fit(month("2024-09", as_of="2024-09-30"), *cohort(REGULAR), leaving, begun)
    whole = fit(month("2024-09", as_of="2024-10-01"), *cohort(REGULAR), leaving, begun)
    assert cut["closes_on"] == date(2024, 9, 30)
    assert cut | {"closes_on": None} == fit(AUGUST, *cohort(REGULAR)) | {"closes_on": None}
    assert (whole["customers"], whole["lost_customers"], whole["cohorts"]) == (1050, 959, 2)
    assert whole["alpha"] != cut["alpha"]


def test_a_young_cohort_knows_only_the_renewals_that_it_came_to() -> None:
    """What begins in June has come to two renewals by August: of 500 customers 100 left at the first, 50 at the second."""
    found = fit(AUGUST, *cohort((500, 400, 350), date(2024, 6, 1)), *cohort(REGULAR))
    lost = [(age, True, before - after) for age, (before, after) in enumerate(pairwise(REGULAR))]
    groups = [
        (0, True, lost[0][2] + 100),
        (1, True, lost[1][2] + 50),
        *lost[2:],
        (2, False, 350),
        (7, False, 241),
    ]
    by_hand = fit_sbg(pl.DataFrame(groups, schema=["age", "is_lost", "customers"], orient="row"))
    assert by_hand
    assert (found["cohorts"], found["customers"], found["lost_customers"]) == (2, 1500, 909)
    assert (found["alpha"], found["beta"]) == pytest.approx((by_hand.alpha, by_hand.beta))
    assert found["log_likelihood"] == pytest.approx(by_hand.log_likelihood)


def test_the_order_of_rows_decides_nothing() -> None:
    rows = [*cohort(REGULAR), *cohort(HIGH_END[:5], date(2024, 4, 1))]
    assert fit(AUGUST, *rows) == fit(AUGUST, *reversed(rows))


def test_customers_without_a_renewal_make_a_row_without_parameters() -> None:
    found = fit(month("2024-01"), cohort(REGULAR)[0])
    assert (found["customers"], found["lost_customers"]) == (1000, 0)
    assert [found[name] for name in ("alpha", "beta", "log_likelihood", "is_fit_at_edge")] == [None] * 4


def test_there_is_no_row_without_a_first_spell_nor_where_customers_do_not_subscribe() -> None:
    assert fits(AUGUST) == []
    assert fits(month("2024-01", as_of="2024-01-20"), cohort(REGULAR)[0]) == []
    assert fits(AUGUST, *cohort(REGULAR), activity="purchases") == []


@pytest.mark.parametrize(
    ("as_of", "last"),
    [("2024-09-01", "2024-08-01"), ("2024-08-31", "2024-07-01"), ("2030-01-01", "2024-08-01")],
)
def test_the_last_complete_month_is_over_at_the_closing(as_of: str, last: str) -> None:
    assert last_complete(month("2024-08", as_of=as_of)) == date.fromisoformat(last)
