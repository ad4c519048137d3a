"""What purchasers are expected to do: BG/NBD for how often they buy, gamma-gamma for how much they spend."""

from datetime import date
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, count, day, number
from loyalty_pipeline.models.bg_nbd import BgNbd, fit_bg_nbd
from loyalty_pipeline.models.gamma_gamma import GammaGamma, fit_gamma_gamma
from loyalty_pipeline.months.purchase_histories import PurchaseHistory, SpendHistory, histories
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import per

DAYS_OF_A_WEEK = 7


class ClvFit(Table):
    """One row per closing with purchasers: the parameters of both models, null where one could not be fitted."""

    closes_on = day("First day after what the models know.", key=True)
    customers = count("Customers who purchased before it.", of="customers")
    repeat_customers = count("Of those, on two days or more.", of="customers")
    r = number("BG/NBD: shape of the purchase rates.", unit="none", nullable=True)
    alpha = number("BG/NBD: scale of the purchase rates.", unit="weeks", nullable=True)
    a = number("BG/NBD: first shape of the chance to leave after a purchase.", unit="none", nullable=True)
    b = number("BG/NBD: second shape of that chance.", unit="none", nullable=True)
    log_likelihood = number("BG/NBD: log-likelihood of the fit.", unit="nats", nullable=True)
    p = number("Gamma-gamma: shape of a customer's spend.", unit="none", nullable=True)
    q = number("Gamma-gamma: shape of the customers' scales.", unit="none", nullable=True)
    v = number("Gamma-gamma: scale of the customers' scales.", unit="reporting currency", nullable=True)
    spend_log_likelihood = number("Gamma-gamma: log-likelihood of the fit.", unit="nats", nullable=True)
    is_fit_at_edge = dy.Bool(nullable=True, description="Did a bound or a failed search decide a parameter?")


def clv_fits(
    window: Window,
    purchase_histories: dy.LazyFrame[PurchaseHistory],
    spend_histories: dy.LazyFrame[SpendHistory],
) -> dy.LazyFrame[ClvFit]:
    """Fits at one closing, by maximum likelihood on grouped histories; no row where customers subscribe.

    A purchase is a local day with a paid invoice, credit notes aside; time runs in weeks from the first of them
    to the last day before the closing. Spend is the mean of the days after the first.
    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2); Fader & Hardie (2013), "The gamma-gamma model".
    """
    grouped = purchase_histories.group_by("frequency", "recency", "age").agg(pl.col("customers").sum())
    alike = _in_weeks(grouped).sort("frequency", "recency", "t").collect()
    if alike.is_empty():
        return ClvFit.create_empty(lazy=True)
    purchases, spend = fit_bg_nbd(alike), fit_gamma_gamma(_mean_spend(spend_histories))
    row = {
        "closes_on": window.closes_on,
        "customers": alike["customers"].sum(),
        "repeat_customers": alike.filter(pl.col("frequency") > 0)["customers"].sum(),
        "is_fit_at_edge": None
        if purchases is None
        else purchases.at_edge or (spend is not None and spend.at_edge),
    }
    if purchases is not None:
        row |= {name: getattr(purchases, name) for name in ("r", "alpha", "a", "b", "log_likelihood")}
    if spend is not None:
        row |= {name: getattr(spend, name) for name in ("p", "q", "v")}
        row |= {"spend_log_likelihood": spend.log_likelihood}
    schema = {name: column.dtype for name, column in ClvFit.columns().items()}
    return pl.LazyFrame([row], schema=schema).pipe(ClvFit.cast)


def models(fit: dict[str, Any]) -> tuple[BgNbd, GammaGamma]:
    """Both models of a row of `clv_fits` in which neither is missing."""
    return (
        BgNbd(fit["r"], fit["alpha"], fit["a"], fit["b"], fit["log_likelihood"], fit["is_fit_at_edge"]),
        GammaGamma(fit["p"], fit["q"], fit["v"], fit["spend_log_likelihood"], fit["is_fit_at_edge"]),
    )


def spending(customer_value: pl.LazyFrame, last_day: date) -> pl.LazyFrame:
    """What the models know of each purchaser at the end of a day, in weeks and in the order of their ids."""
    frequency = pl.col("frequency")
    mean_spend = pl.when(frequency > 0).then(pl.col("repeat_revenue").cast(pl.Float64) / frequency)
    known = _in_weeks(histories(customer_value, last_day, "purchases"))
    return known.with_columns(mean_spend=mean_spend).sort("customer_id")


def _in_weeks(of_days: pl.LazyFrame) -> pl.LazyFrame:
    return of_days.with_columns(recency=per("recency", DAYS_OF_A_WEEK), t=per("age", DAYS_OF_A_WEEK))


def _mean_spend(spend_histories: pl.LazyFrame) -> pl.DataFrame:
    mean_spend = pl.col("repeat_revenue").cast(pl.Float64) / pl.col("frequency")
    # Floats add up differently in another order.
    return (
        spend_histories.with_columns(mean_spend=mean_spend)
        .group_by("frequency", "mean_spend")
        .agg(pl.col("customers").sum())
        .sort("frequency", "mean_spend")
        .collect()
    )
