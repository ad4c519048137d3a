"""Churn reasons: why customers left, and whether they meant to."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, money, ratio, share, text
from loyalty_pipeline.money import cents, total
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.departures import Departure
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.ratio import over, proportion
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.subscription_ends import SubscriptionEnd

NONE_GIVEN = "(none given)"
KEYS = ["reason", "is_voluntary"]


class ChurnReasons(SegmentTable):
    """One row per period, segment value, reason, and way of leaving of the customers who churned."""

    reason = text(
        "What the customer said, in the words of the source; `(none given)` where nothing.", key=True
    )
    is_voluntary = dy.Bool(
        primary_key=True,
        description="Did the last line end by itself, and not because an invoice was not paid?",
    )
    churned_customers = count("Churned for this reason and in this way.", of="customers")
    churned_mrr = money("Their revalued opening MRR.", per="month", min=0)
    all_churned_customers = count("Churned for any reason.", of="customers")
    all_churned_mrr = money("The revalued opening MRR of all these.", per="month", min=0)
    churned_customers_share = share("Churned over all churned customers.", of="churned customers")
    churned_customers_share_low = share("Low end of its 95 % Wilson interval.", of="churned customers")
    churned_customers_share_high = share("High end of its 95 % Wilson interval.", of="churned customers")
    churned_mrr_share = ratio("Churned over all churned MRR.", of="churned MRR")


def churn_reasons(
    window: Window,
    customer_periods: dy.LazyFrame[CustomerPeriod],
    subscription_ends: PeriodMonths[SubscriptionEnd],
    departures: PeriodMonths[Departure],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[ChurnReasons]:
    r"""The customers of `churn`, by the reason of the last subscription that ended in the period.

    .. math:: churned\_customers\_share = \frac{churned\ for\ the\ reason}{churned}

    Of subscriptions that ended at one instant the one with the greatest id speaks. Not voluntary is who lost the line that held
    longest to delinquency, the last time it left in the period. The reasons of a cell add up to what `churn` says.
    """
    _, closing = window.bounds

    def churned(period: Period) -> pl.LazyFrame:
        ends = subscription_ends.since(period.start).filter(pl.col("ended_at") < closing)
        said = _last(ends, "ended_at", "subscription_id").select("customer_id", "reason")
        left = _last(departures.since(period.start), "month").select("customer_id", "is_voluntary")
        return (
            customer_periods.filter(pl.col("period") == period.name, pl.col("movement") == "churned")
            .select("customer_id", "revalued_opening_mrr")
            .join(said, on="customer_id", how="left")
            .join(left, on="customer_id", how="left")
            .with_columns(
                pl.col("reason").fill_null(NONE_GIVEN), pl.col("is_voluntary").fill_null(value=True)
            )
        )

    sums = {"churned_customers": pl.len().cast(pl.Int64), "churned_mrr": total("revalued_opening_mrr")}
    counted = (
        EventSums(window, customer_cells)
        .by_key(churned, KEYS, sums)
        .with_columns(
            all_churned_customers=pl.col("churned_customers").sum().over(SEGMENT),
            all_churned_mrr=pl.col("churned_mrr").sum().over(SEGMENT),
        )
    )
    amounts = [cents(name).alias(name) for name in ("churned_mrr", "all_churned_mrr")]
    return (
        counted.with_columns(amounts)
        .with_columns(
            **proportion("churned_customers_share", "churned_customers", "all_churned_customers"),
            churned_mrr_share=over("churned_mrr", "all_churned_mrr"),
        )
        .pipe(ChurnReasons.cast)
    )


def _last(rows: pl.LazyFrame, *order: str) -> pl.LazyFrame:
    return rows.sort(order).unique("customer_id", keep="last", maintain_order=True)
