"""Cohorts: customers by the month in which they were first active, followed month by month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, count, day, exact, key, text
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.customer_months import CustomerMonth
from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.customer_revenue import CustomerRevenue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.segments import (
    SEGMENT_BY,
    UNKNOWN,
    SegmentTable,
    by_profile,
    in_period,
)
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Previous, Through
from loyalty_pipeline.staging.customers import Attributes

CELL = ["cohort", "segment_by", "segment_value"]


class CohortMember(Attributes):
    """One row per customer first active in the month, as it was at the closing.

    Later changes are none of a cohort's: it never changes its size.
    """

    cohort = day("The month of the first activity.", key=True)
    customer_id = key("The customer.")
    plan = text("Plan with the highest MRR at the opening, or at the closing for who had none there.")


class CohortMonth(SegmentTable):
    """One row per cohort, month and segment value of the cohort."""

    cohort = day("The month of the first activity.", key=True)
    cohort_customers = count("Its members.", of="customers")
    cohort_mrr = exact("Their MRR at the closing of the cohort's month.", of="reporting currency / month")
    active_customers = count("Of those, active at the closing.", of="customers")
    active_mrr = exact("Their MRR at the closing.", of="reporting currency / month")
    cumulative_revenue = exact("What they paid from the start of the cohort's month to the closing.")


class CohortSum(Sharded):
    """One row per cohort and segment value of which somebody begins, holds or pays in the month: one shard's customers."""

    cohort = day("The month of the first activity.", key=True)
    segment_by = choice("The attribute that cuts the customers.", SEGMENT_BY, key=True)
    segment_value = text("Its value.", key=True)
    begun_customers = count("First active in the month.", of="customers")
    active_customers = count("Active at the closing.", of="customers")
    active_mrr = exact("Their MRR at the closing.", of="reporting currency / month")
    revenue = exact("What members paid in the month.")


def cohort_members(
    window: Window,
    customer_state: dy.LazyFrame[CustomerState],
    customer_periods: dy.LazyFrame[CustomerPeriod],
) -> dy.LazyFrame[CohortMember]:
    """Who is first active in the month. The plan is `(unknown)` for those who came and went."""
    opening, _ = window.bounds
    plans = customer_periods.filter(pl.col("period") == "month").select("customer_id", "plan")
    begun = customer_state.filter(pl.col("first_active_at") >= opening).collect().lazy()
    return (
        begun.join(plans, on="customer_id", how="left")
        .with_columns(pl.col("plan").fill_null(UNKNOWN), cohort=pl.lit(window.month))
        .pipe(CohortMember.cast)
    )


def cohort_sums(
    window: Window,
    cohort_members: Through[CohortMember],
    customer_months: dy.LazyFrame[CustomerMonth],
    customer_revenue: dy.LazyFrame[CustomerRevenue],
) -> dy.LazyFrame[CohortSum]:
    """Who begins, who holds and who pays, by cohort."""
    active = customer_months.filter("is_active").select("customer_id", "is_active", active_mrr="mrr")
    revenue = customer_revenue.select("customer_id", "revenue")
    seen = (
        active.join(revenue, on="customer_id", how="full", coalesce=True).collect(engine="streaming").lazy()
    )
    begun = pl.col("cohort") == window.month
    # Who does nothing in the month is in no sum; who begins is counted whatever it does.
    members = pl.concat(
        [
            cohort_members.filter(begun).join(seen, on="customer_id", how="left"),
            cohort_members.filter(~begun).join(seen, on="customer_id", how="inner"),
        ]
    )
    sums = {
        "begun_customers": begun.sum().cast(pl.Int64),
        "active_customers": pl.col("is_active").fill_null(value=False).sum().cast(pl.Int64),
        "active_mrr": total("active_mrr"),
        "revenue": total("revenue"),
    }
    return by_profile(members, ["cohort"], sums, pl.col("cohort").dt.year()).pipe(CohortSum.cast)


def cohort_months(
    window: Window, previous: Previous[CohortMonth], cohort_sums: dy.LazyFrame[CohortSum]
) -> dy.LazyFrame[CohortMonth]:
    """Every cohort so far at the closing; its revenue is that of the month before and what came in."""
    observed = cohort_sums.group_by(CELL).agg(
        pl.col("begun_customers", "active_customers").sum(), total("active_mrr"), total("revenue")
    )
    seen = observed.collect().lazy()
    begun = seen.filter(pl.col("begun_customers") > 0).select(*CELL, cohort_customers="begun_customers")
    earlier = previous.select(*CELL, "cohort_customers", "cohort_mrr", "cumulative_revenue")
    zero = pl.lit(0).cast(EXACT)
    return (
        pl.concat([earlier, begun], how="diagonal")
        .join(seen, on=CELL, how="left")
        .with_columns(pl.col("active_customers").fill_null(0), pl.col("active_mrr").fill_null(zero))
        .with_columns(
            cohort_mrr=pl.coalesce("cohort_mrr", "active_mrr"),
            cumulative_revenue=pl.col("cumulative_revenue").fill_null(zero)
            + pl.col("revenue").fill_null(zero),
            **in_period(window.periods[0]),
        )
        .pipe(CohortMonth.cast)
    )
