"""The oracle's survey tables against numbers worked on a whiteboard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.exact import wilson
from tests.oracle.whiteboard import Raw, asked, at, customer, drawn, found, month, paid, policy

YEAR = drawn(customer(country="DE"), paid("ada", "10.00", "2024-01-01", "2025-01-01"))


def many(*scores: int | None, survey: str = "nps", **columns: Any) -> Raw:
    """Draw an answer of one person each, all in January."""
    people = [(f"person {number}", score) for number, score in enumerate(scores)]
    return drawn(YEAR, *(asked(name, score, "2024-01-10", survey, **columns) for name, score in people))


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_of_newcombe_1998(part: int, whole: int, low: float, high: float) -> None:
    # Statistics in Medicine 17, table I, method 3.
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_the_nps_and_its_interval_are_those_worked_by_hand() -> None:
    row = month(many(9, 9, 10, 10, 10, 7, 8, 8, 0, 6), "nps")
    assert (row["promoters"], row["passives"], row["detractors"], row["nps"]) == (5, 3, 2, 30.0)
    # The variance is (5 + 2 - 10 x 0.3^2) / 9 = 0.67778; 196.0 x sqrt(0.067778) = 51.026.
    assert (row["nps_low"], row["nps_high"]) == pytest.approx((-21.026, 81.026), abs=5e-4)


def test_the_interval_of_an_nps_stays_inside_its_limits_and_needs_two_answers() -> None:
    row = month(many(10, 10, 0), "nps")
    assert (row["nps"], row["nps_low"], row["nps_high"]) == pytest.approx((33.3333, -97.3309, 100), abs=5e-5)
    alone = month(many(10), "nps")
    assert (alone["nps"], alone["nps_low"], alone["nps_high"]) == (100, None, None)


@pytest.mark.parametrize(
    ("scale", "score", "group"),
    [
        ((0, 10), 6, "detractors"),
        ((1, 10), 9, "promoters"),
        ((1, 10), 7, "passives"),
        ((1, 5), 5, "promoters"),
        ((1, 5), 4, "passives"),  # 75 points
        ((1, 5), 3, "detractors"),
        ((0, 100), 90, "promoters"),
        ((0, 100), 70, "passives"),
        ((0, 100), 69, "detractors"),
        ((1, 7), 6, "passives"),  # 83.33333333 points
    ],
)
def test_a_scale_that_ends_at_ten_is_read_by_its_scores_and_any_other_by_points(
    scale: tuple[int, int], score: int, group: str
) -> None:
    row = month(many(score, scale_min=scale[0], scale_max=scale[1]), "nps")
    groups = ("promoters", "passives", "detractors")
    assert {name: row[name] for name in groups} == dict.fromkeys(groups, 0) | {group: 1}


def test_the_latest_answer_of_a_customer_in_a_period_counts() -> None:
    raw = drawn(
        YEAR, asked("ada", 0, "2024-01-10"), asked("ada", 10, "2024-01-20"), asked("ada", 3, "2024-02-01")
    )
    assert [month(raw, "nps", start)["nps"] for start in ("2024-01", "2024-02")] == [100, -100]
    quarter = found(raw, "nps", period="quarter", segment_by="all")[0]
    assert (quarter["responses"], quarter["nps"], quarter["invited"]) == (1, -100, 3)


def test_of_two_answers_at_one_instant_that_of_the_greatest_response_counts() -> None:
    first = asked("ada", 10, "2024-01-10", response_id="b")
    second = asked("ada", 0, "2024-01-10", response_id="a")
    assert month(drawn(YEAR, first, second), "nps")["nps"] == 100


def test_an_answer_counts_when_it_was_given_and_a_question_when_it_was_asked() -> None:
    raw = drawn(YEAR, asked("ada", 10, "2024-01-31", responded_at=at("2024-02-01")))
    rows = [month(raw, "nps", start) for start in ("2024-01", "2024-02")]
    assert [(row["invited"], row["answered"], row["responses"]) for row in rows] == [(1, 1, 0), (0, 0, 1)]
    assert [row["response_rate"] for row in rows] == [1, None]


def test_an_answer_at_the_as_of_has_not_been_given() -> None:
    raw = drawn(YEAR, asked("ada", 10, "2024-01-10", responded_at=at("2024-01-20")))
    assert month(raw, "nps", settings=policy("2024-01-20"))["answered"] == 0
    assert month(raw, "nps", settings=policy("2024-01-21"))["answered"] == 1


def test_an_answer_without_an_instant_was_given_when_asked_and_an_instant_without_a_score_is_none() -> None:
    silent = asked("bob", None, "2024-01-10", responded_at=at("2024-01-11"))
    row = month(drawn(YEAR, asked("ada", 9, "2024-01-10", responded_at=None), silent), "nps")
    assert (row["invited"], row["answered"], row["responses"]) == (2, 1, 1)


def test_merged_records_have_one_answer_and_whoever_was_deleted_is_unknown() -> None:
    old = customer("old", merged_into_customer_id="ada")
    gone = customer("gone", country="FR", deleted_at=at("2024-01-01"))
    answers = (asked("old", 0, "2024-01-10"), asked("ada", 10, "2024-01-11"), asked("gone", 7, "2024-01-12"))
    raw = drawn(YEAR, old, gone, *answers)
    rows = found(raw, "nps", period="month", segment_by="country")
    assert [(row["segment_value"], row["responses"], row["nps"]) for row in rows] == [
        ("(unknown)", 1, 0),
        ("DE", 1, 100),
    ]


def test_where_no_survey_ever_landed_there_are_no_rows_and_a_deleted_one_is_enough() -> None:
    assert found(YEAR, "nps") == found(YEAR, "csat") == found(YEAR, "advocacy_index") == []
    gone = asked("ada", 9, "2024-01-10", deleted_at=at("2024-01-11"))
    row = month(drawn(YEAR, gone), "nps")
    assert (row["invited"], row["responses"], row["nps"], row["response_rate"]) == (0, 0, None, None)


def test_the_satisfied_are_the_top_two_of_the_scale() -> None:
    row = month(many(5, 4, 3, 1, survey="csat", scale_min=1, scale_max=5), "csat")
    assert (row["satisfied"], row["csat"], row["score_total"], row["mean_score"]) == (2, 0.5, 225.0, 56.25)


def test_a_mean_has_its_t_interval() -> None:
    row = month(many(6, 7, 8, 7, 7, survey="csat"), "csat")
    # The variance is 200 / 4 = 50; 2.776445 x sqrt(50 / 5) = 8.77989.
    low, high = row["mean_score_low"], row["mean_score_high"]
    assert (low, row["mean_score"], high) == pytest.approx((61.22011, 70, 78.77989), abs=5e-6)
    one = month(many(6, survey="csat"), "csat")
    assert (one["mean_score"], one["mean_score_low"]) == (60, None)
    apart = month(many(0, 10, survey="csat"), "csat")
    assert (apart["mean_score_low"], apart["mean_score_high"]) == (0, 100)


def test_low_effort_is_the_lowest_third_itself_included() -> None:
    row = month(many(1, 3, 4, 7, survey="ces", scale_min=1, scale_max=7), "ces")
    # 0, 33.33333333, 50 and 100 points
    assert (row["low_effort"], row["effort_total"], row["low_effort_share"]) == (2, 183.33333333, 0.5)
    assert row["ces"] == pytest.approx(183.33333333 / 4)


def test_each_survey_has_a_table_of_its_own() -> None:
    raw = drawn(YEAR, asked("ada", 1, "2024-01-10", "ces"), asked("ada", 9, "2024-01-10", "emotional"))
    assert month(raw, "nps")["invited"] == month(raw, "csat")["invited"] == 0
    row = month(raw, "emotional_loyalty")
    assert (row["responses"], row["score_total"], row["eli"], row["eli_low"]) == (1, 90.0, 90.0, None)


def test_the_advocacy_index_is_the_mean_of_the_components_with_answers_enough() -> None:
    raw = drawn(many(8, 6, survey="trust"), many(10, 9, survey="csat"), many(0, survey="nps"))
    row = month(raw, "advocacy_index", settings=policy(min_responses=2, cai_satisfaction_weight=3.0))
    assert (row["trust"], row["satisfaction"], row["recommendation"]) == (70, 95, 0)
    assert row["cai"] == (70 + 3 * 95) / 4
    assert month(raw, "advocacy_index")["cai"] is None
    weightless = policy(min_responses=2, cai_satisfaction_weight=0.0, cai_trust_weight=0.0)
    assert month(raw, "advocacy_index", settings=weightless)["cai"] is None
