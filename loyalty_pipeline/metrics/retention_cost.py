"""Retention cost: what keeping customers costs, for each of them and for the MRR that was kept."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import average, choice, count, low, money, number, text
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import with_every_period
from loyalty_pipeline.months.exchange import at_rate
from loyalty_pipeline.months.segment_periods import SEGMENT, SegmentPeriod
from loyalty_pipeline.months.segments import UNKNOWN, in_period, with_words
from loyalty_pipeline.periods import Period, PeriodTable, Window
from loyalty_pipeline.ratio import over
from loyalty_pipeline.reads import PeriodMonths, Through, Whole
from loyalty_pipeline.sources.billing import FxRate
from loyalty_pipeline.staging.fx_rates import FirstRate, rates_on
from loyalty_pipeline.staging.retention_spend import Spend

BY = "customer_segment"
A_YEAR = {"month": 12, "quarter": 4, "year": 1}
CUSTOMERS = ("opening_customers", "closing_customers")


class RetentionCost(PeriodTable):
    """One row per period and segment value: all, by customer segment."""

    needs = ("retention_costs",)

    segment_by = choice("What cuts the customers and the costs.", ("all", BY), key=True)
    segment_value = text(
        "Its value; `all` for all, `(unknown)` for what was spent on no one segment.", key=True
    )
    cost = money("Costs of the period, at the rate of their day.")
    opening_customers = count("Active at the opening.", of="customers")
    closing_customers = count("Active at the closing.", of="customers")
    average_customers = number("The mean of both.", unit="customers", min=0)
    retained_mrr = money("Revalued opening MRR less contracted and churned.", per="month")
    cost_per_customer = average(
        "Cost over average customers.", per="customer and period", scored=low("opening_customers")
    )
    annual_cost_per_customer = average("That times 12, 4 or 1.", per="customer and year")
    cost_per_retained_mrr = average(
        "Cost over retained MRR.", per="unit of retained MRR", scored=low("opening_customers")
    )


def retention_cost(
    window: Window,
    retention_spend: PeriodMonths[Spend],
    segment_periods: dy.LazyFrame[SegmentPeriod],
    customer_cells: dy.LazyFrame[CustomerCell],
    fx_rates: Through[FxRate],
    first_rates: Whole[FirstRate],
    reporting_currency: str,
) -> dy.LazyFrame[RetentionCost]:
    r"""Costs of the period beside the customers and the MRR that were there to be kept.

    .. math:: cost\_per\_customer = \frac{cost}{(opening + closing) / 2} \qquad
              cost\_per\_retained\_mrr = \frac{cost}{opening^* - contracted - churned}

    A cost belongs to the segment that it names, else to that of its customer at the closing, else to `(unknown)`: what is spent on
    everybody is there. Each is converted at the rate of its day and rounded to 4 places. Null without customers, or without MRR that was kept.
    """
    since = min(period.start for period in window.periods)
    costs = retention_spend.since(since).filter(pl.col("incurred_on") < window.closes_on)
    dated = costs.rename({"incurred_on": "rate_date", BY: "named"})
    rates = rates_on(dated, fx_rates, first_rates, reporting_currency)
    converted = at_rate(dated, rates, "amount").collect()
    spent = pl.concat(cut for period in window.periods for cut in _costs(converted, customer_cells, period))
    lost = pl.col("contracted_mrr") + pl.col("churned_mrr")
    kept = segment_periods.filter(pl.col("segment_by").is_in(["all", BY])).select(
        *SEGMENT, *CUSTOMERS, retained_mrr=(pl.col("revalued_opening_mrr") - lost).cast(EXACT)
    )
    sums = with_every_period(spent, window).join(kept, on=SEGMENT, how="full", coalesce=True)
    zero = pl.lit(0).cast(EXACT)
    known = sums.with_columns(pl.col("cost", "retained_mrr").fill_null(zero), pl.col(CUSTOMERS).fill_null(0))
    return (
        cells(known.with_columns(average_customers=pl.sum_horizontal(CUSTOMERS) / 2), RetentionCost)
        .with_columns(
            cost_per_customer=over("cost", "average_customers"),
            cost_per_retained_mrr=over("cost", "retained_mrr"),
        )
        .with_columns(
            annual_cost_per_customer=pl.col("cost_per_customer")
            * pl.col("period").replace_strict(A_YEAR, return_dtype=pl.Int64)
        )
        .pipe(RetentionCost.cast)
    )


def _costs(costs: pl.DataFrame, customer_cells: pl.LazyFrame, period: Period) -> list[pl.LazyFrame]:
    of_period = costs.lazy().filter(pl.col("rate_date") >= period.start)
    # Most people are in no row of costs: to leave them in their file is cheaper than to join them all.
    is_theirs = pl.col("customer_id").is_in(costs["customer_id"].unique().implode())
    people = customer_cells.filter(pl.col("period") == period.name, is_theirs).select(
        "customer_id", "profile"
    )
    rows = of_period.select("customer_id", "named", cost="converted_amount").join(
        people, on="customer_id", how="left"
    )
    named = with_words(rows.collect().lazy()).select("cost", value=pl.coalesce("named", BY, pl.lit(UNKNOWN)))
    cuts = {"all": pl.lit("all"), BY: pl.col("value")}
    return [
        named.group_by(segment_by=pl.lit(by), segment_value=value)
        .agg(total("cost"))
        .with_columns(**in_period(period))
        .select(*SEGMENT, "cost")
        for by, value in cuts.items()
    ]
