"""Survey answers: what a score means on its scale, and which answers of a period count."""

from collections.abc import Callable

import polars as pl

from loyalty_pipeline.means import UNITS
from loyalty_pipeline.money import quotient
from loyalty_pipeline.periods import Period
from loyalty_pipeline.reads import Months
from loyalty_pipeline.staging.survey_events import SurveyEvent

NPS_SCALE_ENDS_AT = 10
PROMOTERS_FROM, PASSIVES_FROM = 9, 7
LOWEST_THIRD = 3


def points() -> pl.Expr:
    """The score from 0 to 100 on its scale, in units of `means`."""
    above = (pl.col("score") - pl.col("scale_min")).cast(pl.Int128) * 100 * UNITS
    return quotient(above, (pl.col("scale_max") - pl.col("scale_min")).cast(pl.Int128))


def is_promoter() -> pl.Expr:
    """A score of 9 or 10; on a scale that does not end at 10, at least as far along it."""
    return _reaches(PROMOTERS_FROM)


def is_detractor() -> pl.Expr:
    """A score of 6 or less; on a scale that does not end at 10, less than 7 tenths along it."""
    return ~_reaches(PASSIVES_FROM)


def is_satisfied() -> pl.Expr:
    """One of the top two scores of the scale."""
    return pl.col("score") >= pl.col("scale_max") - 1


def is_low_effort() -> pl.Expr:
    """A score in the lowest third of the scale."""
    length = pl.col("scale_max") - pl.col("scale_min")
    return LOWEST_THIRD * (pl.col("score") - pl.col("scale_min")) <= length


def answers_of(survey_events: Months[SurveyEvent]) -> Callable[[Period], pl.LazyFrame]:
    """What was asked and answered in a period; of one customer's answers to a survey the last one counts.

    An invitation has `is_asked`, an answer has not.
    """

    def rows(period: Period) -> pl.LazyFrame:
        events = survey_events.since(period.start)
        asked = events.filter(pl.col("kind") == "asked").with_columns(is_asked=pl.lit(value=True))
        answered = (
            events.filter(pl.col("kind") == "answered")
            .sort("occurred_at", "response_id")
            .unique(["survey", "customer_id"], keep="last", maintain_order=True)
            .with_columns(is_asked=pl.lit(value=False))
        )
        return pl.concat([asked, answered])

    return rows


def _reaches(tenths: int) -> pl.Expr:
    score, low, high = pl.col("score"), pl.col("scale_min"), pl.col("scale_max")
    is_far = NPS_SCALE_ENDS_AT * (score - low) >= tenths * (high - low)
    return pl.when(high == NPS_SCALE_ENDS_AT).then(score >= tenths).otherwise(is_far)
