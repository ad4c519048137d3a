"""Survey events: who was asked what, and what they answered."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, day, flag, identifier, instant, key, whole
from loyalty_pipeline.periods import business_month, instant_literal
from loyalty_pipeline.reads import ByMonth, CountedUntil
from loyalty_pipeline.sources.crm import SurveyResponse
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current

KINDS = ("asked", "answered")


class SurveyEvent(Sharded):
    """One row per question asked, in the month it was asked, and one per answer, in the month it was given."""

    month = day("The month of the event.", key=True)
    response_id = key("The question.")
    kind = choice("Was it asked or answered?", KINDS, key=True)
    customer_id = identifier("The customer, after merges.")
    survey = identifier("What was asked for.")
    occurred_at = instant("When it was asked or answered.")
    is_answered = flag("Was it answered by the as-of?")
    scale_min = whole("The lowest score of the scale.", unit="points of the scale")
    scale_max = whole("The highest score of the scale.", unit="points of the scale")
    score = whole("The answer, where there is one.", unit="points of the scale", nullable=True)


def survey_events(
    survey_responses: dy.LazyFrame[SurveyResponse],
    event_merges: dy.LazyFrame[EventMerge],
    counted_until: CountedUntil,
    timezone: str,
) -> ByMonth[SurveyEvent]:
    """What was asked before the as-of. An answer without an instant was given when it was asked.

    An answer at or after the as-of has not been given.
    """
    until = instant_literal(counted_until)
    answered_at = pl.when(pl.col("score").is_not_null()).then(pl.coalesce("responded_at", "sent_at"))
    asked = (
        current(survey_responses, "response_id")
        .filter(pl.col("sent_at") < until)
        .pipe(merged, event_merges)
        .with_columns(answered_at=pl.when(answered_at < until).then(answered_at))
        .with_columns(is_answered=pl.col("answered_at").is_not_null())
    )
    events = [
        asked.with_columns(kind=pl.lit("asked"), occurred_at="sent_at"),
        asked.filter("is_answered").with_columns(kind=pl.lit("answered"), occurred_at="answered_at"),
    ]
    return (
        pl.concat(events)
        .with_columns(month=business_month("occurred_at", timezone))
        .with_columns(score=pl.when("is_answered").then("score"))
        .pipe(SurveyEvent.cast)
    )
