"""Customer months: every customer's MRR at the close of a month."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, exact, flag, identifier, key
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.currency_months import CurrencyMonth
from loyalty_pipeline.months.exchange import at_rate, closing_rates
from loyalty_pipeline.months.line_state import LineState, held_at_closing
from loyalty_pipeline.periods import Window
from loyalty_pipeline.staging.fx_rates import DailyRate

STATE = (
    "customer_id",
    "currency",
    "plan_id",
    "mrr",
    "currency_mrr",
    "trial_mrr",
    "has_purchased",
    "has_paused",
)
LINE = ("customer_id", "kind", "currency", "plan_id", "mrr")


class CustomerMonth(Sharded):
    """One row per customer with a line of any kind that holds at the closing."""

    month = day("The month.", key=True)
    customer_id = key("The customer.")
    is_active = flag("Is its MRR above zero, or did it purchase within the activity window?")
    mrr = exact("MRR at the closing; a sum below the floor is zero.", of="reporting currency / month")
    currency = identifier(
        "The currency of all its MRR; null where it has none, or several (see `currency_months`).",
        nullable=True,
    )
    currency_mrr = exact(
        "MRR at the closing in that currency.", of="currency of the row / month", nullable=True
    )
    plan_id = identifier("The plan with the highest MRR, ties by smallest id.", nullable=True)
    trial_mrr = exact("MRR of what is on trial, as if it were paid.", of="reporting currency / month")
    is_paused = flag("Is something of it paused, and nothing active?")


def customer_months(
    window: Window,
    line_state: dy.LazyFrame[LineState],
    currency_months: dy.LazyFrame[CurrencyMonth],
    daily_rates: dy.LazyFrame[DailyRate],
    mrr_floor: Decimal,
) -> dy.LazyFrame[CustomerMonth]:
    """Sums for each customer and currency, at the rate of the local day that ends at the closing, rounded to 4 places.

    Their sum is cut by the floor: below `mrr_floor` it is what rounded prorations leave.
    """
    held = held_at_closing(line_state, window).select(LINE).collect()
    rates = closing_rates(daily_rates, window).collect().lazy()
    mixed = currency_months.select("customer_id").unique().collect().to_series()
    # Most customers have one line: grouping and joining them all would cost more than all the rest.
    has_several = held["customer_id"].is_duplicated()
    states = pl.concat(
        [
            _of_one_line(held.lazy().filter(~has_several), rates),
            _of_several_lines(held.filter(has_several), mixed, rates),
        ]
    )
    zero, mrr = pl.lit(0).cast(EXACT), pl.col("mrr")
    cut = states.with_columns(mrr=pl.when((mrr >= pl.lit(mrr_floor)) & (mrr > 0)).then(mrr).otherwise(zero))
    is_active = (mrr > 0) | pl.col("has_purchased")
    return cut.with_columns(
        month=pl.lit(window.month),
        is_active=is_active,
        plan_id=pl.when(is_active).then("plan_id"),
        trial_mrr=pl.col("trial_mrr").fill_null(zero),
        is_paused=pl.col("has_paused") & ~is_active,
    ).pipe(CustomerMonth.cast)


def _of_one_line(held: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    kind, nothing, unnamed = pl.col("kind"), pl.lit(None, EXACT), pl.lit(None, pl.String)
    recurring = at_rate(held.filter(kind == "recurring"), rates, "mrr").with_columns(
        mrr="converted_mrr",
        currency_mrr="mrr",
        trial_mrr=nothing,
        has_purchased=pl.lit(value=False),
        has_paused=pl.lit(value=False),
    )
    others = at_rate(held.filter(kind != "recurring"), rates, "mrr").with_columns(
        currency=unnamed,
        plan_id=unnamed,
        mrr=nothing,
        currency_mrr=nothing,
        trial_mrr=pl.when(kind == "trialing").then("converted_mrr"),
        has_purchased=kind == "purchase",
        has_paused=kind == "paused",
    )
    return pl.concat([recurring.select(STATE), others.select(STATE)])


def _of_several_lines(held: pl.DataFrame, mixed: pl.Series, rates: pl.LazyFrame) -> pl.LazyFrame:
    recurring = held.lazy().filter(pl.col("kind") == "recurring")
    sums = recurring.group_by("customer_id", "currency", "plan_id").agg(total("mrr")).collect()
    is_mixed = pl.col("customer_id").is_in(mixed.implode())
    plain = _in_one_currency(sums.lazy().filter(~is_mixed), rates)
    several = _in_several_currencies(sums.lazy().filter(is_mixed), rates)
    return (
        pl.concat([plain, several])
        .join(_plans(sums.lazy(), rates), on="customer_id", how="left")
        .join(_others(held, rates), on="customer_id", how="full", coalesce=True)
        .with_columns(pl.col("has_purchased", "has_paused").fill_null(value=False))
        .select(*STATE)
    )


def _in_one_currency(sums: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    amounts = sums.group_by("customer_id").agg(total("mrr"), pl.col("currency").first())
    return at_rate(amounts, rates, "mrr").select(
        "customer_id", "currency", mrr="converted_mrr", currency_mrr="mrr"
    )


def _in_several_currencies(sums: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    by_currency = sums.group_by("customer_id", "currency").agg(total("mrr"))
    amounts = at_rate(by_currency, rates, "mrr").group_by("customer_id").agg(mrr=total("converted_mrr"))
    nothing = {"currency": pl.lit(None, pl.String), "currency_mrr": pl.lit(None, EXACT)}
    return amounts.with_columns(**nothing).select("customer_id", "currency", "mrr", "currency_mrr")


def _plans(sums: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    by_plan = at_rate(sums, rates, "mrr").group_by("customer_id", "plan_id").agg(total("converted_mrr"))
    mrr = pl.col("converted_mrr")
    best = by_plan.filter(mrr == mrr.max().over("customer_id"))
    return best.group_by("customer_id").agg(pl.col("plan_id").min())


def _others(held: pl.DataFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    kind, lines = pl.col("kind"), held.lazy().filter(pl.col("kind") != "recurring")
    trials = lines.filter(kind == "trialing").group_by("customer_id", "currency").agg(trial_mrr=total("mrr"))
    amounts = (
        at_rate(trials, rates, "trial_mrr")
        .group_by("customer_id")
        .agg(trial_mrr=total("converted_trial_mrr"))
    )
    states = lines.group_by("customer_id").agg(
        has_purchased=(kind == "purchase").any(), has_paused=(kind == "paused").any()
    )
    return states.join(amounts, on="customer_id", how="left").select(
        "customer_id", "trial_mrr", "has_purchased", "has_paused"
    )
