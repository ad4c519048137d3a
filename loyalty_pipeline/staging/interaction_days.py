"""Interaction days: what customers did with the company, day by day."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, day, key
from loyalty_pipeline.periods import instant_literal, local
from loyalty_pipeline.reads import ByMonth, CountedUntil
from loyalty_pipeline.sources.crm import Interaction
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current


class InteractionDay(Sharded):
    """One row per customer, channel and local day with an interaction that began before the as-of."""

    month = day("The month of the day.", key=True)
    customer_id = key("The customer, after merges.")
    channel = key("Where it took place.")
    interaction_day = day("The day on which it began.", key=True)
    interactions = count("How many there were.", of="interactions")
    seconds = count("How long they lasted.", of="seconds")
    actions = count("What the customer did during them.", of="actions")


def interaction_days(
    interactions: dy.LazyFrame[Interaction],
    event_merges: dy.LazyFrame[EventMerge],
    counted_until: CountedUntil,
    timezone: str,
) -> ByMonth[InteractionDay]:
    """Interactions by the local day of `started_at`."""
    started = current(interactions, "interaction_id").filter(
        pl.col("started_at") < instant_literal(counted_until)
    )
    return (
        started.pipe(merged, event_merges)
        .with_columns(interaction_day=local("started_at", timezone).dt.date())
        .group_by("customer_id", "channel", "interaction_day")
        .agg(
            interactions=pl.len().cast(pl.Int64),
            seconds=pl.col("duration_seconds").sum(),
            actions=pl.col("actions").sum(),
        )
        .with_columns(month=pl.col("interaction_day").dt.month_start())
        .pipe(InteractionDay.cast)
    )
