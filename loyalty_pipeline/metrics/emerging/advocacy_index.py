"""Customer advocacy index: trust, satisfaction and recommendation in one number."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, number
from loyalty_pipeline.means import Mean
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums, RowsOf
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.survey_answers import answers_of, points
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.ratio import over
from loyalty_pipeline.reads import Months, PeriodMonths
from loyalty_pipeline.staging.survey_events import SurveyEvent

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
    survey_events: PeriodMonths[SurveyEvent],
    customer_cells: dy.LazyFrame[CustomerCell],
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
    means = {name: _mean(name, survey) for name, survey in SURVEYS.items()}
    counts = {
        f"{name}_responses": _is_answer(survey).sum().cast(pl.Int64) for name, survey in SURVEYS.items()
    }
    sums = counts | {name: total for mean in means.values() for name, total in mean.sums.items()}
    summed = EventSums(window, customer_cells).by_segment(_answers(survey_events), sums)
    rated = summed.with_columns(
        responses=pl.sum_horizontal(list(counts)),
        **{name: mean.rated(name)[name] for name, mean in means.items()},
    ).with_columns(cai=_index(weights, min_responses))
    totals = {mean.name: mean.total for mean in means.values()}
    return cells(rated.with_columns(**totals), AdvocacyIndex).pipe(AdvocacyIndex.cast)


def _is_answer(survey: str) -> pl.Expr:
    return ~pl.col("is_asked") & (pl.col("survey") == survey)


def _mean(name: str, survey: str) -> Mean:
    return Mean(f"{name}_total", points(), f"{name}_responses", _is_answer(survey), limits=(0.0, 100.0))


def _answers(survey_events: Months[SurveyEvent]) -> RowsOf:
    of_surveys = [answers_of(survey_events, survey) for survey in SURVEYS.values()]

    def rows(period: Period) -> pl.LazyFrame:
        return pl.concat(of(period) for of in of_surveys).filter(~pl.col("is_asked"))

    return rows


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
