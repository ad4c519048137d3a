"""Value sums: what customers brought so far, and may still bring, over each segment."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, exact
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.customer_residuals import CustomerResidual
from loyalty_pipeline.months.customer_revenue import CustomerValue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.merging import beside
from loyalty_pipeline.months.segments import SegmentTable, by_profile, in_period
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.staging.customers import ATTRIBUTES


class ValueSum(SegmentTable, Sharded):
    """One row per period and segment value that has a customer: what the customers of one shard add up to."""

    customers = count("With a line or a payment before the closing.", of="customers")
    historic_revenue = exact("Payments less refunds to the closing.")
    residual_margin = exact("Discounted margin still expected of these.")


def value_sums(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    customer_value: dy.LazyFrame[CustomerValue],
    customer_residuals: dy.LazyFrame[CustomerResidual],
    customer_periods: dy.LazyFrame[CustomerPeriod],
) -> dy.LazyFrame[ValueSum]:
    """Everybody seen before the closing, by what they were there; the plan is that of the period."""
    known = customer_state.select("customer_id", *ATTRIBUTES).collect()
    values = beside(known, customer_value.select("customer_id", "revenue").collect())
    residuals = customer_residuals.collect()
    if residuals.is_empty():
        everybody = values.with_columns(residual_margin=pl.lit(None, EXACT))
    else:
        everybody = beside(values, residuals)
    plans = customer_periods.select("period", "customer_id", "plan").collect()
    return pl.concat(_summed(everybody, plans, period) for period in window.periods).pipe(ValueSum.cast)


def _summed(everybody: pl.DataFrame, plans: pl.DataFrame, period: Period) -> pl.LazyFrame:
    customers = beside(everybody, plans.filter(pl.col("period") == period.name).drop("period"))
    sums = {
        "customers": pl.len().cast(pl.Int64),
        "historic_revenue": total("revenue"),
        "residual_margin": total("residual_margin"),
    }
    return by_profile(customers.lazy(), [], sums, period.start.year).with_columns(**in_period(period))
