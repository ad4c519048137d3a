"""Purchase histories: how many customers purchased alike, which is all that the models of purchases need to know."""

from datetime import date

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, exact
from loyalty_pipeline.months.customer_revenue import CustomerValue
from loyalty_pipeline.periods import Window

CUSTOMERS = pl.len().cast(pl.Int64).alias("customers")


class PurchaseHistory(Sharded):
    """One row per history of purchases up to the closing."""

    frequency = count("Days of purchase after the first.", of="days", key=True)
    recency = count("From the first to the last of them.", of="days", key=True)
    age = count("From the first to the last day before the closing.", of="days", key=True)
    customers = count("Customers of one shard who have it.", of="customers")


class SpendHistory(Sharded):
    """One row per number of repeated purchases and what they brought, where that is more than nothing."""

    frequency = count("Days of purchase after the first.", of="days", key=True)
    repeat_revenue = exact("Revenue of these days.", key=True)
    customers = count("Customers of one shard who have it.", of="customers")


def purchase_histories(
    window: Window, customer_value: dy.LazyFrame[CustomerValue], activity: str
) -> dy.LazyFrame[PurchaseHistory]:
    """Of all who purchased; no row where customers subscribe. A day with several purchases is one."""
    of_purchasers = histories(customer_value, window.last_day, activity)
    return of_purchasers.group_by("frequency", "recency", "age").agg(CUSTOMERS).pipe(PurchaseHistory.cast)


def spend_histories(
    window: Window, customer_value: dy.LazyFrame[CustomerValue], activity: str
) -> dy.LazyFrame[SpendHistory]:
    """Of those who purchased again, for an amount above zero; no row where customers subscribe."""
    repeaters = histories(customer_value, window.last_day, activity).filter(
        pl.col("frequency") > 0, pl.col("repeat_revenue") > 0
    )
    return repeaters.group_by("frequency", "repeat_revenue").agg(CUSTOMERS).pipe(SpendHistory.cast)


def histories(customer_value: pl.LazyFrame, last_day: date, activity: str) -> pl.LazyFrame:
    """The history of each purchaser up to a day: frequency, recency and age in days, and the revenue after the first day."""
    since_first = pl.col("last_purchase_on") - pl.col("first_purchase_on")
    known_for = pl.lit(last_day) - pl.col("first_purchase_on")
    return customer_value.filter(pl.col("purchase_days") > 0, activity == "purchases").select(
        "customer_id",
        "repeat_revenue",
        frequency=pl.col("purchase_days") - 1,
        recency=since_first.dt.total_days(),
        age=known_for.dt.total_days(),
    )
