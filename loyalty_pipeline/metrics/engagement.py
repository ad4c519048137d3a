"""Engagement: how many customers were in touch, how often, and for how long."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, number, ratio
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.engagement_sums import Contacts, EngagementSum
from loyalty_pipeline.months.event_sums import over_shards
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over, per

SECONDS_OF_A_MINUTE = 60


class Engagement(Contacts):
    """One row per period and segment value of the customers in touch, or channel.

    A customer counts in each of its channels: these do not add up to `all` in customers and days, but in all else.
    """

    needs = ("interactions",)

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


def engagement(window: Window, engagement_sums: dy.LazyFrame[EngagementSum]) -> dy.LazyFrame[Engagement]:
    r"""Customers with an interaction, the days on which they had one, and what these amounted to.

    .. math:: stickiness = \frac{customer\ days / days}{active\ customers}

    For a month that is daily over monthly active users. Of a period cut by the as-of the days so far count. An interaction belongs
    to the local day on which it began. Null where nobody was in touch.
    """
    days = {period.name: window.days_of(period) for period in window.periods}
    return (
        cells(over_shards(engagement_sums, EngagementSum, window), Engagement)
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
