"""Retention spend: what keeping customers cost, by the day it belongs to."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, exact, identifier, key, text
from loyalty_pipeline.reads import ByMonth
from loyalty_pipeline.sources.crm import RetentionCost
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current

MANY = ""


class Spend(Sharded):
    """One row per cost."""

    month = day("The month of the day.", key=True)
    cost_id = key("The cost.")
    incurred_on = day("The day the cost belongs to.")
    customer_id = identifier("The customer it was spent on, after merges; empty for many.")
    customer_segment = text("The segment it was spent on; null where the source names none.", nullable=True)
    amount = exact("The cost.", of="currency of the cost")
    currency = identifier("The currency of the amount.")


def retention_spend(
    retention_costs: dy.LazyFrame[RetentionCost], event_merges: dy.LazyFrame[EventMerge]
) -> ByMonth[Spend]:
    """Costs by `incurred_on`. A segment of blanks is none."""
    is_named = pl.col("customer_segment").str.strip_chars() != ""
    return (
        current(retention_costs, "cost_id")
        .pipe(merged, event_merges)
        .with_columns(
            pl.col("customer_id").fill_null(MANY),
            month=pl.col("incurred_on").dt.month_start(),
            customer_segment=pl.when(is_named).then("customer_segment"),
        )
        .pipe(Spend.cast)
    )
