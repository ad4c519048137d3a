"""Customer revenue: what each customer paid in a month, and to date."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, count, day, exact, flag, key
from loyalty_pipeline.money import total
from loyalty_pipeline.months.customer_months import at_rate
from loyalty_pipeline.periods import Window, local
from loyalty_pipeline.reads import Previous, Through
from loyalty_pipeline.staging.advocacy import Advocacy
from loyalty_pipeline.staging.fx_rates import DailyRate
from loyalty_pipeline.staging.payments import Payment


class CustomerRevenue(Table):
    """One row per customer with a payment or refund in the month."""

    month = day("The month.", key=True)
    customer_id = key("The customer.")
    revenue = exact("Payments less refunds.")
    advocacy_revenue = exact("Of that, within the customer's advocacy window.")
    downstream_revenue = exact("Of that, where the advocate was itself referred, earlier.")
    has_advocacy = flag("Is there a payment or refund within the window?")
    purchase_days = count("Local days with a paid invoice of positive total.", of="days")
    purchase_revenue = exact("Revenue of those invoices.")
    first_day_revenue = exact("Of that, on the first of these days.")
    first_purchase_on = day("The first of these days.", nullable=True)
    last_purchase_on = day("The last of these days.", nullable=True)


class CustomerValue(Table):
    """One row per customer with a payment or refund before the closing."""

    customer_id = key("The customer.")
    revenue = exact("Payments less refunds to date.")
    purchase_days = count("Local days with a paid invoice of positive total.", of="days")
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
    summed = (
        payments.filter(pl.col("occurred_at") < closing)
        .group_by("customer_id", "currency", "occurred_at")
        .agg(total("amount"), total("purchase_amount"), pl.col("is_purchase").any())
        .with_columns(rate_date=local("occurred_at", timezone).dt.date())
    )
    is_inside = pl.col("occurred_at").is_between("converted_at", "window_ends_at", closed="left").fill_null(value=False)
    purchase_on = pl.col("rate_date").filter("is_purchase")
    is_first_day = pl.col("rate_date") == purchase_on.min()
    return (
        at_rate(summed, daily_rates, "amount", "purchase_amount")
        .join(advocacy.drop("month"), on="customer_id", how="left")
        .with_columns(is_inside=is_inside)
        .group_by("customer_id")
        .agg(
            revenue=total("converted_amount"),
            advocacy_revenue=total(pl.col("converted_amount").filter("is_inside")),
            downstream_revenue=total(pl.col("converted_amount").filter(pl.col("is_inside") & pl.col("is_downstream"))),
            has_advocacy=pl.col("is_inside").any(),
            purchase_days=purchase_on.n_unique(),
            purchase_revenue=total("converted_purchase_amount"),
            first_day_revenue=total(pl.col("converted_purchase_amount").filter(is_first_day)),
            first_purchase_on=purchase_on.min(),
            last_purchase_on=purchase_on.max(),
        )
        .with_columns(month=pl.lit(window.month))
        .pipe(CustomerRevenue.cast)
    )


def customer_value(
    window: Window,  # noqa: ARG001 - makes the table one of months
    previous: Previous[CustomerValue],
    customer_revenue: dy.LazyFrame[CustomerRevenue],
) -> dy.LazyFrame[CustomerValue]:
    """The month before, and this month's payments."""
    added = customer_revenue.select(
        "customer_id",
        "revenue",
        "purchase_days",
        "first_purchase_on",
        "last_purchase_on",
        "first_day_revenue",
        repeat_revenue="purchase_revenue",
    )
    known = previous.with_columns(first_day_revenue=pl.lit(0).cast(pl.Decimal(18, 4)))
    is_first = pl.col("first_day_revenue").filter(pl.col("first_purchase_on") == pl.col("first_purchase_on").min())
    return (
        pl.concat([known, added.select(known.collect_schema().names())])
        .group_by("customer_id")
        .agg(
            total("revenue"),
            pl.col("purchase_days").sum(),
            repeat_revenue=total("repeat_revenue") - total(is_first),
            first_purchase_on=pl.col("first_purchase_on").min(),
            last_purchase_on=pl.col("last_purchase_on").max(),
        )
        .pipe(CustomerValue.cast)
    )
