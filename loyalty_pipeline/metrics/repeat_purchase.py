"""Repeat purchase: how many of those who buy do so again."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, number, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.purchase_gaps import PurchaseGap
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.ratio import over, proportion
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.customers import ATTRIBUTES

DAYS = "days_since_previous"
AGAIN = 2


class RepeatPurchase(SegmentTable):
    """One row per period and segment value of the customers who purchased."""

    purchasers = count("Customers with a purchase in the period.", of="customers")
    repeat_purchasers = count("Of those, with two or more.", of="customers")
    returning_purchasers = count("Of those, with one before the period.", of="customers")
    purchases = count("Paid invoices with a positive total.", of="purchases")
    median_days_between = number(
        "From the purchase before to each of these, where there is one before.",
        unit="days",
        nullable=True,
        min=0,
    )
    repeat_purchase_rate = share(
        "Repeat purchasers over purchasers.", of="purchasers", scored=high("purchasers")
    )
    repeat_purchase_rate_low = share("Low end of its 95 % Wilson interval.", of="purchasers")
    repeat_purchase_rate_high = share("High end of its 95 % Wilson interval.", of="purchasers")
    returning_purchaser_rate = share(
        "Returning purchasers over purchasers.", of="purchasers", scored=high("purchasers")
    )
    returning_purchaser_rate_low = share("Low end of its 95 % Wilson interval.", of="purchasers")
    returning_purchaser_rate_high = share("High end of its 95 % Wilson interval.", of="purchasers")
    purchases_per_purchaser = number(
        "Purchases over purchasers.",
        unit="purchases / customer",
        nullable=True,
        scored=high("purchasers"),
    )


def repeat_purchase(
    window: Window,
    purchase_gaps: PeriodMonths[PurchaseGap],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[RepeatPurchase]:
    r"""Purchasers who came twice in the period, and those who had come before it.

    .. math:: repeat\_purchase\_rate = \frac{purchasers\ with\ 2+}{purchasers} \qquad
              returning\_purchaser\_rate = \frac{purchasers\ with\ one\ before}{purchasers}

    A purchase is a paid invoice with a positive total, by the day it was paid. Days between are local days, and also those
    since a purchase before the period. Null without purchasers.
    """
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
    return (
        cells(events.by_segment(purchasers, _sums()), RepeatPurchase)
        .join(events.median_of(gaps, DAYS, "median_days_between"), on=SEGMENT, how="left")
        .with_columns(
            **proportion("repeat_purchase_rate", "repeat_purchasers", "purchasers"),
            **proportion("returning_purchaser_rate", "returning_purchasers", "purchasers"),
            purchases_per_purchaser=over("purchases", "purchasers"),
        )
        .pipe(RepeatPurchase.cast)
    )


def _sums() -> dict[str, pl.Expr]:
    return {
        "purchasers": pl.len().cast(pl.Int64),
        "repeat_purchasers": (pl.col("purchases") >= AGAIN).sum().cast(pl.Int64),
        "returning_purchasers": (pl.col("firsts") == 0).sum().cast(pl.Int64),
        "purchases": pl.col("purchases").sum().cast(pl.Int64),
    }
