"""Customer cells: what everybody was at the closings of a month, which is how every metric is cut."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, flag, key, text
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.merging import beside, inserted
from loyalty_pipeline.months.prospects import Prospect
from loyalty_pipeline.months.segments import UNKNOWN
from loyalty_pipeline.periods import PERIODS, Window
from loyalty_pipeline.staging.customers import ATTRIBUTES, Attributes


class CustomerCell(Attributes):
    """One row per period that closes in the month, and person met before its closing.

    It has no amounts: what changes nothing here changes no count of what customers say or do.
    """

    period = choice("Length of the period.", PERIODS, key=True)
    customer_id = key("The person.")
    plan = text("Plan with the highest MRR at the opening, or at the closing for who had none there.")
    was_active = flag("Active at the opening?")
    is_active = flag("Active at the closing?")


def customer_cells(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    prospects: dy.LazyFrame[Prospect],
    customer_periods: dy.LazyFrame[CustomerPeriod],
) -> dy.LazyFrame[CustomerCell]:
    """Customers and prospects by what was known of them at the closing; the plan is that of the period."""
    columns = ["customer_id", *ATTRIBUTES]
    people = inserted(customer_state.select(columns).collect(), prospects.select(columns).collect())
    held = customer_periods.select("period", "customer_id", "plan", "was_active", "is_active").collect()
    return pl.concat(
        beside(people, held.filter(pl.col("period") == period.name).drop("period"))
        .lazy()
        .with_columns(
            pl.col("was_active", "is_active").fill_null(value=False),
            pl.col("plan").fill_null(UNKNOWN),
            period=pl.lit(period.name),
        )
        for period in window.periods
    ).pipe(CustomerCell.cast)
