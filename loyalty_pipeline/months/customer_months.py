"""Customer months: every customer's MRR at the close of a month."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, day, exact, flag, identifier, key
from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.money import EXACT, converted, total
from loyalty_pipeline.months.line_state import LineState
from loyalty_pipeline.periods import Window
from loyalty_pipeline.staging.fx_rates import DailyRate

STATE = ("customer_id", "mrr", "trial_mrr", "plan_id", "has_purchased", "has_paused")


class CurrencyMonth(Table):
    """One row per customer and currency with a line that holds at the closing."""

    month = day("The month.", key=True)
    customer_id = key("The customer.")
    currency = key("The currency.")
    mrr = exact("MRR at the closing.", of="currency of the row / month")
    converted_mrr = exact("The same at the closing's rate.", of="reporting currency / month")


class CustomerMonth(Table):
    """One row per customer with a line of any kind that holds at the closing."""

    month = day("The month.", key=True)
    customer_id = key("The customer.")
    is_active = flag("Is its MRR above zero, or did it purchase within the activity window?")
    mrr = exact("MRR at the closing; a sum below the floor is zero.", of="reporting currency / month")
    plan_id = identifier("The plan with the highest MRR, ties by smallest id.", nullable=True)
    trial_mrr = exact("MRR of what is on trial, as if it were paid.", of="reporting currency / month")
    is_paused = flag("Is something of it paused, and nothing active?")


def currency_months(
    window: Window, line_state: dy.LazyFrame[LineState], daily_rates: dy.LazyFrame[DailyRate]
) -> dy.LazyFrame[CurrencyMonth]:
    """Sums of the recurring lines that hold at the closing, for each customer and currency.

    Converted at the rate of the local day that ends there, rounded to 4 places.
    """
    recurring = held_at_closing(line_state, window).filter(pl.col("kind") == "recurring")
    sums = recurring.group_by("customer_id", "currency").agg(total("mrr"))
    return (
        at_rate(sums, closing_rates(daily_rates, window), "mrr")
        .with_columns(month=pl.lit(window.month))
        .pipe(CurrencyMonth.cast)
    )


def customer_months(
    window: Window,
    line_state: dy.LazyFrame[LineState],
    currency_months: dy.LazyFrame[CurrencyMonth],
    daily_rates: dy.LazyFrame[DailyRate],
    mrr_floor: Decimal,
) -> dy.LazyFrame[CustomerMonth]:
    """MRR over currencies, cut by the floor: a sum below `mrr_floor` is what rounded prorations leave."""
    held = held_at_closing(line_state, window).collect()
    rates = closing_rates(daily_rates, window).collect().lazy()
    # Most customers have one line: grouping and joining them all would cost more than all the rest.
    has_several = held["customer_id"].is_duplicated()
    states = [
        _of_one_line(held.lazy().filter(~has_several), rates),
        _of_several_lines(held.lazy().filter(has_several), currency_months, rates),
    ]
    zero, mrr = pl.lit(0).cast(EXACT), pl.col("mrr")
    is_active = (mrr > 0) | pl.col("has_purchased")
    return (
        pl.concat(state.select(STATE) for state in states)
        .with_columns(mrr=pl.when((mrr >= pl.lit(mrr_floor)) & (mrr > 0)).then(mrr).otherwise(zero))
        .with_columns(
            month=pl.lit(window.month),
            is_active=is_active,
            plan_id=pl.when(is_active).then("plan_id"),
            trial_mrr=pl.col("trial_mrr").fill_null(zero),
            is_paused=pl.col("has_paused") & ~is_active,
        )
        .pipe(CustomerMonth.cast)
    )


def _of_one_line(held: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    kind, converted_mrr = pl.col("kind"), pl.col("converted_mrr")
    return at_rate(held, rates, "mrr").with_columns(
        mrr=pl.when(kind == "recurring").then(converted_mrr),
        trial_mrr=pl.when(kind == "trialing").then(converted_mrr),
        plan_id=pl.when(kind == "recurring").then("plan_id"),
        has_purchased=kind == "purchase",
        has_paused=kind == "paused",
    )


def _of_several_lines(held: pl.LazyFrame, currency_months: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    states = held.group_by("customer_id").agg(
        has_purchased=(pl.col("kind") == "purchase").any(), has_paused=(pl.col("kind") == "paused").any()
    )
    theirs = currency_months.join(states, on="customer_id", how="semi")
    return (
        states.join(
            theirs.group_by("customer_id").agg(mrr=total("converted_mrr")), on="customer_id", how="left"
        )
        .join(_plans(held, rates), on="customer_id", how="left")
        .join(_trials(held, rates), on="customer_id", how="left")
    )


def held_at_closing(line_state: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    """The lines that hold at the closing, cuts and extensions counted: `start < closing <= end`."""
    _, closing = window.bounds
    ends_at = pl.max_horizontal("ends_at", "extended_to")
    is_running = pl.col("ends_at").is_null() | (ends_at >= closing)
    is_uncut = pl.col("cut_at").is_null() | (
        (pl.col("cut_at") >= closing) & (pl.col("cut_at") > pl.col("starts_at"))
    )
    return line_state.filter(pl.col("starts_at") < closing, is_running, is_uncut)


def closing_rates(daily_rates: pl.LazyFrame, window: Window) -> pl.LazyFrame:
    """Currency and rate on the local day that ends at the closing."""
    return daily_rates.filter(pl.col("rate_date") == window.last_day).select("currency", "rate")


def at_rate(rows: pl.LazyFrame, rates: pl.LazyFrame, *amounts: str) -> pl.LazyFrame:
    """The rows with a `converted_<amount>` for each amount, in the reporting currency.

    Rates are found by currency, and by day where the rows have a `rate_date`. Raises `DataFault` when a
    currency has none.
    """
    on = [column for column in ("currency", "rate_date") if column in rows.collect_schema()]
    rated = rows.join(rates, on=on, how="left").collect()
    unrated = rated.filter(pl.col("rate").is_null())
    if unrated.height:
        rule = f"every currency needs a rate, and {', '.join(unrated['currency'].unique().sort())} has none"
        raise DataFault(
            table="fx_rates",
            rule=rule,
            column="currency",
            rows=f"{unrated.height} amounts cannot be converted",
            advice="Add its rates to fx_rates, or set reporting_currency to it if it is the only one",
        )
    in_reporting_currency = [converted(amount, "rate").alias(f"converted_{amount}") for amount in amounts]
    return rated.lazy().with_columns(in_reporting_currency).drop("rate")


def _plans(held: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    recurring = held.filter(pl.col("kind") == "recurring")
    by_currency = recurring.group_by("customer_id", "plan_id", "currency").agg(total("mrr"))
    return (
        at_rate(by_currency, rates, "mrr")
        .group_by("customer_id", "plan_id")
        .agg(total("converted_mrr"))
        .sort("converted_mrr", "plan_id", descending=[True, False], nulls_last=True)
        .unique("customer_id", keep="first", maintain_order=True)
        .select("customer_id", "plan_id")
    )


def _trials(held: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    by_currency = (
        held.filter(pl.col("kind") == "trialing")
        .group_by("customer_id", "currency")
        .agg(trial_mrr=total("mrr"))
    )
    return (
        at_rate(by_currency, rates, "trial_mrr")
        .group_by("customer_id")
        .agg(trial_mrr=total("converted_trial_mrr"))
    )
