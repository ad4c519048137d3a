"""Customer periods: what a month, quarter or year did to each customer."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, exact, flag, key, text
from loyalty_pipeline.money import EXACT, RATE, converted, total
from loyalty_pipeline.months.currency_months import CurrencyMonth
from loyalty_pipeline.months.customer_months import CustomerMonth
from loyalty_pipeline.months.customer_revenue import CustomerRevenue
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.exchange import at_rate, closing_rates
from loyalty_pipeline.months.line_starts import LineStart
from loyalty_pipeline.months.merging import inserted, united
from loyalty_pipeline.months.segments import UNKNOWN
from loyalty_pipeline.periods import PERIODS, Period, Window, instant_literal, plus
from loyalty_pipeline.reads import Months, PeriodMonths
from loyalty_pipeline.staging.fx_rates import DailyRate

MOVEMENTS = ("new", "reactivated", "churned", "expanded", "contracted", "steady", "transient", "none")


class CustomerPeriod(Sharded):
    """One row per period that closes in the month, and customer who was active, on trial or paused at an end of it, came and went, or paid.

    `opening` and `closing` are MRR at the two boundaries, each at its own rate; the revalued opening is the
    opening at the closing's rate, not cut by the floor.
    """

    period = choice("Length of the period.", PERIODS, key=True)
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
    rates = closing_rates(daily_rates, window).collect()
    first_active = customer_state.select("customer_id", "first_active_at").collect()
    closing = _closing(customer_months.at(window.month)).collect()
    rows = []
    for period in window.periods:
        before = plus(period.start, -1)
        opening = _opening(customer_months.at(before), rates, reporting_currency).collect()
        several = _of_several_currencies(currency_months.at(before), rates.lazy())
        paid = _paid(customer_revenue, window, period).collect()
        activity = united(united(_revalued(opening, several), closing), paid)
        since = pl.col("activated_at") >= instant_literal(window.boundary_of(period))
        started = line_starts.since(period.start).filter(since).select("customer_id")
        activity = _with_transients(activity, started)
        new = first_active.filter(pl.col("first_active_at") >= instant_literal(window.boundary_of(period)))
        rows.append(_moved(activity, _came(activity, new), period))
    return pl.concat(rows).lazy().pipe(CustomerPeriod.cast)


def _opening(months: pl.LazyFrame, rates: pl.DataFrame, reporting_currency: str) -> pl.LazyFrame:
    exchange = dict(zip(rates["currency"], rates["rate"], strict=True))
    rate = pl.col("currency").replace_strict(exchange, default=None, return_dtype=RATE)
    is_own = (pl.col("currency") == reporting_currency).fill_null(value=True)
    return (
        months.filter("is_active")
        .with_columns(rate=rate)
        .select(
            "customer_id",
            opening_mrr="mrr",
            opening_plan="plan_id",
            was_active="is_active",
            revalued_opening_mrr=pl.when(is_own).then("mrr").otherwise(converted("currency_mrr", "rate")),
        )
    )


def _of_several_currencies(opened: pl.LazyFrame, rates: pl.LazyFrame) -> pl.DataFrame:
    return at_rate(opened, rates, "mrr").group_by("customer_id").agg(total("converted_mrr")).collect()


def _revalued(opening: pl.DataFrame, several: pl.DataFrame) -> pl.DataFrame:
    # They are few: looking each up is cheaper than a join.
    found = dict(zip(several["customer_id"], several["converted_mrr"], strict=True))
    known = pl.col("customer_id").replace_strict(found, default=None, return_dtype=EXACT)
    return (
        opening.with_columns(revalued_opening_mrr=pl.coalesce(known, "revalued_opening_mrr"))
        if found
        else opening
    )


def _closing(months: pl.LazyFrame) -> pl.LazyFrame:
    is_something = pl.col("is_active") | pl.col("is_paused") | (pl.col("trial_mrr") != 0)
    return months.filter(is_something).select(
        "customer_id", "is_active", "trial_mrr", "is_paused", closing_mrr="mrr", closing_plan="plan_id"
    )


def _paid(revenue: Months[CustomerRevenue], window: Window, period: Period) -> pl.LazyFrame:
    amounts = ("revenue", "advocacy_revenue", "downstream_revenue")
    rows = revenue.since(period.start).select("customer_id", *amounts, "has_advocacy")
    if period.start == window.month:
        return rows
    sums = [*(total(amount) for amount in amounts), pl.col("has_advocacy").any()]
    return rows.group_by("customer_id").agg(sums).sort("customer_id")


def _with_transients(activity: pl.DataFrame, started: pl.LazyFrame) -> pl.DataFrame:
    is_active = pl.col("was_active") | pl.col("is_active")
    active = activity.filter(is_active).select(pl.col("customer_id").set_sorted())
    absent = started.join(active.lazy(), on="customer_id", how="anti").collect(engine="streaming")
    transient = absent.unique().sort("customer_id")
    unseen = transient.join(activity, on="customer_id", how="anti", maintain_order="left")
    return inserted(activity, unseen).with_columns(has_started=_among(transient))


def _came(activity: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    came = activity.filter(pl.col("is_active"), pl.col("was_active").is_null()).select("customer_id")
    return new.join(came, on="customer_id", how="semi")


def _among(customers: pl.DataFrame) -> pl.Expr:
    return pl.col("customer_id").is_in(customers["customer_id"].implode())


def _moved(rows: pl.DataFrame, new: pl.DataFrame, period: Period) -> pl.DataFrame:
    was, is_, zero = pl.col("was_active"), pl.col("is_active"), pl.lit(0).cast(EXACT)
    before, after = pl.col("revalued_opening_mrr"), pl.col("closing_mrr")
    number = {name: pl.lit(index, pl.UInt8) for index, name in enumerate(MOVEMENTS)}
    movement = (
        pl.when(was & is_ & (after == before)).then(number["steady"])
        .when(was & is_ & (after > before)).then(number["expanded"])
        .when(was & is_).then(number["contracted"])
        .when(was).then(number["churned"])
        .when(is_ & pl.col("is_new")).then(number["new"])
        .when(is_).then(number["reactivated"])
        .when(pl.col("has_started")).then(number["transient"])
        .otherwise(number["none"])
    )  # fmt: skip
    flags = ["was_active", "is_active", "is_paused", "has_started", "has_advocacy"]
    amounts = [name for name, dtype in rows.schema.items() if isinstance(dtype, pl.Decimal)]
    plan = pl.when(was).then("opening_plan").when(is_).then("closing_plan").fill_null(UNKNOWN)
    # To name each row's movement by its number is cheaper than by words.
    names = pl.lit(pl.Series(MOVEMENTS))
    return (
        rows.lazy()
        .with_columns(
            pl.col(flags).fill_null(value=False), pl.col(amounts).fill_null(zero), is_new=_among(new)
        )
        .with_columns(movement=names.gather(movement), plan=plan, period=pl.lit(period.name))
        .select(CustomerPeriod.column_names())
        .collect()
    )
