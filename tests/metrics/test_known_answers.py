"""Metrics and their intervals against worked examples: of the literature where there is one, else of a whiteboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loyalty_pipeline.metrics.ces import ces
from loyalty_pipeline.metrics.churn_drivers import churn_drivers
from loyalty_pipeline.metrics.csat import csat
from loyalty_pipeline.metrics.emerging.emotional_loyalty import emotional_loyalty
from loyalty_pipeline.metrics.nps import nps
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.segment_periods import SegmentPeriod
from loyalty_pipeline.months.survey_sums import survey_sums
from loyalty_pipeline.ratio import proportion
from loyalty_pipeline.staging.survey_events import SurveyEvent
from tests.whiteboard import by_month, month, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.companies import Row

JANUARY, FEBRUARY = month("2024-01"), month("2024-02")
OF_JANUARY = {"month": "2024-01-01", "kind": "answered", "occurred_at": "2024-01-10", "is_answered": True}
SURVEYS: dict[Callable[..., Any], str] = {
    nps: "nps",
    csat: "csat",
    ces: "ces",
    emotional_loyalty: "emotional",
}


def answered(metric: Callable[..., Any], scores: Iterable[int], scale: tuple[int, int] = (0, 10)) -> Row:
    """Return the metric of everybody in January, of one answer of each of so many customers."""
    low, high = scale
    rows = [
        {
            "response_id": f"{number:04}",
            "customer_id": f"{number:04}",
            "survey": SURVEYS[metric],
            "scale_min": low,
            "scale_max": high,
            "score": score,
        }
        | OF_JANUARY
        for number, score in enumerate(scores)
    ]
    sums = survey_sums(JANUARY, by_month(SurveyEvent, *rows), table(CustomerCell))
    found = metric(JANUARY, sums)
    everybody: Row = found.filter(pl.col("segment_by") == "all").collect().row(0, named=True)
    return everybody


def test_half_promoters_a_third_passives_a_sixth_detractors_are_an_nps_of_a_third_within_4_1_points() -> None:
    """The hat of tickets in an answer to "How can I calculate margin of error in a NPS result?" on Cross Validated.

    The variance of its tickets is 5/9: of 324 customers the score has a standard error of 0.745 / 18, 4.1 points.
    """
    row = answered(nps, [9] * 162 + [8] * 108 + [6] * 54)
    assert (row["promoters"], row["passives"], row["detractors"]) == (162, 108, 54)
    assert row["nps"] == pytest.approx(100 / 3)
    assert (row["nps_high"] - row["nps"]) / 1.96 == pytest.approx(4.1, abs=0.05)
    # Of a sample, 323 stands for 324: sqrt(5/9 / 323) = 0.0414726.
    assert (row["nps_low"], row["nps_high"]) == pytest.approx((25.20486, 41.46181), abs=5e-5)


def test_an_nps_of_customers_who_all_say_the_same_has_no_doubt_and_one_alone_no_interval() -> None:
    alike = answered(nps, [10] * 7)
    assert (alike["nps_low"], alike["nps"], alike["nps_high"]) == (100, 100, 100)
    alone = answered(nps, [3])
    assert (alone["nps_low"], alone["nps"], alone["nps_high"]) == (None, -100, None)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_of_proportions_are_wilson_s(part: int, whole: int, low: float, high: float) -> None:
    """Newcombe (1998), "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, table I, method 3."""
    rows = pl.DataFrame({"part": [part], "whole": [whole]}).select(**proportion("rate", "part", "whole"))
    rate, rate_low, rate_high = rows.row(0)
    assert rate == part / whole
    assert (rate_low, rate_high) == pytest.approx((low, high), abs=5e-5)


def test_a_mean_score_has_the_t_interval_worked_by_hand() -> None:
    """2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares about it 32, so s = sqrt(32 / 7); Student's t of 7 degrees is 2.3646."""
    row = answered(csat, [2, 4, 4, 4, 5, 5, 7, 9])
    assert (row["responses"], row["score_total"], row["mean_score"]) == (8, 400, 50)
    # 2.364624 x 2.138090 / sqrt(8) = 1.787488 steps of the scale, 10 points each.
    assert (row["mean_score_low"], row["mean_score_high"]) == pytest.approx((32.12512, 67.87488), abs=5e-5)


def test_a_mean_score_stays_on_its_scale_and_one_answer_has_no_interval() -> None:
    few = answered(csat, [10, 10, 9])
    # 96.6667 +/- 4.302653 x 10 / 3.
    assert (few["mean_score_low"], few["mean_score_high"]) == pytest.approx((82.32449, 100), abs=5e-5)
    alike = answered(csat, [7, 7, 7])
    assert (alike["mean_score_low"], alike["mean_score"], alike["mean_score_high"]) == (70, 70, 70)
    alone = answered(csat, [7])
    assert (alone["mean_score"], alone["mean_score_low"], alone["mean_score_high"]) == (70, None, None)


def test_satisfied_are_the_top_two_of_a_scale_whatever_its_length() -> None:
    assert answered(csat, [1, 3, 4, 5, 5], scale=(1, 5))["csat"] == 0.6
    assert answered(csat, [6, 7, 5, 1], scale=(1, 7))["csat"] == 0.5
    assert answered(csat, [98, 99, 100], scale=(0, 100))["satisfied"] == 2


def test_effort_is_the_mean_of_how_far_along_the_scale_answers_are() -> None:
    """1, 3, 4 and 7 of 1 to 7 are 0, 33.3, 50 and 100 points; 3 is the last of the lowest third."""
    row = answered(ces, [1, 3, 4, 7], scale=(1, 7))
    assert (row["effort_total"], row["ces"]) == (183.33333333, pytest.approx(45.83333333, abs=1e-8))
    assert (row["low_effort"], row["low_effort_share"]) == (2, 0.5)
    assert answered(ces, [4, 5], scale=(1, 10))["low_effort"] == 1


def test_emotional_loyalty_of_two_answers_says_next_to_nothing() -> None:
    """4 and 5 of 1 to 5 are 75 and 100 points: 87.5 +/- 12.7062 x 12.5 is more than the whole scale."""
    row = answered(emotional_loyalty, [4, 5], scale=(1, 5))
    assert (row["eli"], row["eli_low"], row["eli_high"]) == (87.5, 0, 100)


# Das Gupta (1993), "Standardization and Decomposition of Rates: A User's Manual", example 5.1, with what the R package DasGuptR
# makes of it: people by age, from 15 on, and the share of them who head a household, both in per cent, in 1970 and 1985.
AGES = (
    "15-19",
    "20-24",
    "25-29",
    "30-34",
    "35-39",
    "40-44",
    "45-49",
    "50-54",
    "55-59",
    "60-64",
    "65-69",
    "70-74",
    "75+",
)
SIZES = {
    "2024-01-01": (12.9, 10.9, 9.5, 8.0, 7.8, 8.4, 8.6, 7.8, 7.0, 5.9, 4.7, 3.6, 4.9),
    "2024-02-01": (10.1, 11.2, 11.6, 10.9, 9.4, 7.7, 6.3, 6.0, 6.3, 5.9, 5.1, 4.0, 5.5),
}
RATES = {
    "2024-01-01": (1.9, 25.8, 45.7, 49.6, 51.2, 51.6, 51.8, 54.9, 58.7, 60.4, 62.8, 66.6, 66.8),
    "2024-02-01": (2.2, 24.3, 45.8, 52.5, 56.1, 55.6, 56.0, 57.4, 57.2, 61.2, 63.9, 68.6, 72.2),
}  # fmt: skip


def churned(start: str, cells: dict[str, tuple[int, int]]) -> list[Row]:
    """Return the segment periods of a month, of opened and churned customers by age and of all."""
    everybody = tuple(sum(part) for part in zip(*cells.values(), strict=True))
    place = {"period": "month", "period_start": start, "is_complete": True}
    rows = [("all", "all", everybody), *(("age_band", age, cell) for age, cell in cells.items())]
    return [
        place
        | {"segment_by": by, "segment_value": value, "opening_customers": opened, "churned_customers": gone}
        | {"retained_customers": opened - gone}
        for by, value, (opened, gone) in rows
    ]


def driven(*months: list[Row], metric: str = "customer_churn_rate") -> pl.DataFrame:
    """Return what drove a metric by age from January to February."""
    zeros = {name: 0 for name in SegmentPeriod.columns() if name.endswith(("_mrr", "revenue"))}
    sums = table(SegmentPeriod, *(row for rows in months for row in rows), **zeros)
    cut = churn_drivers(FEBRUARY, sums).filter(pl.col("segment_by") == "age_band", pl.col("metric") == metric)
    return cut.sort("segment_value").collect()


def test_what_rates_and_what_mix_did_to_a_rate_is_what_das_gupta_found() -> None:
    """1.7403 points of the 2.9672 from 44.7268 to 47.6940 are the rates', 1.2269 the ages'."""
    months = [
        churned(
            start,
            {
                age: (round(size * 10_000), round(size * rate * 100))
                for age, size, rate in zip(AGES, SIZES[start], RATES[start], strict=True)
            },
        )
        for start in SIZES
    ]
    found = driven(*months)
    by_age = dict(found.select("segment_value", "rate").iter_rows())
    assert by_age == pytest.approx(dict(zip(AGES, (rate / 100 for rate in RATES["2024-02-01"]), strict=True)))
    assert found["overall_change"].unique().to_list() == pytest.approx([0.029672], abs=5e-7)
    assert found["rate_effect"].sum() == pytest.approx(0.017403, abs=5e-7)
    assert found["mix_effect"].sum() == pytest.approx(0.012269, abs=5e-7)
    kept = driven(*months, metric="crr")
    assert kept["effect"].to_list() == pytest.approx([-effect for effect in found["effect"]])


def test_a_segment_that_grows_with_a_rate_above_all_drives_the_rate_up() -> None:
    """Of the young 40 % leave, of the old 20 %, in both months; the young are a quarter of all, then a half: 25 % become 30 %."""
    found = driven(
        churned("2024-01-01", {"young": (25, 10), "old": (75, 15)}),
        churned("2024-02-01", {"young": (50, 20), "old": (50, 10)}),
    )
    effects = {row["segment_value"]: row for row in found.to_dicts()}
    assert [row["rate_effect"] for row in effects.values()] == [0, 0]
    # A quarter more at 40 % less the 27.5 % of everybody; a quarter less at 20 % less 27.5 %.
    assert effects["young"]["mix_effect"] == pytest.approx(0.03125)
    assert effects["old"]["mix_effect"] == pytest.approx(0.01875)


def test_a_segment_that_was_not_there_before_did_all_by_its_weight() -> None:
    found = driven(
        churned("2024-01-01", {"old": (10, 1)}), churned("2024-02-01", {"old": (10, 1), "young": (10, 3)})
    )
    young = found.row(by_predicate=pl.col("segment_value") == "young", named=True)
    assert (young["weight"], young["previous_weight"], young["previous_rate"]) == (0.5, 0, None)
    # Half more, at 30 % less the 15 % that are the mean of 10 % and 20 %.
    assert (young["rate_effect"], young["mix_effect"]) == (0, pytest.approx(0.075))
    assert found["effect"].sum() == pytest.approx(0.1)


def test_a_metric_without_a_rate_in_one_of_two_periods_has_no_drivers() -> None:
    opened = churned("2024-01-01", {"old": (10, 1)}), churned("2024-02-01", {"old": (10, 2)})
    assert driven(*opened, metric="crr").height == 1
    assert driven(*opened, metric="nrr").is_empty()
    assert driven(opened[1]).is_empty()
    assert driven(churned("2024-01-01", {"old": (0, 0)}), opened[1]).is_empty()
