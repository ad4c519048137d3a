"""Departures: of those who left in a month, who did so because nobody paid."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, flag, key
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.line_starts import Renewal
from loyalty_pipeline.months.line_state import LineState, extended_lines
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Following, Previous
from loyalty_pipeline.staging.recurring_lines import RecurringLine

LEFT = ("churned", "transient")


class Departure(Sharded):
    """One row per customer who churned in the month, or came and went."""

    month = day("The month.", key=True)
    customer_id = key("The customer.")
    is_voluntary = flag("Did its last line end by itself, and not because an invoice was not paid?")


def departures(
    window: Window,
    customer_periods: dy.LazyFrame[CustomerPeriod],
    previous: Previous[LineState],
    recurring_lines: dy.LazyFrame[RecurringLine],
    renewals: Following[Renewal],
    renewal_grace_days: int,
) -> dy.LazyFrame[Departure]:
    """Involuntary is who lost the line that held longest in the month to delinquency.

    Where several lines ended at that instant, one that ended by itself decides. Who left no line, because its MRR fell
    below the floor or its purchases grew old, left by itself.
    """
    opening, closing = window.bounds
    movements = customer_periods.filter(pl.col("period") == "month", pl.col("movement").is_in(LEFT))
    left = movements.select("customer_id").collect()
    # They are few: to leave the lines of the others in their file is cheaper than to join them all.
    is_theirs = pl.col("customer_id").is_in(left["customer_id"].implode())
    lines = extended_lines(
        window,
        previous.filter(is_theirs).sort("line_id"),
        recurring_lines.join(left.lazy(), on="customer_id", how="semi"),
        renewals,
        renewal_grace_days,
    ).filter(pl.col("kind") == "recurring")
    own_end = pl.when(pl.col("ends_at").is_not_null()).then(pl.max_horizontal("ends_at", "extended_to"))
    ended = (
        lines.with_columns(own_end=own_end)
        .with_columns(ended_at=pl.min_horizontal("own_end", "cut_at"))
        .filter(
            pl.col("ended_at") >= opening,
            pl.col("ended_at") < closing,
            pl.col("ended_at") > pl.col("starts_at"),
        )
    )
    is_by_itself = pl.col("own_end") == pl.col("ended_at")
    last = ended.filter(pl.col("ended_at") == pl.col("ended_at").max().over("customer_id"))
    voluntary = last.group_by("customer_id").agg(is_voluntary=is_by_itself.fill_null(value=False).any())
    return (
        left.lazy()
        .join(voluntary, on="customer_id", how="left")
        .with_columns(pl.col("is_voluntary").fill_null(value=True), month=pl.lit(window.month))
        .pipe(Departure.cast)
    )
