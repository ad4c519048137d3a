"""Customer revenue: what each customer paid in a month, and to date."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, day, exact, flag, key
from loyalty_pipeline.money import EXACT, total
from loyalty_pipeline.months.exchange import at_rate
from loyalty_pipeline.months.merging import united
from loyalty_pipeline.periods import Window, local
from loyalty_pipeline.reads import Previous, Through
from loyalty_pipeline.staging.advocacy import Advocacy
from loyalty_pipeline.staging.fx_rates import DailyRate
from loyalty_pipeline.staging.payments import Payment

ADDED = (
    "revenue",
    "purchase_days",
    "purchase_revenue",
    "first_day_revenue",
    "first_purchase_on",
    "last_purchase_on",
)
MONEY = ("new_revenue", "new_purchase_revenue", "new_first_day_revenue")


class CustomerRevenue(Sharded):
    """One row per customer with a payment or refund in the month."""

    month = day("The month.", key=True)
    customer_id = key("The customer.")
    revenue = exact("Payments less refunds.")
    advocacy_revenue = exact("Of that, within the customer's advocacy window.")
    downstream_revenue = exact("Of that, where the advocate was itself referred, earlier.")
    has_advocacy = flag("Is there a payment or refund within the window?")
    purchase_days = count("Local days with a paid invoice that is no credit note.", of="days")
    purchase_revenue = exact("Revenue of those invoices.")
    first_day_revenue = exact("Of that, on the first of these days.")
    first_purchase_on = day("The first of these days.", nullable=True)
    last_purchase_on = day("The last of these days.", nullable=True)


class CustomerValue(Sharded):
    """One row per customer with a payment or refund before the closing."""

    customer_id = key("The customer.")
    revenue = exact("Payments less refunds to date.")
    purchase_days = count("Local days with a paid invoice that is no credit note.", of="days")
    repeat_revenue = exact("Revenue of these invoices after the first day.")
    first_purchase_on = day("The first of these days.", nullable=True)
    last_purchase_on = day("The last of these days.", nullable=True)


def customer_revenue(
    window: Window,
    payments: dy.LazyFrame[Payment],
    daily_rates: dy.LazyFrame[DailyRate],
    advocacy: Through[Advocacy],
    timezone: str,
) -> dy.LazyFrame[CustomerRevenue]:
    """Amounts of one customer, currency and instant are summed, then converted at the rate of their local day."""
    _, closing = window.bounds
    rows = payments.filter(pl.col("occurred_at") < closing).collect()
    # Most customers pay once a month: grouping them all would cost more than all the rest.
    is_several = rows["customer_id"].is_duplicated()
    instants = rows.lazy().filter(is_several).group_by("customer_id", "currency", "occurred_at")
    several = instants.agg(total("amount"), total("purchase_amount"), pl.col("is_purchase").any())
    rates = daily_rates.collect().lazy()
    revenue = [
        _events(rows.lazy().filter(~is_several), rates, advocacy, timezone).with_columns(**_of_one_payment()),
        _events(several, rates, advocacy, timezone).group_by("customer_id").agg(**_of_several_payments()),
    ]
    columns = [name for name in CustomerRevenue.column_names() if name != "month"]
    united = pl.concat(part.select(columns) for part in revenue)
    return united.with_columns(month=pl.lit(window.month)).pipe(CustomerRevenue.cast)


def _events(
    payments: pl.LazyFrame, rates: pl.LazyFrame, advocacy: pl.LazyFrame, timezone: str
) -> pl.LazyFrame:
    local_day = local("occurred_at", timezone).dt.date()
    is_inside = (
        pl.col("occurred_at")
        .is_between("converted_at", "window_ends_at", closed="left")
        .fill_null(value=False)
    )
    zero, revenue = pl.lit(0).cast(EXACT), pl.col("converted_amount")
    return (
        at_rate(payments.with_columns(rate_date=local_day), rates, "amount", "purchase_amount")
        .join(advocacy.drop("month"), on="customer_id", how="left")
        .with_columns(has_advocacy=is_inside)
        .select(
            "customer_id",
            "has_advocacy",
            revenue=revenue,
            advocacy_revenue=pl.when("has_advocacy").then(revenue).otherwise(zero),
            downstream_revenue=pl.when(pl.col("has_advocacy") & pl.col("is_downstream"))
            .then(revenue)
            .otherwise(zero),
            purchase_on=pl.when("is_purchase").then("rate_date"),
            purchase_revenue="converted_purchase_amount",
        )
    )


def _of_one_payment() -> dict[str, pl.Expr]:
    return {
        "purchase_days": pl.col("purchase_on").is_not_null().cast(pl.Int64),
        "first_day_revenue": pl.col("purchase_revenue"),
        "first_purchase_on": pl.col("purchase_on"),
        "last_purchase_on": pl.col("purchase_on"),
    }


def _of_several_payments() -> dict[str, pl.Expr]:
    first = pl.col("purchase_on").min()
    return {
        **{
            name: total(name)
            for name in ("revenue", "advocacy_revenue", "downstream_revenue", "purchase_revenue")
        },
        "has_advocacy": pl.col("has_advocacy").any(),
        "purchase_days": pl.col("purchase_on").drop_nulls().n_unique().cast(pl.Int64),
        "first_day_revenue": total(pl.col("purchase_revenue").filter(pl.col("purchase_on") == first)),
        "first_purchase_on": first,
        "last_purchase_on": pl.col("purchase_on").max(),
    }


def customer_value(
    window: Window,
    previous: Previous[CustomerValue],
    customer_revenue: dy.LazyFrame[CustomerRevenue],
) -> dy.LazyFrame[CustomerValue]:
    """The month before, and this month's payments."""
    added = customer_revenue.select("customer_id", *(pl.col(name).alias(f"new_{name}") for name in ADDED))
    zero = pl.lit(0).cast(EXACT)
    # A first purchase is no repetition, whatever else was bought that day.
    first_day = pl.when(pl.col("first_purchase_on").is_null()).then("new_first_day_revenue").otherwise(zero)
    return (
        united(previous.collect(), added.collect())
        .lazy()
        .with_columns(pl.col("revenue", "repeat_revenue", *MONEY).fill_null(zero))
        .with_columns(
            revenue=pl.col("revenue") + pl.col("new_revenue"),
            purchase_days=pl.col("purchase_days").fill_null(0) + pl.col("new_purchase_days").fill_null(0),
            repeat_revenue=pl.col("repeat_revenue") + pl.col("new_purchase_revenue") - first_day,
            first_purchase_on=pl.coalesce("first_purchase_on", "new_first_purchase_on"),
            last_purchase_on=pl.coalesce("new_last_purchase_on", "last_purchase_on"),
        )
        .pipe(CustomerValue.cast)
    )
