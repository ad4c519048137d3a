"""Customer periods: what a month, quarter or year did to each customer."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, exact, flag, key, text
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.customer_months import CurrencyMonth, CustomerMonth, at_rate, closing_rates
from loyalty_pipeline.months.customer_revenue import CustomerRevenue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.line_starts import LineStart
from loyalty_pipeline.months.segments import UNKNOWN, in_period
from loyalty_pipeline.periods import Period, PeriodTable, Window, instant_literal, plus
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.fx_rates import DailyRate

MOVEMENTS = ("new", "reactivated", "churned", "expanded", "contracted", "steady", "transient", "none")


class CustomerPeriod(PeriodTable):
    """One row per period and customer who was active, on trial or paused at an end of it, came and went, or paid.

    `opening` and `closing` are MRR at the two boundaries, each at its own rate; the revalued opening is the
    opening at the closing's rate, not cut by the floor.
    """

    customer_id = key("The customer.")
    plan = text("Plan with the highest MRR at the opening, or at the closing for who had none there.")
    movement = choice("What the period did to its MRR.", MOVEMENTS)
    was_active = flag("Active at the opening?")
    is_active = flag("Active at the closing?")
    opening_mrr = exact("MRR at the opening.", of="reporting currency / month")
    revalued_opening_mrr = exact("The same at the closing's rate.", of="reporting currency / month")
    closing_mrr = exact("MRR at the closing.", of="reporting currency / month")
    trial_mrr = exact("MRR of what is on trial at the closing.", of="reporting currency / month")
    is_paused = flag("Paused at the closing, and nothing active?")
    revenue = exact("Payments less refunds.")
    advocacy_revenue = exact("Of that, within the customer's advocacy window.")
    downstream_revenue = exact("Of that, where the advocate was itself referred, earlier.")
    has_advocacy = flag("Is there a payment or refund within the window?")


def customer_periods(
    window: Window,
    customer_months: PeriodMonths[CustomerMonth],
    currency_months: PeriodMonths[CurrencyMonth],
    line_starts: PeriodMonths[LineStart],
    customer_revenue: PeriodMonths[CustomerRevenue],
    customer_state: dy.LazyFrame[CustomerState],
    daily_rates: dy.LazyFrame[DailyRate],
    reporting_currency: str,
) -> dy.LazyFrame[CustomerPeriod]:
    """The month, and the quarter and the year when the month ends them or holds the as-of."""
    starts, revenue = line_starts.collect(), customer_revenue.collect()
    first_active = customer_state.select("customer_id", "first_active_at").collect().lazy()
    rates = closing_rates(daily_rates, window).collect().lazy()
    rows = []
    for period in window.periods:
        before, after = plus(period.start, -1), window.month
        boundaries = _boundaries(customer_months, before, after).collect().lazy()
        opened = currency_months.filter(pl.col("month") == before, pl.col("currency") != reporting_currency)
        activity = boundaries.join(_fx(opened, rates), on="customer_id", how="left")
        activity = _with(activity, _came_and_went(starts, boundaries, window, period))
        activity = _with(activity, _paid(revenue, period)).collect().lazy()
        rows.append(_moved(activity, _new(activity, first_active, window, period), period))
    return pl.concat(rows).pipe(CustomerPeriod.cast)


def _boundaries(months: pl.LazyFrame, before: object, after: object) -> pl.LazyFrame:
    opening = months.filter(pl.col("month") == before, pl.col("is_active")).select(
        "customer_id", opening_mrr="mrr", opening_plan="plan_id", was_active="is_active"
    )
    closing = months.filter(
        pl.col("month") == after, pl.col("is_active") | pl.col("is_paused") | (pl.col("trial_mrr") != 0)
    ).select("customer_id", "is_active", "trial_mrr", "is_paused", closing_mrr="mrr", closing_plan="plan_id")
    return opening.join(closing, on="customer_id", how="full", coalesce=True)


def _fx(opened: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    # What is in the reporting currency has one rate at both ends, and most is.
    revalued = at_rate(opened.select("customer_id", "currency", "mrr", before="converted_mrr"), rates, "mrr")
    changed = revalued.select("customer_id", fx_mrr=pl.col("converted_mrr") - pl.col("before"))
    return _once(changed, total("fx_mrr"))


def _came_and_went(
    starts: pl.DataFrame, boundaries: pl.LazyFrame, window: Window, period: Period
) -> pl.LazyFrame:
    opening = window.boundary_of(period)
    inside = starts.lazy().filter(pl.col("activated_at") >= instant_literal(opening)).select("customer_id")
    active = boundaries.filter(pl.col("was_active") | pl.col("is_active"))
    return (
        inside.join(active, on="customer_id", how="anti")
        .unique()
        .with_columns(has_started=pl.lit(value=True))
    )


def _paid(revenue: pl.DataFrame, period: Period) -> pl.LazyFrame:
    amounts = ("revenue", "advocacy_revenue", "downstream_revenue")
    inside = revenue.lazy().filter(pl.col("month") >= period.start)
    rows = inside.select("customer_id", *amounts, "has_advocacy")
    return _once(rows, *(total(amount) for amount in amounts), pl.col("has_advocacy").any())


def _once(rows: pl.LazyFrame, *sums: pl.Expr) -> pl.LazyFrame:
    """One row a customer; summed only where some customer has several, which a month seldom has."""
    found = rows.collect()
    if found["customer_id"].n_unique() == found.height:
        return found.lazy()
    return found.lazy().group_by("customer_id").agg(*sums)


def _with(rows: pl.LazyFrame, others: pl.LazyFrame) -> pl.LazyFrame:
    return rows.join(others, on="customer_id", how="full", coalesce=True)


def _new(rows: pl.LazyFrame, first_active: pl.LazyFrame, window: Window, period: Period) -> pl.LazyFrame:
    came = rows.filter(pl.col("is_active"), pl.col("was_active").is_null()).select("customer_id")
    since = first_active.join(came, on="customer_id", how="semi")
    is_new = pl.col("first_active_at") >= instant_literal(window.boundary_of(period))
    return since.filter(is_new).select("customer_id", is_new=pl.lit(value=True))


def _moved(rows: pl.LazyFrame, new: pl.LazyFrame, period: Period) -> pl.LazyFrame:
    was, is_, zero = pl.col("was_active"), pl.col("is_active"), pl.lit(0).cast(EXACT)
    before, after = pl.col("revalued_opening_mrr"), pl.col("closing_mrr")
    movement = (
        pl.when(~was & ~is_ & pl.col("has_started")).then(pl.lit("transient"))
        .when(~was & ~is_).then(pl.lit("none"))
        .when(~was & pl.col("is_new")).then(pl.lit("new"))
        .when(~was).then(pl.lit("reactivated"))
        .when(~is_).then(pl.lit("churned"))
        .when(after > before).then(pl.lit("expanded"))
        .when(after < before).then(pl.lit("contracted"))
        .otherwise(pl.lit("steady"))
    )  # fmt: skip
    flags = ["was_active", "is_active", "is_paused", "has_started", "has_advocacy", "is_new"]
    amounts = [
        "opening_mrr",
        "closing_mrr",
        "trial_mrr",
        "revenue",
        "advocacy_revenue",
        "downstream_revenue",
        "fx_mrr",
    ]
    plan = pl.when(was).then("opening_plan").when(is_).then("closing_plan").fill_null(UNKNOWN)
    return (
        rows.join(new, on="customer_id", how="left")
        .with_columns(pl.col(flags).fill_null(value=False), pl.col(amounts).fill_null(zero))
        .with_columns(
            revalued_opening_mrr=pl.when(was).then(pl.col("opening_mrr") + pl.col("fx_mrr")).otherwise(zero)
        )
        .with_columns(movement=movement, plan=plan)
        .with_columns(**in_period(period))
        .select(CustomerPeriod.column_names())
        .sort("customer_id")
    )
