"""Loyalty state: who is a member of the loyalty programme, and how many points they have."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, flag, key, whole
from loyalty_pipeline.months.states import since_before
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Previous, Through
from loyalty_pipeline.staging.loyalty_moves import LoyaltyMove

EARNS = ("enrol", "earn")
SIGN = pl.when(pl.col("kind").is_in(EARNS)).then(1).otherwise(-1)


class LoyaltyState(Sharded):
    """One row per customer with an event of the programme before the closing."""

    customer_id = key("The customer.")
    is_member = flag("Is the last of its enrolments and departures an enrolment?")
    points = whole("Points earned, less those redeemed, expired or lost on leaving.", unit="points")


def loyalty_state(
    window: Window, previous: Previous[LoyaltyState], loyalty_moves: Through[LoyaltyMove]
) -> dy.LazyFrame[LoyaltyState]:
    """The month before, and the month's events in their order; of one instant, in the order of their ids.

    Points of an enrolment are earned, those of a departure are lost. A source may redeem more than it gave.
    """
    before = previous.collect()
    moves = since_before(before, loyalty_moves, window)
    steps = pl.col("kind").is_in(["enrol", "leave"])
    moved = (
        moves.sort("occurred_at", "event_id")
        .group_by("customer_id")
        .agg(
            last_step=pl.col("kind").filter(steps).last(),
            moved=(pl.col("points") * SIGN).sum(),
        )
    )
    return (
        before.lazy()
        .join(moved, on="customer_id", how="full", coalesce=True)
        .with_columns(
            is_member=pl.coalesce(pl.col("last_step") == "enrol", "is_member", pl.lit(value=False)),
            points=pl.col("points").fill_null(0) + pl.col("moved").fill_null(0),
        )
        .pipe(LoyaltyState.cast)
    )
