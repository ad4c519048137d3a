"""Survey sums: what customers answered in a period, added up once for all the metrics that surveys are asked for."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, text
from loyalty_pipeline.means import Mean
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums, with_every_period
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SegmentTable, again
from loyalty_pipeline.months.survey_answers import (
    answers_of,
    is_detractor,
    is_low_effort,
    is_promoter,
    is_satisfied,
    points,
)
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.survey_events import SurveyEvent

POINTS = Mean("points", points(), "responses", where=~pl.col("is_asked"), limits=(0.0, 100.0))


class SurveySum(SegmentTable, Sharded):
    """One row per survey, period and segment value of those who were asked or answered: what one shard's customers add up to.

    Every measure is there of every survey, also where none is made of it.
    """

    survey = text("What was asked for.", key=True)
    responses = count("Customers who answered in the period; the last answer of each counts.", of="customers")
    promoters = count("Of those, with 9 or 10, or as far along another scale.", of="customers")
    passives = count("Of those, with 7 or 8, or as far along another scale.", of="customers")
    detractors = count("Of those, with less.", of="customers")
    satisfied = count("Of those, with one of the top two scores of the scale.", of="customers")
    low_effort = count("Of those, in the lowest third of the scale.", of="customers")
    points = dy.Decimal(
        38, 0, description="Sum of their scores, each from 0 to 100.", metadata={"unit": "points / 10^8"}
    )
    points_squared = dy.Decimal(
        38, 0, description="Sum of the squares of these.", metadata={"unit": "(points / 10^8)^2"}
    )
    invited = count("Questions sent in the period.", of="questions")
    answered = count("Of those, answered by the as-of.", of="questions")


def survey_sums(
    window: Window,
    survey_events: PeriodMonths[SurveyEvent],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[SurveySum]:
    """Each customer is looked up once, whatever it was asked for."""
    events = EventSums(window, customer_cells)
    return events.by_key(answers_of(survey_events), ["survey"], _sums()).pipe(SurveySum.cast)


def of_survey(window: Window, survey_sums: pl.LazyFrame, survey: str) -> pl.LazyFrame:
    """The sums of one survey over all shards; `all` has a row for every period."""
    measures = {name: pl.col(name) for name in _sums()} | {
        name: pl.col(name).cast(pl.Int128) for name in POINTS.sums
    }
    rows = survey_sums.filter(pl.col("survey") == survey).with_columns(**measures)
    return with_every_period(rows.group_by(SEGMENT).agg(**again(measures)), window)


def _sums() -> dict[str, pl.Expr]:
    is_response = ~pl.col("is_asked")
    flags = {
        "promoters": is_promoter(),
        "passives": ~is_promoter() & ~is_detractor(),
        "detractors": is_detractor(),
        "satisfied": is_satisfied(),
        "low_effort": is_low_effort(),
    }
    return {
        "responses": is_response.sum().cast(pl.Int64),
        **{name: (is_response & flag).sum().cast(pl.Int64) for name, flag in flags.items()},
        **POINTS.sums,
        "invited": pl.col("is_asked").sum().cast(pl.Int64),
        "answered": (pl.col("is_asked") & pl.col("is_answered")).sum().cast(pl.Int64),
    }
