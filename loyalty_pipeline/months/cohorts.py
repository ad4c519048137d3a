"""Cohorts: customers by the month in which they were first active, followed month by month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, day, exact, key
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.customer_months import CustomerMonth
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.customer_revenue import CustomerRevenue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.segments import SEGMENTS, UNKNOWN, Segmented, SegmentTable, by_segment, known
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Previous, Through

MEASURES = ("cohort_customers", "cohort_mrr", "active_customers", "active_mrr", "cumulative_revenue")


class CohortMember(Segmented):
    """One row per customer first active in the month.

    Segments are those at the closing of that month, so that a cohort never changes its size.
    """

    cohort = day("The month of the first activity.", key=True)
    customer_id = key("The customer.")


class CohortMonth(SegmentTable):
    """One row per cohort, month and segment value of the cohort."""

    cohort = day("The month of the first activity.", key=True)
    cohort_customers = count("Its members.", of="customers")
    cohort_mrr = exact("Their MRR at the closing of the cohort's month.", of="reporting currency / month")
    active_customers = count("Of those, active at the closing.", of="customers")
    active_mrr = exact("Their MRR at the closing.", of="reporting currency / month")
    cumulative_revenue = exact("What they paid from the start of the cohort's month to the closing.")


def cohort_members(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    customer_periods: dy.LazyFrame[CustomerPeriod],
) -> dy.LazyFrame[CohortMember]:
    """Who is first active in the month. The plan is `(unknown)` for those who came and went."""
    opening, _ = window.bounds
    month = window.periods[0]
    plans = customer_periods.filter(pl.col("period") == "month").select("customer_id", "plan")
    return (
        customer_state.filter(pl.col("first_active_at") >= opening)
        .join(plans, on="customer_id", how="left")
        .with_columns(
            pl.col("plan").fill_null(UNKNOWN),
            *known(window.month.year),
            cohort=pl.lit(window.month),
            period=pl.lit("month"),
            period_start=pl.lit(month.start),
            period_end=pl.lit(month.end),
            is_complete=pl.lit(month.is_complete),
        )
        .pipe(CohortMember.cast)
    )


def cohort_months(
    window: Window,
    previous: Previous[CohortMonth],
    cohort_members: Through[CohortMember],
    customer_months: dy.LazyFrame[CustomerMonth],
    customer_revenue: dy.LazyFrame[CustomerRevenue],
) -> dy.LazyFrame[CohortMonth]:
    """Every cohort so far at the closing; its revenue is that of the month before and what came in."""
    month = window.periods[0]
    active = customer_months.filter("is_active").select("customer_id", "is_active", active_mrr="mrr")
    revenue = customer_revenue.select("customer_id", "revenue")
    members = (
        cohort_members.select("cohort", "customer_id", *SEGMENTS)
        .join(active, on="customer_id", how="left")
        .join(revenue, on="customer_id", how="left")
        .with_columns(pl.col("active_mrr", "revenue").fill_null(pl.lit(0).cast(EXACT)))
    )
    observed = by_segment(members.collect(), ["cohort"], _sums()).lazy()
    keys = ["cohort", "segment_by", "segment_value"]
    before = previous.select(*keys, "cohort_mrr", earlier_revenue="cumulative_revenue")
    zero = pl.lit(0).cast(EXACT)
    return (
        observed.join(before, on=keys, how="left")
        .with_columns(
            cohort_mrr=pl.when(pl.col("cohort") == window.month).then("active_mrr").otherwise("cohort_mrr"),
            cumulative_revenue=pl.col("earlier_revenue").fill_null(zero) + pl.col("revenue"),
            period=pl.lit("month"),
            period_start=pl.lit(month.start),
            period_end=pl.lit(month.end),
            is_complete=pl.lit(month.is_complete),
        )
        .pipe(CohortMonth.cast)
    )


def _sums() -> dict[str, pl.Expr]:
    return {
        "cohort_customers": pl.len().cast(pl.Int64),
        "active_customers": pl.col("is_active").fill_null(value=False).sum(),
        "active_mrr": total("active_mrr"),
        "revenue": total("revenue"),
    }
