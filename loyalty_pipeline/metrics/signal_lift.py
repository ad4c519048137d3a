"""Signal lift: who leaves more often than others, by what was known of them before."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, count, ratio, share, text
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import in_period
from loyalty_pipeline.months.signal_sums import KNOWN, SignalSum
from loyalty_pipeline.periods import Period, PeriodTable, Window
from loyalty_pipeline.ratio import over, proportion

SIGNALS = ("nps_group", "csat", "tickets", "engagement", "loyalty", "referred")
QUARTILES = ("1 lowest", "2", "3", "4 highest")
NONE, SEVERAL = "none", "2+"


class SignalLift(PeriodTable):
    """One row per period, signal and value of it, of the customers active at the opening; the signal is in `segment_by`.

    Over the values of one signal customers add up to those of all.
    """

    segment_by = choice("The signal; `all` for everybody.", ("all", *SIGNALS), key=True)
    segment_value = text("What was known at the opening; `(unknown)` where nothing was.", key=True)
    customers = count("Active at the opening.", of="customers")
    churned_customers = count("Of those, not active at the closing.", of="customers")
    churn_rate = share("Churned over customers.", of="customers")
    churn_rate_low = share("Low end of its 95 % Wilson interval.", of="customers")
    churn_rate_high = share("High end of its 95 % Wilson interval.", of="customers")
    lift = ratio("Churn rate over that of everybody.", of="churn rate")


def signal_lift(window: Window, signal_sums: dy.LazyFrame[SignalSum]) -> dy.LazyFrame[SignalLift]:
    r"""Churn of the period by what was known at its opening.

    .. math:: lift = \frac{churn\ rate\ of\ the\ value}{churn\ rate\ of\ all}

    Known at the opening: the last NPS and CSAT answer of the 12 months before it, tickets and interactions of the three months before it,
    membership, and whether a referral brought the customer. Engagement is in quarters of those with an interaction: customers with the same
    number are in the same quarter, that in which the middle one of them is. It tells who leaves, not why. Null without
    customers, or where nobody left.
    """
    return pl.concat(
        _lifted(signal_sums.filter(pl.col("period") == period.name), period) for period in window.periods
    ).pipe(SignalLift.cast)


def _lifted(of_period: pl.LazyFrame, period: Period) -> pl.LazyFrame:
    counts = pl.col("customers", "churned_customers").sum()
    counted = of_period.group_by(KNOWN).agg(counts).collect().lazy()
    named = (
        counted.join(_quartiles(counted), on="interactions", how="left")
        .with_columns(**_named())
        .collect()
        .lazy()
    )
    sums = {name: pl.col(name).sum() for name in ("customers", "churned_customers")}
    everybody = named.select(segment_by=pl.lit("all"), segment_value=pl.lit("all"), **sums)
    cuts = [named.group_by(segment_by=pl.lit(by), segment_value=by).agg(**sums) for by in SIGNALS]
    rated = pl.concat([everybody, *cuts]).with_columns(
        **proportion("churn_rate", "churned_customers", "customers"), **in_period(period)
    )
    overall = pl.col("churn_rate").filter(pl.col("segment_by") == "all").first()
    return rated.with_columns(lift=over("churn_rate", overall)).select(
        *SEGMENT, *(name for name in SignalLift.column_names() if name not in SEGMENT)
    )


def _named() -> dict[str, pl.Expr]:
    tickets = (
        pl.when(pl.col("tickets") > 1).then(pl.lit(SEVERAL)).otherwise(pl.col("tickets").cast(pl.String))
    )
    return {
        "tickets": tickets,
        "engagement": pl.col("quartile").fill_null(NONE),
        "loyalty": pl.when("is_member").then(pl.lit("member")).otherwise(pl.lit("not a member")),
        "referred": pl.when("is_referred").then(pl.lit("referred")).otherwise(pl.lit("not referred")),
    }


def _quartiles(counted: pl.LazyFrame) -> pl.LazyFrame:
    """The quarter of each number of interactions among those with any."""
    met = counted.filter(pl.col("interactions") > 0).group_by("interactions").agg(pl.col("customers").sum())
    as_many, up_to = pl.col("customers"), pl.col("customers").cum_sum()
    # Four times the position of the middle one of equals, in halves of a customer, so that it stays whole.
    position, of = 4 * (2 * up_to - as_many), 2 * as_many.sum()
    number = ((position + of - 1) // of).clip(1, len(QUARTILES))
    names = pl.lit(pl.Series(QUARTILES)).gather((number - 1).cast(pl.UInt32))
    return met.sort("interactions").select("interactions", quartile=names)
