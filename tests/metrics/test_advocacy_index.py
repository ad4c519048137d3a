"""The advocacy index of answers on a whiteboard: which components count, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loyalty_pipeline.metrics.emerging.advocacy_index import advocacy_index
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.survey_sums import survey_sums
from loyalty_pipeline.staging.survey_events import SurveyEvent
from tests.whiteboard import by_month, month, table

if TYPE_CHECKING:
    from tests.companies import Row

JANUARY = month("2024-01")
WEIGHTS = {"cai_trust_weight": 1.0, "cai_satisfaction_weight": 1.0, "cai_recommendation_weight": 1.0}


def index(min_responses: int = 1, *, weights: dict[str, float] | None = None, **scores: list[int]) -> Row:
    """Return the index of everybody: of each survey the answers of so many customers, from 0 to 10."""
    rows = [
        {
            "month": "2024-01-01",
            "response_id": f"{survey} {number}",
            "kind": "answered",
            "customer_id": f"{number}",
            "survey": survey,
            "occurred_at": "2024-01-10",
            "is_answered": True,
            "scale_min": 0,
            "scale_max": 10,
            "score": score,
        }
        for survey, answers in scores.items()
        for number, score in enumerate(answers)
    ]
    policy: dict[str, Any] = WEIGHTS | (weights or {})
    sums = survey_sums(JANUARY, by_month(SurveyEvent, *rows), table(CustomerCell))
    found = advocacy_index(JANUARY, sums, min_responses, **policy)
    everybody: Row = found.filter(pl.col("segment_by") == "all").collect().row(0, named=True)
    return everybody


def test_the_index_is_the_mean_of_three_means_and_not_of_all_answers() -> None:
    row = index(trust=[6], csat=[10, 10], nps=[2, 4, 6, 8])
    assert (row["trust"], row["satisfaction"], row["recommendation"]) == (60, 100, 50)
    assert (row["cai"], row["responses"]) == (70, 7)


def test_a_component_below_the_fewest_responses_is_published_and_does_not_count() -> None:
    row = index(2, trust=[1], csat=[8, 8], nps=[6, 6])
    assert (row["trust"], row["cai"]) == (10, 70)
    assert index(2, trust=[1, 1], csat=[8, 8], nps=[6, 6])["cai"] == pytest.approx(50)


def test_weights_count_only_where_their_component_does() -> None:
    heavy = {"cai_trust_weight": 6.0, "cai_satisfaction_weight": 1.0, "cai_recommendation_weight": 3.0}
    assert index(weights=heavy, csat=[8], nps=[4])["cai"] == 50
    assert index(weights=heavy, trust=[10], csat=[8], nps=[4])["cai"] == pytest.approx(80)


def test_without_a_component_or_a_weight_there_is_no_index() -> None:
    assert index(5, trust=[9] * 4, csat=[9] * 4)["cai"] is None
    assert index(weights=dict.fromkeys(WEIGHTS, 0.0), trust=[9])["cai"] is None
    assert index()["trust"] is None


def test_a_survey_of_feelings_or_effort_is_no_part_of_it() -> None:
    row = index(emotional=[9, 9], ces=[1])
    assert (row["responses"], row["cai"]) == (0, None)
