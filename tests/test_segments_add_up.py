"""Whatever the company, what its published tables say of the same thing is the same, and parts make the whole."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.demo import write_company
from loyalty_pipeline.pipeline import nightly, open_lake
from loyalty_pipeline.scorecard.scores import scored_columns
from loyalty_pipeline.settings import Settings
from tests.adding_up import (
    ADDING_UP,
    credits_that_are_not_revenue,
    effects_that_leave_a_rest,
    points_that_are_lost,
    reasons_that_are_not_all,
    segmented,
    segments_that_do_not_add_up,
    signals_that_are_not_of_everybody,
    values_that_are_not_of_all,
)
from tests.companies import Tables, lake_over, published
from tests.quotients import OTHERS, QUOTIENTS, intervals_beside_their_value, quotients_that_are_none
from tests.random_companies import made_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.random_companies import MadeUp, T

EXAMPLES = 3


class Drawn:
    """Dice that hypothesis throws."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw

    def one_of(self, options: Sequence[T]) -> T:
        chosen: T = self.draw(st.sampled_from(options))
        return chosen


@st.composite
def companies(draw: Callable[[st.SearchStrategy[Any]], Any], **fixed: Any) -> MadeUp:
    return made_up(Drawn(draw), range(4, 8), **fixed)


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(company=companies())
def test_the_tables_of_any_company_keep_their_promises(company: MadeUp) -> None:
    with TemporaryDirectory() as folder:
        found = published(lake_over(company.raw, Path(folder), **company.settings))
    promises = (*ADDING_UP, intervals_beside_their_value, quotients_that_are_none)
    assert [told for promise in promises for told in promise(found)] == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    company = write_company(tmp_path_factory.mktemp("demo"), customers=300, months=5)
    settings = Settings.load(company.folder / "loyalty.toml", data_dir=company.folder / "data")
    nightly(settings)
    return published(open_lake(settings))


@pytest.mark.slow
def test_nearly_every_table_of_the_demo_company_has_a_segment_to_add_up(demo: Tables) -> None:
    """It asks for feelings once in a while only."""
    cuts = {table: {row["segment_by"] for row in demo[table]} for table in segmented()}
    assert {table for table, by in cuts.items() if by <= {"all"}} <= {"emotional_loyalty", "advocacy_index"}


@pytest.mark.slow
def test_over_the_values_of_a_segment_counts_and_amounts_add_up_to_everybody(demo: Tables) -> None:
    assert segments_that_do_not_add_up(demo) == []


@pytest.mark.slow
def test_what_drives_churn_leaves_no_rest(demo: Tables) -> None:
    assert len({row["metric"] for row in demo["churn_drivers"]}) == 3
    assert effects_that_leave_a_rest(demo) == []


@pytest.mark.slow
def test_every_signal_cuts_the_customers_of_churn(demo: Tables) -> None:
    assert signals_that_are_not_of_everybody(demo) == []


@pytest.mark.slow
def test_the_reasons_of_a_cell_are_those_of_all_who_churned_in_it(demo: Tables) -> None:
    assert len({row["reason"] for row in demo["churn_reasons"]}) > 3
    assert reasons_that_are_not_all(demo) == []


@pytest.mark.slow
def test_what_advocates_are_credited_with_is_advocacy_revenue_to_the_cent(demo: Tables) -> None:
    assert sum(row["direct_revenue"] != 0 for row in demo["advocates"]) > 5
    assert credits_that_are_not_revenue(demo) == []


@pytest.mark.slow
def test_the_values_of_all_customers_are_the_value_of_the_company(demo: Tables) -> None:
    assert sum(row["residual_margin"] > 0 for row in demo["customer_clv"]) > 50
    assert values_that_are_not_of_all(demo) == []


@pytest.mark.slow
def test_points_that_open_or_are_earned_are_redeemed_expire_or_close(demo: Tables) -> None:
    assert points_that_are_lost(demo) == []


@pytest.mark.slow
def test_every_interval_holds_its_value(demo: Tables) -> None:
    assert intervals_beside_their_value(demo) == []


def test_no_scored_rate_is_forgotten_below() -> None:
    divided = {rate for rates in QUOTIENTS.values() for rate in rates}
    scored = {name for contract in segmented().values() for name in scored_columns(contract)}
    assert scored - divided == OTHERS


@pytest.mark.slow
def test_every_rate_is_the_quotient_of_the_measures_beside_it(demo: Tables) -> None:
    asked = [row[rate] for name, rates in QUOTIENTS.items() for rate in rates for row in demo[name]]
    assert sum(rate is not None for rate in asked) > 1000
    assert quotients_that_are_none(demo) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("promise", "table", "column"),
    [
        (segments_that_do_not_add_up, "nps", "promoters"),
        (segments_that_do_not_add_up, "mrr_growth", "closing_mrr"),
        (segments_that_do_not_add_up, "csat", "score_total"),
        (effects_that_leave_a_rest, "churn_drivers", "effect"),
        (signals_that_are_not_of_everybody, "signal_lift", "customers"),
        (reasons_that_are_not_all, "churn_reasons", "churned_customers"),
        (credits_that_are_not_revenue, "advocates", "direct_revenue"),
        (values_that_are_not_of_all, "customer_clv", "clv"),
        (points_that_are_lost, "loyalty_program", "closed_points"),
        (intervals_beside_their_value, "nps", "nps_low"),
        (quotients_that_are_none, "csat", "satisfied"),
    ],
)
def test_one_cell_that_is_another_is_found(
    demo: Tables, promise: Callable[[Tables], list[str]], table: str, column: str
) -> None:
    rows = deepcopy(demo[table])
    wrong = next(row for row in rows if row[column])
    wrong[column] += 3
    assert promise(demo | {table: rows}) != []
