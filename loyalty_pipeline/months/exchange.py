"""Amounts in the reporting currency, at the rates of their day."""

import polars as pl

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.money import EXACT, converted
from loyalty_pipeline.periods import Window


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
    # What is in the reporting currency needs no division, and most is.
    is_other = rated["rate"] != 1
    exchanged = [converted(amount, "rate").alias(f"converted_{amount}") for amount in amounts]
    as_is = [pl.col(amount).cast(EXACT).alias(f"converted_{amount}") for amount in amounts]
    own, others = rated.lazy().filter(~is_other), rated.lazy().filter(is_other)
    return pl.concat([own.with_columns(as_is), others.with_columns(exchanged)]).drop("rate")
