"""Customer advocacy index: trust, satisfaction and recommendation in one number."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, number
from loyalty_pipeline.means import from_units
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.event_sums import with_every_period
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.survey_sums import SurveySum
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over

SURVEYS = {"trust": "trust", "satisfaction": "csat", "recommendation": "nps"}
POINTS = "points from 0 to 100"


class AdvocacyIndex(SegmentTable):
    """One row per period and segment value of those who answered."""

    needs = ("survey_responses",)

    trust_responses = count("Customers who answered a trust survey.", of="customers")
    trust_total = number("Sum of their scores, each from 0 to 100.", unit="points")
    trust = number("Total over responses.", unit=POINTS, nullable=True)
    satisfaction_responses = count("Customers who answered a satisfaction survey.", of="customers")
    satisfaction_total = number("Sum of their scores, each from 0 to 100.", unit="points")
    satisfaction = number("Total over responses.", unit=POINTS, nullable=True)
    recommendation_responses = count("Customers who answered a net promoter survey.", of="customers")
    recommendation_total = number("Sum of their scores, each from 0 to 100.", unit="points")
    recommendation = number("Total over responses.", unit=POINTS, nullable=True)
    responses = count("All of these responses.", of="responses")
    cai = number(
        "Weighted mean of the components with enough responses.",
        unit=POINTS,
        nullable=True,
        min=0,
        max=100,
        scored=high("responses"),
    )


def advocacy_index(
    window: Window,
    survey_sums: dy.LazyFrame[SurveySum],
    min_responses: int,
    cai_trust_weight: float,
    cai_satisfaction_weight: float,
    cai_recommendation_weight: float,
) -> dy.LazyFrame[AdvocacyIndex]:
    r"""The weighted mean of the mean scores of three surveys.

    .. math:: cai = \frac{\sum_i weight_i \cdot mean_i}{\sum_i weight_i}, \quad i \in \{trust, satisfaction, recommendation\}

    A component counts from `min_responses` responses on; below, one answer would decide. Null where none counts. It has no
    interval, because one customer may be in several components. Emerging: no two authors weigh it alike.
    """
    weights = dict(
        zip(SURVEYS, (cai_trust_weight, cai_satisfaction_weight, cai_recommendation_weight), strict=True)
    )
    summed = with_every_period(survey_sums.group_by(SEGMENT).agg(**_sums()), window)
    rated = (
        summed.with_columns(**{f"{name}_total": from_units(f"{name}_total") for name in SURVEYS})
        .with_columns(
            responses=pl.sum_horizontal(f"{name}_responses" for name in SURVEYS),
            **{name: over(f"{name}_total", f"{name}_responses") for name in SURVEYS},
        )
        .with_columns(cai=_index(weights, min_responses))
    )
    return cells(rated, AdvocacyIndex).pipe(AdvocacyIndex.cast)


def _sums() -> dict[str, pl.Expr]:
    def of(survey: str, measure: str) -> pl.Expr:
        return pl.col(measure).filter(pl.col("survey") == survey).sum()

    counts = {f"{name}_responses": of(survey, "responses") for name, survey in SURVEYS.items()}
    return counts | {
        f"{name}_total": of(survey, "points").cast(pl.Int128) for name, survey in SURVEYS.items()
    }


def _index(weights: dict[str, float], min_responses: int) -> pl.Expr:
    counts = {name: pl.col(f"{name}_responses") >= min_responses for name in weights}
    zero = pl.lit(0.0)
    weight = pl.sum_horizontal(
        pl.when(counts[name]).then(pl.lit(float(w))).otherwise(zero) for name, w in weights.items()
    )
    weighed = pl.sum_horizontal(
        pl.when(counts[name]).then(pl.col(name) * w).otherwise(zero) for name, w in weights.items()
    )
    return over(weighed, weight)
