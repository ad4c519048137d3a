"""Purchase sums: who purchased in a period, and how long after the purchase before, added up over each segment."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.purchase_gaps import PurchaseGap
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.customers import ATTRIBUTES

DAYS = "days_since_previous"
ANY_DAYS = -1
AGAIN = 2


class Purchasing(SegmentTable):
    """One row per period and segment value of the customers who purchased, with what they add up to."""

    purchasers = count("Customers with a purchase in the period.", of="customers")
    repeat_purchasers = count("Of those, with two or more.", of="customers")
    returning_purchasers = count("Of those, with one before the period.", of="customers")
    purchases = count("Paid invoices with a positive total.", of="purchases")


class PurchaseSum(Purchasing, Sharded):
    """One row per period, segment value and days between two purchases, and one for any days: what one shard's customers add up to.

    Purchasers are counted once, in the row for any days.
    """

    days_since_previous = dy.Int64(
        primary_key=True,
        min=ANY_DAYS,
        description="Local days between a purchase and the one before it; -1 for any, also for none before.",
        metadata={"unit": "days"},
    )


def purchase_sums(
    window: Window,
    purchase_gaps: PeriodMonths[PurchaseGap],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[PurchaseSum]:
    """Each purchaser is looked up once, for what is counted of purchasers and of purchases."""
    events = EventSums(window, customer_cells)
    purchases = {
        period: purchase_gaps.since(period.start).select("customer_id", DAYS).collect()
        for period in window.periods
    }

    def of_purchasers(period: Period) -> pl.LazyFrame:
        # The first purchase ever has none before it.
        counts = {"purchases": pl.len(), "firsts": pl.col(DAYS).null_count()}
        counted = purchases[period].lazy().group_by("customer_id").agg(**counts)
        # Most people purchase: everybody is joined.
        return counted.join(events.people(period), on="customer_id", how="left")

    def gaps(period: Period) -> pl.LazyFrame:
        known = purchasers(period).select("customer_id", *ATTRIBUTES, "plan")
        return purchases[period].lazy().drop_nulls(DAYS).join(known, on="customer_id", how="left")

    purchasers = events.known(of_purchasers)
    of_any = events.by_key(purchasers, [], _sums()).with_columns(pl.lit(ANY_DAYS, pl.Int64).alias(DAYS))
    of_days = events.by_key(gaps, [DAYS], {"purchases": pl.len().cast(pl.Int64)})
    return (
        pl.concat([of_any, of_days], how="diagonal")
        .with_columns(pl.col(*_sums()).fill_null(0))
        .pipe(PurchaseSum.cast)
    )


def _sums() -> dict[str, pl.Expr]:
    return {
        "purchasers": pl.len().cast(pl.Int64),
        "repeat_purchasers": (pl.col("purchases") >= AGAIN).sum().cast(pl.Int64),
        "returning_purchasers": (pl.col("firsts") == 0).sum().cast(pl.Int64),
        "purchases": pl.col("purchases").sum().cast(pl.Int64),
    }
