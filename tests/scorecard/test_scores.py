"""Every metric that a contract calls scored is a score, with what stands behind it."""

from __future__ import annotations

from collections import Counter
from inspect import signature
from typing import TYPE_CHECKING, Any, get_type_hints

import dataframely as dy
import polars as pl
import pytest

from loyalty_pipeline.catalogue import METRICS, tables
from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.scorecard.scores import scored_columns, scores
from tests.whiteboard import month, table

if TYPE_CHECKING:
    from loyalty_pipeline.periods import PeriodTable

JANUARY = month("2024-01")
PLACE = {"period": "month", "period_start": "2024-01-01", "period_end": "2024-02-01", "is_complete": True}
CONTRACTS = {
    name: spec.contract for name, spec in tables().items() if name in {one.__name__ for one in METRICS}
}
SCORED = {name: scored_columns(contract) for name, contract in CONTRACTS.items() if scored_columns(contract)}


def made(**rows: pl.LazyFrame) -> pl.DataFrame:
    """Return the scores of some tables; the others are empty."""
    names = [name for name in signature(scores).parameters if name != "window"]
    empty = {name: table(CONTRACTS[name]) for name in names}
    return scores(JANUARY, **empty | rows).collect()


def filled(contract: type[PeriodTable], **cells: Any) -> pl.LazyFrame:
    """Return one row of a contract with a 1 in every number."""
    numbers = {
        name: dtype.to_python()(1) for name, dtype in polars_schema(contract).items() if dtype.is_numeric()
    }
    return table(contract, PLACE | {"segment_by": "all", "segment_value": "all"} | numbers | cells)


def test_scores_read_every_table_with_a_scored_column() -> None:
    assert set(SCORED) == set(signature(scores).parameters) - {"window"}
    assert len(SCORED) > 15


def test_a_metric_has_one_name_in_all_tables() -> None:
    names = Counter(column for columns in SCORED.values() for column in columns)
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize(
    ("name", "column"), [(name, column) for name, columns in SCORED.items() for column in columns]
)
def test_every_scored_column_is_a_score_and_null_is_none(name: str, column: str) -> None:
    contract: Any = CONTRACTS[name]
    found = made(**{name: filled(contract)})
    row = found.row(by_predicate=pl.col("metric") == column, named=True)
    assert (row["value"], row["observations"], row["segment_by"]) == (1.0, 1, "all")
    assert row["is_high_good"] == SCORED[name][column].is_high_good
    assert found.height == len(SCORED[name])
    without = made(**{name: filled(contract, **{column: None})})
    assert column not in without["metric"].to_list()


@pytest.mark.parametrize("name", SCORED)
def test_what_stands_behind_a_score_is_a_count_beside_it(name: str) -> None:
    columns = CONTRACTS[name].columns()
    assert {type(columns[scored.observations]) for scored in SCORED[name].values()} == {dy.Int64}


def test_an_interval_is_the_metric_s_own_and_else_the_value() -> None:
    nps = filled(CONTRACTS["nps"], nps=30.0, nps_low=10.0, nps_high=50.0, responses=40)
    few = filled(CONTRACTS["nps"], nps=30.0, nps_low=None, nps_high=None, responses=1)
    ends = ("value", "low", "high", "observations")
    assert made(nps=nps).select(ends).row(0) == (30.0, 10.0, 50.0, 40)
    assert made(nps=few).select(ends).row(0) == (30.0, 30.0, 30.0, 1)
    growth = made(mrr_growth=filled(CONTRACTS["mrr_growth"], nrr=1.25, opening_customers=8))
    row = growth.row(by_predicate=pl.col("metric") == "nrr", named=True)
    assert tuple(row[name] for name in ends) == (1.25, 1.25, 1.25, 8)


def test_a_metric_of_a_channel_or_a_platform_keeps_its_segment() -> None:
    app = filled(CONTRACTS["engagement"], segment_by="channel", segment_value="app")
    found = made(engagement=app)
    assert found.select("segment_by", "segment_value").unique().rows() == [("channel", "app")]


def test_the_contract_of_a_table_is_the_one_that_its_scores_are_read_by() -> None:
    hints = get_type_hints(scores)
    assert all(str(CONTRACTS[name].__name__) in str(hints[name]) for name in SCORED)
