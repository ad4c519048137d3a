"""Reason sums: why customers left in a period, and whether they meant to, added up over each segment."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, exact, text
from loyalty_pipeline.money import total
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.departures import Departure
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.subscription_ends import SubscriptionEnd

NONE_GIVEN = "(none given)"
REASON = ["reason", "is_voluntary"]


class Left(SegmentTable):
    """One row per period, segment value, reason, and way of leaving of the customers who churned."""

    reason = text(
        "What the customer said, in the words of the source; `(none given)` where nothing.", key=True
    )
    is_voluntary = dy.Bool(
        primary_key=True,
        description="Did the last line end by itself, and not because an invoice was not paid?",
    )
    churned_customers = count("Churned for this reason and in this way.", of="customers")


class ReasonSum(Left, Sharded):
    """One row per period, segment value, reason, and way of leaving: what the churned customers of one shard add up to."""

    churned_mrr = exact("Their revalued opening MRR.", of="reporting currency / month")


def reason_sums(
    window: Window,
    customer_periods: dy.LazyFrame[CustomerPeriod],
    subscription_ends: PeriodMonths[SubscriptionEnd],
    departures: PeriodMonths[Departure],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[ReasonSum]:
    """The last subscription of each that ended in the period, and how its customer left the last time."""
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
    return EventSums(window, customer_cells).by_key(churned, REASON, sums).pipe(ReasonSum.cast)


def _last(rows: pl.LazyFrame, *order: str) -> pl.LazyFrame:
    return rows.sort(order).unique("customer_id", keep="last", maintain_order=True)
