"""Line state: the lines that hold, or are known to end later, at the close of a month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import instant
from loyalty_pipeline.months.line_starts import Renewal
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Following, Previous
from loyalty_pipeline.staging.recurring_lines import Line, RecurringLine

SUBSCRIPTION = ["customer_id", "subscription_id"]


class LineState(Line):
    """One row per line that starts before the closing and does not end before it, cut or not.

    A line that is cut stays as long as its own end is ahead: it still joins stretches of its subscription.
    """

    extended_to = instant("The late renewal it is extended to; null without one.", nullable=True)


def line_state(
    window: Window,
    previous: Previous[LineState],
    recurring_lines: dy.LazyFrame[RecurringLine],
    renewals: Following[Renewal],
    renewal_grace_days: int,
) -> dy.LazyFrame[LineState]:
    """Lines of the month before that go on, and those that start in the month, with late renewals joined.

    Lines of one subscription of a customer that touch or overlap form a stretch. Where the next stretch starts within
    `renewal_grace_days` after one ends, the lines that end where that one ends are extended to that start.
    Lines without a subscription are not extended.
    """
    _, closing = window.bounds
    lines = extended_lines(window, previous, recurring_lines, renewals, renewal_grace_days)
    until = pl.max_horizontal("ends_at", "extended_to")
    return lines.filter(pl.col("ends_at").is_null() | (until >= closing)).pipe(LineState.cast)


def extended_lines(
    window: Window,
    held_before: pl.LazyFrame,
    recurring_lines: pl.LazyFrame,
    renewals: pl.LazyFrame,
    renewal_grace_days: int,
) -> pl.LazyFrame:
    """The lines that held at the opening and those that start before the closing, extended to their late renewals."""
    _, closing = window.bounds
    started = (
        recurring_lines.filter(pl.col("starts_at") < closing)
        .with_columns(extended_to=pl.lit(None, pl.Datetime("us", "UTC")))
        .select(LineState.column_names())
        .sort("line_id")
    )
    held = held_before.merge_sorted(started, key="line_id").collect()
    return _extended(held, late_renewals(held, renewals.collect(), window, renewal_grace_days))


def _extended(held: pl.DataFrame, late: pl.DataFrame) -> pl.LazyFrame:
    # Few lines renew late: the others need no join.
    may_be = held["subscription_id"].is_in(late["subscription_id"].implode()).fill_null(value=False)
    is_recurring = pl.col("kind") == "recurring"
    renewed = (
        held.lazy()
        .filter(may_be)
        .join(late.lazy(), on=[*SUBSCRIPTION, "ends_at"], how="left")
        .with_columns(extended_to=pl.coalesce(pl.when(is_recurring).then("renewed_at"), "extended_to"))
        .drop("renewed_at")
        .sort("line_id")
    )
    return held.lazy().filter(~may_be).merge_sorted(renewed, key="line_id")


def late_renewals(
    held: pl.DataFrame, ahead: pl.DataFrame, window: Window, renewal_grace_days: int
) -> pl.DataFrame:
    """The ends of stretches in the month that a late renewal follows: customer, subscription, end and renewal.

    A line that starts where another ends is the usual renewal: an anti-join drops those ends, so that only
    the few that are left have to be compared with every line of their subscription.
    """
    opening, closing = window.bounds
    in_subscriptions = held.lazy().filter(
        pl.col("kind") == "recurring", pl.col("subscription_id").is_not_null()
    )
    lines = in_subscriptions.select(*SUBSCRIPTION, "starts_at", "ends_at").collect()
    starts = pl.concat([lines.select(*SUBSCRIPTION, "starts_at"), ahead.select(*SUBSCRIPTION, "starts_at")])
    ending = lines.filter(pl.col("ends_at").is_between(opening, closing))
    renewing = starts.filter(pl.col("starts_at") >= opening)
    ends = (
        ending.select(*SUBSCRIPTION, "ends_at")
        .join(
            renewing,
            left_on=[*SUBSCRIPTION, "ends_at"],
            right_on=[*SUBSCRIPTION, "starts_at"],
            how="anti",
        )
        .unique()
    )
    theirs = lines.filter(pl.col("subscription_id").is_in(ends["subscription_id"].unique().implode()))
    covered = ends.join(
        theirs.select(*SUBSCRIPTION, "starts_at", covers_until="ends_at"), on=SUBSCRIPTION
    ).filter(
        pl.col("starts_at") < pl.col("ends_at"),
        pl.col("covers_until").is_null() | (pl.col("covers_until") > pl.col("ends_at")),
    )
    gap = pl.col("starts_at") - pl.col("ends_at")
    return (
        ends.join(covered, on=[*SUBSCRIPTION, "ends_at"], how="anti")
        .join(renewing, on=SUBSCRIPTION)
        .filter(pl.col("starts_at") > pl.col("ends_at"), gap <= pl.duration(days=renewal_grace_days))
        .group_by(*SUBSCRIPTION, "ends_at")
        .agg(renewed_at=pl.col("starts_at").min())
    )


def held_at_closing(line_state: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    """The lines that hold at the closing, cuts and extensions counted: `start < closing <= end`."""
    _, closing = window.bounds
    ends_at = pl.max_horizontal("ends_at", "extended_to")
    is_running = pl.col("ends_at").is_null() | (ends_at >= closing)
    is_uncut = pl.col("cut_at").is_null() | (
        (pl.col("cut_at") >= closing) & (pl.col("cut_at") > pl.col("starts_at"))
    )
    return line_state.filter(pl.col("starts_at") < closing, is_running, is_uncut)
