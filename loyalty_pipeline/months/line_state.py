"""Line state: the lines that hold, or are known to end later, at the close of a month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import instant
from loyalty_pipeline.months.line_starts import Renewal
from loyalty_pipeline.periods import Window, instant_literal
from loyalty_pipeline.reads import Following, Previous
from loyalty_pipeline.staging.recurring_lines import RecurringLine


class LineState(RecurringLine):
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

    Lines of one subscription that touch or overlap form a stretch. Where the next stretch starts within
    `renewal_grace_days` after one ends, the lines that end where that one ends are extended to that start.
    Lines without a subscription are not extended.
    """
    _, closing = window.bounds
    started = (
        recurring_lines.filter(pl.col("starts_at") < closing)
        .sort("line_id")
        .with_columns(extended_to=pl.lit(None, pl.Datetime("us", "UTC")))
    )
    held = pl.concat([previous, started.select(LineState.column_names())]).collect()
    ahead = renewals.filter(pl.col("starts_at") <= instant_literal(window.renewals_until)).collect()
    late = late_renewals(held, ahead, window, renewal_grace_days)
    until = pl.max_horizontal("ends_at", "extended_to")
    return (
        held.lazy()
        .join(late.lazy(), on=["subscription_id", "ends_at"], how="left", maintain_order="left")
        .with_columns(
            extended_to=pl.coalesce(pl.when(pl.col("kind") == "recurring").then("renewed_at"), "extended_to")
        )
        .filter(pl.col("ends_at").is_null() | (until >= closing))
        .pipe(LineState.cast)
    )


def late_renewals(
    held: pl.DataFrame, ahead: pl.DataFrame, window: Window, renewal_grace_days: int
) -> pl.DataFrame:
    """The ends of stretches in the month that a late renewal follows: subscription, end and renewal.

    A line that starts where another ends is the usual renewal: an anti-join drops those ends, so that only
    the few that are left have to be compared with every line of their subscription.
    """
    opening, closing = window.bounds
    lines = held.filter(pl.col("kind") == "recurring", pl.col("subscription_id").is_not_null())
    starts = pl.concat([lines.select("subscription_id", "starts_at"), ahead])
    ends = (
        lines.filter(pl.col("ends_at").is_between(opening, closing))
        .select("subscription_id", "ends_at")
        .join(
            starts,
            left_on=["subscription_id", "ends_at"],
            right_on=["subscription_id", "starts_at"],
            how="anti",
        )
        .unique()
    )
    covered = ends.join(
        lines.select("subscription_id", "starts_at", covers_until="ends_at"), on="subscription_id"
    ).filter(
        pl.col("starts_at") < pl.col("ends_at"),
        pl.col("covers_until").is_null() | (pl.col("covers_until") > pl.col("ends_at")),
    )
    gap = pl.col("starts_at") - pl.col("ends_at")
    return (
        ends.join(covered, on=["subscription_id", "ends_at"], how="anti")
        .join(starts, on="subscription_id")
        .filter(pl.col("starts_at") > pl.col("ends_at"), gap <= pl.duration(days=renewal_grace_days))
        .group_by("subscription_id", "ends_at")
        .agg(renewed_at=pl.col("starts_at").min())
    )
