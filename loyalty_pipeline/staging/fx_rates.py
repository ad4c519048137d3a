"""Exchange rates: every currency on every day of a month."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, day, key
from loyalty_pipeline.money import RATE, rate_of
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Through, Whole
from loyalty_pipeline.sources import billing
from loyalty_pipeline.staging.versions import current


class FirstRate(Table):
    """One row per currency that ever had a rate."""

    currency = key("The currency.")
    rate = dy.Decimal(
        38, 12, description="Its first rate.", metadata={"unit": "reporting currency for one unit"}
    )


class DailyRate(Table):
    """One row per currency and day."""

    rate_date = day("The day.", key=True)
    currency = key("The currency.")
    rate = dy.Decimal(
        38, 12, description="The rate that holds.", metadata={"unit": "reporting currency for one unit"}
    )


def first_rates(fx_rates: Whole[billing.FxRate]) -> dy.LazyFrame[FirstRate]:
    """What holds before the first rate is known."""
    first = _current(fx_rates).sort("rate_date").unique("currency", keep="first", maintain_order=True)
    return first.pipe(_exact).pipe(FirstRate.cast)


def daily_rates(
    window: Window,
    fx_rates: Through[billing.FxRate],
    first_rates: Whole[FirstRate],
    reporting_currency: str,
) -> dy.LazyFrame[DailyRate]:
    """The rate on a day is the latest at or before it; before the first rate, the first.

    The reporting currency is 1 to itself, whatever a source says.
    """
    month_end = pl.lit(window.month).dt.month_end()
    days = pl.select(rate_date=pl.date_range(pl.lit(window.month), month_end, "1d")).lazy()
    others = first_rates.filter(pl.col("currency") != reporting_currency)
    own = pl.LazyFrame({"currency": [reporting_currency]}).with_columns(rate=pl.lit(1).cast(RATE))
    stated = _current(fx_rates).sort("rate_date")
    is_before = pl.col("rate_date") < window.month
    carried = stated.filter(is_before).unique("currency", keep="last", maintain_order=True)
    known = (
        days.join(others.rename({"rate": "first_rate"}), how="cross")
        .join(stated.filter(~is_before).pipe(_exact), on=["rate_date", "currency"], how="left")
        .join(carried.pipe(_exact).select("currency", carried_rate="rate"), on="currency", how="left")
        .sort("currency", "rate_date")
        .with_columns(
            rate=pl.coalesce(pl.col("rate").forward_fill().over("currency"), "carried_rate", "first_rate")
        )
    )
    return pl.concat([known.select("rate_date", "currency", "rate"), days.join(own, how="cross")]).pipe(
        DailyRate.cast
    )


def rates_on(
    days: pl.LazyFrame, fx_rates: pl.LazyFrame, first_rates: pl.LazyFrame, reporting_currency: str
) -> pl.LazyFrame:
    """The rates that `daily_rates` has, for the days and currencies of some rows, also before the first month of business.

    A currency without any rate is missing.
    """
    wanted = days.select("rate_date", "currency").unique().sort("rate_date")
    stated = _current(fx_rates).pipe(_exact).sort("rate_date")
    own = pl.when(pl.col("currency") == reporting_currency).then(pl.lit(1).cast(RATE))
    return (
        wanted.join_asof(stated, on="rate_date", by="currency", strategy="backward", check_sortedness=False)
        .join(first_rates.rename({"rate": "first_rate"}), on="currency", how="left")
        .select("rate_date", "currency", rate=pl.coalesce(own, "rate", "first_rate"))
        .filter(pl.col("rate").is_not_null())
    )


def _current(fx_rates: pl.LazyFrame) -> pl.LazyFrame:
    keyed = fx_rates.with_columns(_key=pl.format("{} {}", "rate_date", "currency"))
    return current(keyed, "_key").select("rate_date", "currency", "rate")


def _exact(rates: pl.LazyFrame) -> pl.LazyFrame:
    stated = rates.collect()
    return stated.with_columns(
        pl.Series("rate", [rate_of(rate) for rate in stated["rate"]], dtype=RATE)
    ).lazy()
