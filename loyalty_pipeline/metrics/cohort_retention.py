"""Cohort retention: what is left of the customers who came in one month, month after month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import average, count, day, money, ratio, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.cohorts import CohortMonth
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Window, months_between
from loyalty_pipeline.ratio import over, proportion


class CohortRetention(SegmentTable):
    """One row per cohort, month since and segment value of the cohort; `period` is month only.

    Segments are those at the closing of the cohort's first month. Cells after the as-of do not exist.
    """

    cohort = day("First day of the month in which its customers were first active.", key=True)
    months_since = count("Months from the cohort's to the period's.", of="months")
    cohort_customers = count("Its customers.", of="customers")
    cohort_mrr = money("Their MRR at the closing of the cohort's month.", per="month", min=0)
    active_customers = count("Of those, active at the closing.", of="customers")
    active_mrr = money("Their MRR at the closing.", per="month", min=0)
    cumulative_revenue = money("What they paid since the start of the cohort's month, less refunds.")
    customer_retention_rate = share("Active over cohort customers.", of="cohort customers")
    customer_retention_rate_low = share("Low end of its 95 % Wilson interval.", of="cohort customers")
    customer_retention_rate_high = share("High end of its 95 % Wilson interval.", of="cohort customers")
    mrr_retention_rate = ratio("Active over cohort MRR.", of="cohort MRR")
    revenue_per_customer = average("Cumulative revenue over cohort customers.", per="customer")


def cohort_retention(
    window: Window,
    cohort_months: dy.LazyFrame[CohortMonth],
) -> dy.LazyFrame[CohortRetention]:
    r"""Active customers of a cohort over all of it; their MRR over that of the cohort's month.

    .. math:: customer\_retention\_rate = \frac{active}{cohort} \qquad mrr\_retention\_rate = \frac{active\_mrr}{cohort\_mrr}

    The rate of the cohort's own month is below one where customers came and went in it. Null where a cohort
    opened without MRR.
    """
    return (
        cells(cohort_months, CohortRetention)
        .with_columns(
            months_since=months_between(pl.col("cohort"), pl.col("period_start")),
            **proportion("customer_retention_rate", "active_customers", "cohort_customers"),
            mrr_retention_rate=over("active_mrr", "cohort_mrr"),
            revenue_per_customer=over("cumulative_revenue", "cohort_customers"),
        )
        .pipe(CohortRetention.cast)
    )
