"""CLV back-tests: what the models said some months ago, against what came."""

from datetime import date, timedelta
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from loyalty_pipeline.contract import Table, choice, count, day, number, ratio
from loyalty_pipeline.models.bg_nbd import expected_purchases
from loyalty_pipeline.models.gamma_gamma import conditional_mean_spend
from loyalty_pipeline.models.sbg import Sbg, survival
from loyalty_pipeline.months.customer_revenue import CustomerValue
from loyalty_pipeline.months.purchase_models import DAYS_OF_A_WEEK, ClvFit, models, spending
from loyalty_pipeline.months.retention_fits import RetentionFit, renewals
from loyalty_pipeline.months.spells import Tenure
from loyalty_pipeline.periods import Window, plus
from loyalty_pipeline.ratio import over
from loyalty_pipeline.reads import HeldOut, Through

QUANTITIES = ("retained customers", "purchases", "revenue of purchases")
FOUND = ("quantity", "customers", "predicted", "actual", "is_fit_at_edge")


class ClvBacktest(Table):
    """One row per closing of a complete month and quantity that a model had foretold `clv_holdout_months` before."""

    closes_on = day("First day after the months that were held out.", key=True)
    quantity = choice("What was foretold.", QUANTITIES, key=True)
    held_out_months = count("Months that the model did not know.", of="months")
    customers = count("Customers whom it knew and who could still do something.", of="customers")
    predicted = number("What it said of them all.", unit="customers, purchases or reporting currency")
    actual = number("What came.", unit="customers, purchases or reporting currency")
    error = ratio("Predicted over actual, less one.", of="actual")
    is_fit_at_edge = dy.Bool(nullable=True, description="Did a bound or a failed search decide a parameter?")


def clv_backtests(
    window: Window,
    tenures: Through[Tenure],
    retention_fits: HeldOut[RetentionFit],
    clv_fits: HeldOut[ClvFit],
    value_then: HeldOut[CustomerValue],
    value_now: dy.LazyFrame[CustomerValue],
    clv_holdout_months: int,
) -> dy.LazyFrame[ClvBacktest]:
    r"""The fits of `clv_holdout_months` ago, which know nothing of the months since, hold what came against what they expected.

    .. math:: error = \frac{predicted}{actual} - 1

    Of subscribers: first spells that held then, and how many hold still. Of purchasers: their days of purchase since, and what they
    spent on them. Null where nothing came. No row while the month is not over, nor where no model was fitted then.
    """
    then = plus(window.month, -clv_holdout_months)
    if not window.periods[0].is_complete:
        return ClvBacktest.create_empty(lazy=True)
    subscribed = retention_fits.filter(pl.col("alpha").is_not_null()).collect().to_dicts()
    bought = clv_fits.filter(pl.col("r").is_not_null(), pl.col("p").is_not_null()).collect().to_dicts()
    rows = [_of_subscribers(tenures, fit, (then, window.month)) for fit in subscribed] + [
        row
        for fit in bought
        for row in _of_purchasers(value_then, value_now, fit, (_last_day(then), window.last_day))
    ]
    return (
        pl.LazyFrame(rows, schema={name: ClvBacktest.columns()[name].dtype for name in FOUND})
        .with_columns(
            closes_on=pl.lit(window.closes_on),
            held_out_months=pl.lit(clv_holdout_months, pl.Int64),
            error=over("predicted", "actual") - 1,
        )
        .pipe(ClvBacktest.cast)
    )


def _last_day(month: date) -> date:
    return plus(month, 1) - timedelta(days=1)


def _of_subscribers(tenures: pl.LazyFrame, fit: dict[str, Any], months: tuple[date, date]) -> dict[str, Any]:
    then, now = months
    known = tenures.filter(pl.col("month") <= then)
    held = renewals(known, then).filter(~pl.col("is_lost")).sort("cohort").collect()
    cohorts = held["cohort"].implode()
    since = tenures.filter(
        pl.col("month").is_between(then, now, closed="right"), pl.col("cohort").is_in(cohorts)
    )
    left = int(since.select(pl.col("left_customers").sum()).collect().item())
    age, customers = (held[name].cast(pl.Float64).to_numpy() for name in ("age", "customers"))
    model = Sbg(fit["alpha"], fit["beta"], fit["log_likelihood"], fit["is_fit_at_edge"])
    ahead = float((now.year - then.year) * 12 + now.month - then.month)
    stay = survival(model, age + ahead) / survival(model, age)
    return {
        "quantity": QUANTITIES[0],
        "customers": int(held["customers"].sum()),
        "predicted": float(customers @ stay),
        "actual": float(held["customers"].sum() - left),
        "is_fit_at_edge": fit["is_fit_at_edge"],
    }


def _of_purchasers(
    value_then: pl.LazyFrame, value_now: pl.LazyFrame, fit: dict[str, Any], last_days: tuple[date, date]
) -> list[dict[str, Any]]:
    then, now = last_days
    known = spending(value_then, then).collect()
    came = (
        known.lazy()
        .select("customer_id", "frequency", "repeat_revenue")
        .join(value_now.select("customer_id", "purchase_days", later="repeat_revenue"), on="customer_id")
        .select(
            purchases=(pl.col("purchase_days") - 1 - pl.col("frequency")).sum(),
            revenue=(pl.col("later") - pl.col("repeat_revenue")).sum().cast(pl.Float64),
        )
        .collect()
        .row(0, named=True)
    )
    bg_nbd, gamma_gamma = models(fit)
    purchases = expected_purchases(bg_nbd, known, (now - then).days / DAYS_OF_A_WEEK)
    predicted = {
        "purchases": float(np.sum(purchases)),
        "revenue": float(purchases @ conditional_mean_spend(gamma_gamma, known)),
    }
    return [
        {
            "quantity": quantity,
            "customers": known.height,
            "predicted": predicted[name],
            "actual": float(came[name] or 0),
            "is_fit_at_edge": fit["is_fit_at_edge"],
        }
        for quantity, name in zip(QUANTITIES[1:], ("purchases", "revenue"), strict=True)
    ]
