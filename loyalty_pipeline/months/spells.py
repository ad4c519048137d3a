"""Spells: since when customers have been active without a break, and how long those who left had stayed."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, Table, count, day, flag, key
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Previous


class Spell(Sharded):
    """One row per customer active at the closing."""

    customer_id = key("The customer.")
    since = day("The month at whose closing it was active for the first time in this spell.")
    is_first = flag("Is it the customer's first spell?")


class TenureSum(Sharded):
    """One row per cohort of which somebody starts or leaves in the month: one shard's customers."""

    month = day("The month.", key=True)
    cohort = day("The month in which the first spell began.", key=True)
    started_customers = count("Active at the closing for the first time ever.", of="customers")
    left_customers = count(
        "Whose first spell ended: active at the opening, not at the closing.", of="customers"
    )


class Tenure(Table):
    """One row per cohort of which somebody starts or leaves in the month; the cohort is the month of the first spell's start."""

    month = day("The month.", key=True)
    cohort = day("The month in which the first spell began.", key=True)
    started_customers = count("Active at the closing for the first time ever.", of="customers")
    left_customers = count(
        "Whose first spell ended: active at the opening, not at the closing.", of="customers"
    )


def spells(
    window: Window, previous: Previous[Spell], customer_periods: dy.LazyFrame[CustomerPeriod]
) -> dy.LazyFrame[Spell]:
    """Who was active at both ends stays in a spell; others begin one. A late renewal breaks none."""
    active = customer_periods.filter(pl.col("period") == "month", "is_active")
    return (
        active.select("customer_id", "movement")
        .join(previous, on="customer_id", how="left")
        .with_columns(
            since=pl.col("since").fill_null(pl.lit(window.month)),
            is_first=pl.coalesce("is_first", pl.col("movement") == "new"),
        )
        .pipe(Spell.cast)
    )


def tenure_sums(
    window: Window, spells: dy.LazyFrame[Spell], previous: Previous[Spell]
) -> dy.LazyFrame[TenureSum]:
    """First spells that began and that ended in the month. Who came and went inside a month is at no closing, so in no cohort."""
    left = previous.filter("is_first").join(spells, on="customer_id", how="anti")
    counted = pl.concat(
        [
            spells.filter("is_first", pl.col("since") == window.month).select(
                cohort="since", is_start=pl.lit(value=True)
            ),
            left.select(cohort="since", is_start=pl.lit(value=False)),
        ]
    )
    return (
        counted.group_by("cohort")
        .agg(
            started_customers=pl.col("is_start").sum().cast(pl.Int64),
            left_customers=(~pl.col("is_start")).sum().cast(pl.Int64),
        )
        .with_columns(month=pl.lit(window.month))
        .pipe(TenureSum.cast)
    )


def tenures(window: Window, tenure_sums: dy.LazyFrame[TenureSum]) -> dy.LazyFrame[Tenure]:
    """The sums over all shards."""
    return (
        tenure_sums.group_by("month", "cohort")
        .agg(pl.col("started_customers", "left_customers").sum())
        .pipe(Tenure.cast)
    )
