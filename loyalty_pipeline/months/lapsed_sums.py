"""Lapsed sums: who had left before a period, and who of these came back, added up over each segment."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window, instant_literal


class Lapsed(SegmentTable):
    """One row per period and segment value in which somebody could be won back, with what these add up to."""

    lapsed_customers = count("Active at some time before the period, and not at its opening.", of="customers")
    won_back_customers = count("Of those, active at its closing.", of="customers")


class LapsedSum(Lapsed, Sharded):
    """One row per period and segment value in which somebody could be won back: what one shard's customers add up to."""


def lapsed_sums(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[LapsedSum]:
    """Who was once active and is not at the opening."""
    events = EventSums(window, customer_cells)

    def lapsed(period: Period) -> pl.LazyFrame:
        opening = instant_literal(window.boundary_of(period))
        once = customer_state.filter(pl.col("first_active_at") < opening).select("customer_id")
        return events.people(period).filter(~pl.col("was_active")).join(once, on="customer_id", how="semi")

    sums = {
        "lapsed_customers": pl.len().cast(pl.Int64),
        "won_back_customers": pl.col("is_active").sum().cast(pl.Int64),
    }
    return events.by_key(lapsed, [], sums).pipe(LapsedSum.cast)
