"""Engagement sums: who was in touch in a period, added up over each segment and channel."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, count, text
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SEGMENT_BY, in_period
from loyalty_pipeline.periods import Period, PeriodTable, Window
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.interaction_days import InteractionDay

CONTACTS = ("interactions", "seconds", "actions")


class Contacts(PeriodTable):
    """One row per period and segment value of the customers in touch, or channel, with what they add up to."""

    segment_by = choice("What cuts the customers or the interactions.", (*SEGMENT_BY, "channel"), key=True)
    segment_value = text("Its value; `all` for everybody, `(unknown)` where it is missing.", key=True)
    active_customers = count("Customers with an interaction.", of="customers")
    customer_days = count("Pairs of customer and local day with an interaction.", of="customer days")
    interactions = count("Interactions that began in the period.", of="interactions")
    seconds = count("How long they lasted.", of="seconds")
    actions = count("What customers did during them.", of="actions")


class EngagementSum(Contacts, Sharded):
    """One row per period and segment value of the customers in touch, or channel: what one shard's customers add up to."""


def engagement_sums(
    window: Window,
    interaction_days: PeriodMonths[InteractionDay],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[EngagementSum]:
    """Each customer once in a segment, and once in each of its channels."""

    def customers(period: Period) -> pl.LazyFrame:
        # To count days that are grouped already is cheaper than to count the different ones of each customer.
        met = interaction_days.since(period.start).group_by("customer_id", "interaction_day")
        return _of(met.agg(pl.col(CONTACTS).sum()), "customer_id")

    def in_channels(period: Period) -> pl.LazyFrame:
        by_channel = _of(interaction_days.since(period.start), "customer_id", "channel")
        return (
            by_channel.group_by(segment_by=pl.lit("channel"), segment_value="channel")
            .agg(**_sums())
            .with_columns(**in_period(period))
        )

    everywhere = EventSums(window, customer_cells).by_key(customers, [], _sums())
    channels = [in_channels(period).select(*SEGMENT, *_sums()) for period in window.periods]
    return pl.concat([everywhere, *channels]).pipe(EngagementSum.cast)


def _of(days: pl.LazyFrame, *customers: str) -> pl.LazyFrame:
    return days.group_by(customers).agg(pl.col(CONTACTS).sum(), customer_days=pl.len().cast(pl.Int64))


def _sums() -> dict[str, pl.Expr]:
    return {
        "active_customers": pl.len().cast(pl.Int64),
        "customer_days": pl.col("customer_days").sum(),
        **{name: pl.col(name).sum() for name in CONTACTS},
    }
