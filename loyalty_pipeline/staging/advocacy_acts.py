"""Advocacy acts: what customers did on the company's behalf, and who takes part in the programme."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, day, identifier, key
from loyalty_pipeline.periods import business_month, instant_literal
from loyalty_pipeline.reads import ByMonth, CountedUntil
from loyalty_pipeline.sources.crm import AdvocacyActivity
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current

STEPS = ("invited", "joined")
"""Steps into the programme; all other kinds are acts."""
ACTS = ("shared", "reviewed", "testified", "referenced", "referred")


class AdvocacyAct(Sharded):
    """One row per act or step into the programme before the as-of."""

    month = day("The month of the act.", key=True)
    activity_id = key("The act.")
    customer_id = identifier("The advocate, after merges.")
    kind = choice("What the advocate did.", (*STEPS, *ACTS))


def advocacy_acts(
    advocacy_activities: dy.LazyFrame[AdvocacyActivity],
    event_merges: dy.LazyFrame[EventMerge],
    counted_until: CountedUntil,
    timezone: str,
) -> ByMonth[AdvocacyAct]:
    """Acts by `occurred_at`."""
    return (
        current(advocacy_activities, "activity_id")
        .filter(pl.col("occurred_at") < instant_literal(counted_until))
        .pipe(merged, event_merges)
        .with_columns(month=business_month("occurred_at", timezone))
        .pipe(AdvocacyAct.cast)
    )
