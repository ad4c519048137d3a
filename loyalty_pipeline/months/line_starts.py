"""Line starts: who begins what in a month, and which starts could be late renewals."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, instant, key
from loyalty_pipeline.periods import Window
from loyalty_pipeline.staging.recurring_lines import RecurringLine


class LineStart(Sharded):
    """One row per customer for whom a line starts in the month."""

    customer_id = key("The customer.")
    started_at = instant("The earliest start of a line of any kind.")
    activated_at = instant("The earliest start of a line that makes its customer active.", nullable=True)


class Renewal(Sharded):
    """One row per customer, subscription and instant at which a recurring line starts soon after the month's opening."""

    customer_id = key("The customer.")
    subscription_id = key("The subscription.")
    starts_at = instant("When the line starts.", key=True)


def gives_activity() -> pl.Expr:
    """Whether the line makes its customer active where it holds."""
    is_paid_for = (pl.col("kind") == "recurring") & (pl.col("mrr") > 0)
    return is_paid_for | (pl.col("kind") == "purchase")


def line_starts(window: Window, recurring_lines: dy.LazyFrame[RecurringLine]) -> dy.LazyFrame[LineStart]:
    """Starts before the closing. A line that is cut before it starts never makes anybody active."""
    _, closing = window.bounds
    ends_later = pl.col("cut_at").is_null() | (pl.col("cut_at") > pl.col("starts_at"))
    return (
        recurring_lines.filter(pl.col("starts_at") < closing)
        .group_by("customer_id")
        .agg(
            started_at=pl.col("starts_at").min(),
            activated_at=pl.col("starts_at").filter(gives_activity() & ends_later).min(),
        )
        .pipe(LineStart.cast)
    )


def renewals(
    window: Window, recurring_lines: dy.LazyFrame[RecurringLine], renewal_grace_days: int
) -> dy.LazyFrame[Renewal]:
    """Starts within the grace of the opening, and before the as-of: the little that the month before has to know."""
    opening, closing = window.bounds
    return (
        recurring_lines.filter(
            pl.col("kind") == "recurring",
            pl.col("subscription_id").is_not_null(),
            pl.col("starts_at") <= opening + pl.duration(days=renewal_grace_days),
            pl.col("starts_at") < closing,
        )
        .select("customer_id", "subscription_id", "starts_at")
        .unique()
        .pipe(Renewal.cast)
    )
