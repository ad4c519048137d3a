"""Repeat purchase: how many of those who buy do so again."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import high, number, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.event_sums import median_of_counts, over_shards, with_every_period
from loyalty_pipeline.months.purchase_sums import ANY_DAYS, DAYS, PurchaseSum, Purchasing
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over, proportion


class RepeatPurchase(Purchasing):
    """One row per period and segment value of the customers who purchased."""

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


def repeat_purchase(window: Window, purchase_sums: dy.LazyFrame[PurchaseSum]) -> dy.LazyFrame[RepeatPurchase]:
    r"""Purchasers who came twice in the period, and those who had come before it.

    .. math:: repeat\_purchase\_rate = \frac{purchasers\ with\ 2+}{purchasers} \qquad
              returning\_purchaser\_rate = \frac{purchasers\ with\ one\ before}{purchasers}

    A purchase is a paid invoice with a positive total, by the day it was paid. Days between are local days, and also those
    since a purchase before the period. Null without purchasers.
    """
    counted = over_shards(purchase_sums, PurchaseSum, window)
    purchasers = counted.filter(pl.col(DAYS) == ANY_DAYS).drop(DAYS)
    gaps = counted.filter(pl.col(DAYS) != ANY_DAYS)
    return (
        cells(with_every_period(purchasers, window), RepeatPurchase)
        .join(median_of_counts(gaps, DAYS, "purchases", "median_days_between"), on=SEGMENT, how="left")
        .with_columns(
            **proportion("repeat_purchase_rate", "repeat_purchasers", "purchasers"),
            **proportion("returning_purchaser_rate", "returning_purchasers", "purchasers"),
            purchases_per_purchaser=over("purchases", "purchasers"),
        )
        .pipe(RepeatPurchase.cast)
    )
