"""Purchase gaps: each purchase beside the one that its customer made before it."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, day, key
from loyalty_pipeline.months.merging import beside, united
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Previous
from loyalty_pipeline.staging.purchases import Purchase


class Purchaser(Sharded):
    """One row per customer who purchased before the closing."""

    customer_id = key("The customer.")
    last_purchase_on = day("The local day of its last purchase.")


class PurchaseGap(Sharded):
    """One row per purchase of the month."""

    customer_id = key("The customer.")
    invoice_id = key("The invoice.")
    days_since_previous = count(
        "Local days since the purchase before it; null for the first ever.", of="days", nullable=True
    )


def purchasers(
    window: Window, previous: Previous[Purchaser], purchases: dy.LazyFrame[Purchase]
) -> dy.LazyFrame[Purchaser]:
    """The month before, and who purchased in the month."""
    # To sort is cheap, and so is to group what is in order.
    paid = purchases.select("customer_id", "paid_on").collect().sort("customer_id")
    latest = paid.group_by("customer_id", maintain_order=True).agg(latest=pl.col("paid_on").max())
    return (
        united(previous.collect(), latest)
        .lazy()
        .with_columns(last_purchase_on=pl.coalesce("latest", "last_purchase_on"))
        .pipe(Purchaser.cast)
    )


def purchase_gaps(
    window: Window, purchases: dy.LazyFrame[Purchase], previous: Previous[Purchaser]
) -> dy.LazyFrame[PurchaseGap]:
    """Purchases in the order of `paid_at`, then of their ids."""
    rows = purchases.sort("customer_id", "paid_at", "invoice_id").collect()
    is_same = pl.col("customer_id") == pl.col("customer_id").shift()
    before = pl.when(is_same).then(pl.col("paid_on").shift()).otherwise("last_purchase_on")
    return (
        beside(rows, previous.collect())
        .lazy()
        .with_columns(days_since_previous=(pl.col("paid_on") - before).dt.total_days())
        .pipe(PurchaseGap.cast)
    )
