"""Engagement: how many customers were in touch, how often, and for how long."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, count, high, number, ratio, text
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SEGMENT_BY, in_period
from loyalty_pipeline.periods import Period, PeriodTable, Window
from loyalty_pipeline.ratio import over, per
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.interaction_days import InteractionDay

SECONDS_OF_A_MINUTE = 60
CONTACTS = ("interactions", "seconds", "actions")


class Engagement(PeriodTable):
    """One row per period and segment value of the customers in touch, or channel.

    A customer counts in each of its channels: these do not add up to `all` in customers and days, but in all else.
    """

    needs = ("interactions",)

    segment_by = choice("What cuts the customers or the interactions.", (*SEGMENT_BY, "channel"), key=True)
    segment_value = text("Its value; `all` for everybody, `(unknown)` where it is missing.", key=True)
    active_customers = count("Customers with an interaction.", of="customers")
    customer_days = count("Pairs of customer and local day with an interaction.", of="customer days")
    interactions = count("Interactions that began in the period.", of="interactions")
    seconds = count("How long they lasted.", of="seconds")
    actions = count("What customers did during them.", of="actions")
    days = count("Days of the period so far.", of="days")
    minutes = number("Seconds over 60.", unit="minutes")
    stickiness = ratio(
        "Active customers of an average day over active customers.",
        of="active customers",
        scored=high("active_customers"),
    )
    interactions_per_customer = number(
        "Interactions over active customers.",
        unit="interactions / customer",
        nullable=True,
        scored=high("active_customers"),
    )
    minutes_per_customer = number("Minutes over active customers.", unit="minutes / customer", nullable=True)
    actions_per_customer = number("Actions over active customers.", unit="actions / customer", nullable=True)


def engagement(
    window: Window,
    interaction_days: PeriodMonths[InteractionDay],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[Engagement]:
    r"""Customers with an interaction, the days on which they had one, and what these amounted to.

    .. math:: stickiness = \frac{customer\ days / days}{active\ customers}

    For a month that is daily over monthly active users. Of a period cut by the as-of the days so far count. An interaction belongs
    to the local day on which it began. Null where nobody was in touch.
    """

    def customers(period: Period) -> pl.LazyFrame:
        # To count days that are grouped already is cheaper than to count the different ones of each customer.
        met = interaction_days.since(period.start).group_by("customer_id", "interaction_day")
        return _of(met.agg(pl.col(CONTACTS).sum()), "customer_id")

    def in_channels(period: Period) -> pl.LazyFrame:
        by_channel = _of(interaction_days.since(period.start), "customer_id", "channel")
        return (
            by_channel.group_by(segment_by=pl.lit("channel"), segment_value="channel")
            .agg(**_sums())
            .with_columns(**in_period(period))
        )

    everywhere = EventSums(window, customer_cells).by_segment(customers, _sums())
    channels = [in_channels(period).select(*SEGMENT, *_sums()) for period in window.periods]
    days = {period.name: window.days_of(period) for period in window.periods}
    return (
        cells(pl.concat([everywhere, *channels]), Engagement)
        .with_columns(
            days=pl.col("period").replace_strict(days, return_dtype=pl.Int64),
            minutes=per("seconds", SECONDS_OF_A_MINUTE),
        )
        .with_columns(
            stickiness=over(pl.col("customer_days") / pl.col("days"), "active_customers"),
            interactions_per_customer=over("interactions", "active_customers"),
            minutes_per_customer=over("minutes", "active_customers"),
            actions_per_customer=over("actions", "active_customers"),
        )
        .pipe(Engagement.cast)
    )


def _of(days: pl.LazyFrame, *customers: str) -> pl.LazyFrame:
    return days.group_by(customers).agg(pl.col(CONTACTS).sum(), customer_days=pl.len().cast(pl.Int64))


def _sums() -> dict[str, pl.Expr]:
    return {
        "active_customers": pl.len().cast(pl.Int64),
        "customer_days": pl.col("customer_days").sum(),
        **{name: pl.col(name).sum() for name in CONTACTS},
    }
