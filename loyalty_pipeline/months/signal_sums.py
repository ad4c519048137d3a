"""Signal sums: customers by what was known of them at an opening, and how many of those were gone at the closing."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, count
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.customer_signals import CSAT, NPS_GROUPS, CustomerSignal
from loyalty_pipeline.months.merging import beside
from loyalty_pipeline.months.segments import UNKNOWN
from loyalty_pipeline.periods import PERIODS, Period, Window, plus
from loyalty_pipeline.reads import PeriodMonths

KNOWN = ("nps_group", "csat", "tickets", "interactions", "is_member", "is_referred")


class SignalSum(Sharded):
    """One row per period that closes in the month, and all that was known: how many of one shard's customers it was known of.

    Customers are those active at the opening.
    """

    period = choice("Length of the period.", PERIODS, key=True)
    nps_group = choice("By the last answer in the 12 months before.", NPS_GROUPS, key=True)
    csat = choice("By the last answer in the 12 months before.", CSAT, key=True)
    tickets = dy.Int64(
        primary_key=True,
        min=0,
        description="Opened in the three months before.",
        metadata={"unit": "tickets"},
    )
    interactions = dy.Int64(
        primary_key=True,
        min=0,
        description="Begun in the three months before.",
        metadata={"unit": "interactions"},
    )
    is_member = dy.Bool(primary_key=True, description="Members of the loyalty programme?")
    is_referred = dy.Bool(primary_key=True, description="Did they come by a referral that counts?")
    customers = count("Active at the opening.", of="customers")
    churned_customers = count("Of those, not active at the closing.", of="customers")


def signal_sums(
    window: Window,
    customer_signals: PeriodMonths[CustomerSignal],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[SignalSum]:
    """Many customers are alike: what is left is cut faster than all of them."""
    return pl.concat(
        _alike(customer_signals.at(plus(period.start, -1)), customer_cells, period)
        for period in window.periods
    ).pipe(SignalSum.cast)


def _alike(signals: pl.LazyFrame, customer_cells: pl.LazyFrame, period: Period) -> pl.LazyFrame:
    opened = customer_cells.filter(pl.col("period") == period.name, "was_active").select(
        "customer_id", "is_active"
    )
    known = (
        beside(opened.collect(), signals.collect())
        .lazy()
        .with_columns(
            pl.col("nps_group", "csat").fill_null(UNKNOWN),
            pl.col("tickets", "interactions").fill_null(0),
            pl.col("is_member", "is_referred").fill_null(value=False),
        )
    )
    return known.group_by(KNOWN, period=pl.lit(period.name)).agg(
        customers=pl.len().cast(pl.Int64), churned_customers=(~pl.col("is_active")).sum().cast(pl.Int64)
    )
