"""Subscription ends: which agreements ended, and what the customer said why."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, identifier, instant, key, text
from loyalty_pipeline.periods import business_month
from loyalty_pipeline.reads import ByMonth
from loyalty_pipeline.sources.billing import Subscription
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current


class SubscriptionEnd(Sharded):
    """One row per subscription that has an end."""

    month = day("The month of the end.", key=True)
    subscription_id = key("The subscription.")
    customer_id = identifier("The customer, after merges.")
    ended_at = instant("When it ended.")
    reason = text("Why it was cancelled, in the words of the source.", nullable=True)


def subscription_ends(
    subscriptions: dy.LazyFrame[Subscription], event_merges: dy.LazyFrame[EventMerge], timezone: str
) -> ByMonth[SubscriptionEnd]:
    """Subscriptions by `ended_at`, also those whose end is still ahead. A reason of blanks is none."""
    is_given = pl.col("cancel_reason").str.strip_chars() != ""
    return (
        current(subscriptions, "subscription_id")
        .filter(pl.col("ended_at").is_not_null())
        .pipe(merged, event_merges)
        .with_columns(
            month=business_month("ended_at", timezone), reason=pl.when(is_given).then("cancel_reason")
        )
        .pipe(SubscriptionEnd.cast)
    )
