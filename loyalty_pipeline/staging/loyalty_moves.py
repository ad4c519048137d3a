"""Loyalty moves: who joined and left the loyalty programme, and how points moved."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, count, day, identifier, instant, key
from loyalty_pipeline.periods import business_month, instant_literal
from loyalty_pipeline.reads import ByMonth, CountedUntil
from loyalty_pipeline.sources.crm import LoyaltyEvent
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current

KINDS = ("enrol", "earn", "redeem", "expire", "leave")


class LoyaltyMove(Sharded):
    """One row per event of the programme before the as-of."""

    month = day("The month of the event.", key=True)
    event_id = key("The event.")
    customer_id = identifier("The customer, after merges.")
    kind = choice("What happened.", KINDS)
    points = count("Points that moved; their direction is that of the kind.", of="points")
    occurred_at = instant("When it happened.")


def loyalty_moves(
    loyalty_events: dy.LazyFrame[LoyaltyEvent],
    event_merges: dy.LazyFrame[EventMerge],
    counted_until: CountedUntil,
    timezone: str,
) -> ByMonth[LoyaltyMove]:
    """Events by `occurred_at`."""
    return (
        current(loyalty_events, "event_id")
        .filter(pl.col("occurred_at") < instant_literal(counted_until))
        .pipe(merged, event_merges)
        .with_columns(month=business_month("occurred_at", timezone))
        .pipe(LoyaltyMove.cast)
    )
