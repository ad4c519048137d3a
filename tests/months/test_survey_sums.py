"""Survey sums of a whiteboard: each survey by itself, and of each customer's answers to it the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.survey_sums import of_survey, survey_sums
from loyalty_pipeline.staging.survey_events import SurveyEvent
from tests.whiteboard import by_month, month, table

if TYPE_CHECKING:
    from tests.companies import Row

JANUARY = month("2024-01")
PROFILE = '{"country":"FR","region":null,"language":null,"customer_segment":null,"acquisition_channel":null}'


def said(name: str, survey: str, day: int, score: int | None = None) -> Row:
    """Draw a question of a survey on a day of January, or the answer to it."""
    return {
        "month": "2024-01-01",
        "response_id": f"{name} {survey} {day}",
        "kind": "asked" if score is None else "answered",
        "customer_id": name,
        "survey": survey,
        "occurred_at": f"2024-01-{day:02}",
        "is_answered": score is not None,
        "scale_min": 0,
        "scale_max": 10,
        "score": score,
    }


def summed(survey: str, *events: Row, people: tuple[Row, ...] = ()) -> dict[tuple[str, str], Row]:
    """Return the sums of a survey by segment and value."""
    known: Any = table(CustomerCell, *people, period="month", was_active=True, is_active=True)
    sums = survey_sums(JANUARY, by_month(SurveyEvent, *events), known)
    rows = of_survey(JANUARY, sums, survey).collect().to_dicts()
    return {(row["segment_by"], row["segment_value"]): row for row in rows}


def test_the_last_answer_to_each_survey_counts() -> None:
    events = (said("ada", "nps", 2, 10), said("ada", "nps", 9, 3), said("ada", "csat", 5, 10))
    nps, csat = (summed(survey, *events)["all", "all"] for survey in ("nps", "csat"))
    assert (nps["responses"], nps["promoters"], nps["detractors"], nps["satisfied"]) == (1, 0, 1, 0)
    assert (csat["responses"], csat["satisfied"], csat["promoters"]) == (1, 1, 1)


def test_points_are_added_up_exactly_with_their_squares() -> None:
    row = summed("ces", said("ada", "ces", 2, 1), said("bob", "ces", 2, 3))["all", "all"]
    assert (row["points"], row["points_squared"]) == (40 * 10**8, 1000 * 10**16)


def test_who_was_asked_and_said_nothing_is_no_response() -> None:
    row = summed("nps", said("ada", "nps", 2))["all", "all"]
    assert (row["invited"], row["answered"], row["responses"], row["points"]) == (1, 0, 0, 0)


def test_a_survey_nobody_was_asked_has_a_row_of_zeros_for_all() -> None:
    rows = summed("trust", said("ada", "nps", 2, 9))
    assert {place: row["invited"] for place, row in rows.items()} == {("all", "all"): 0}


def test_a_missing_word_and_a_person_nobody_knows_are_unknown() -> None:
    ada = {"customer_id": "ada", "profile": PROFILE, "birth_year": 1990, "plan": "pro"}
    rows = summed("nps", said("ada", "nps", 2, 9), said("stranger", "nps", 3, 9), people=(ada,))
    counted = {place: row["responses"] for place, row in rows.items()}
    assert counted["country", "FR"] == counted["country", "(unknown)"] == 1
    assert (counted["region", "(unknown)"], counted["age_band", "25-34"]) == (2, 1)
    assert (counted["plan", "pro"], counted["plan", "(unknown)"]) == (1, 1)
    assert counted["all", "all"] == 2
