"""Customer residuals: the margin that customers are still expected to bring."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, exact, key
from loyalty_pipeline.models.discounting import monthly
from loyalty_pipeline.models.residual_value import residual_value
from loyalty_pipeline.models.sbg import Sbg, expected_payments
from loyalty_pipeline.months.customer_months import CustomerMonth
from loyalty_pipeline.months.customer_revenue import CustomerValue
from loyalty_pipeline.months.purchase_models import ClvFit, models, spending
from loyalty_pipeline.months.retention_fits import RetentionFit, last_complete
from loyalty_pipeline.months.spells import Spell
from loyalty_pipeline.periods import Window, months_between


class CustomerResidual(Sharded):
    """One row per customer of whom a model expects something: active subscribers, or whoever purchased."""

    customer_id = key("The customer.")
    residual_margin = exact("Discounted margin still expected.")


def customer_residuals(
    window: Window,
    customer_value: dy.LazyFrame[CustomerValue],
    clv_fits: dy.LazyFrame[ClvFit],
    customer_months: dy.LazyFrame[CustomerMonth],
    spells: dy.LazyFrame[Spell],
    retention_fits: dy.LazyFrame[RetentionFit],
    activity: str,
    clv_horizon_months: int,
    discount_rate: float,
    gross_margin: Decimal,
) -> dy.LazyFrame[CustomerResidual]:
    r"""Discounted margin, of subscribers for as long as they may stay, of purchasers over `clv_horizon_months`.

    .. math:: residual = mrr \cdot margin \cdot \sum_{k \ge 1} \frac{S(a + k)}{S(a)} (1 + d)^{-k / 12}

    `a` is how many months' closings a subscriber's present spell has survived; its MRR stays as it is. `discount_rate` d is a
    year's. Source: Fader & Hardie (2010), "Customer-Base Valuation in a Contractual Setting", Marketing Science 29(1); for
    purchasers Fader, Hardie & Lee (2005), "RFM and CLV".
    """
    if activity == "purchases":
        return _of_purchasers(
            customer_value, clv_fits, window, clv_horizon_months, (discount_rate, float(gross_margin))
        )
    fits = retention_fits.filter(pl.col("alpha").is_not_null()).collect()
    if fits.is_empty():
        return CustomerResidual.create_empty(lazy=True)
    found = fits.row(0, named=True)
    fit = Sbg(found["alpha"], found["beta"], found["log_likelihood"], found["is_fit_at_edge"])
    survived = months_between(pl.col("since"), pl.lit(last_complete(window))).clip(lower_bound=0)
    paying = (
        customer_months.filter(pl.col("mrr") > 0).join(spells, on="customer_id").with_columns(age=survived)
    )
    ages = paying.select(pl.col("age").unique().sort()).collect()["age"]
    months = expected_payments(fit, ages.cast(pl.Float64).to_numpy(), monthly(discount_rate))
    expected = pl.DataFrame({"age": ages, "months": months}).lazy()
    margin = pl.col("mrr").cast(pl.Float64) * float(gross_margin) * pl.col("months")
    return (
        paying.join(expected, on="age")
        .select("customer_id", residual_margin=margin.round(4).cast(pl.Decimal(18, 4)))
        .pipe(CustomerResidual.cast)
    )


def is_fitted(clv_fits: pl.LazyFrame, retention_fits: pl.LazyFrame) -> bool:
    """Whether there is a model that says what to expect of customers: of subscribers, or of purchasers how often and how much."""
    of_purchasers = clv_fits.filter(pl.col("r").is_not_null(), pl.col("p").is_not_null())
    of_subscribers = retention_fits.filter(pl.col("alpha").is_not_null())
    found = pl.concat(fits.select("closes_on") for fits in (of_purchasers, of_subscribers)).collect()
    return found.height > 0


def _of_purchasers(
    customer_value: pl.LazyFrame,
    clv_fits: pl.LazyFrame,
    window: Window,
    horizon_months: int,
    discount_and_margin: tuple[float, float],
) -> dy.LazyFrame[CustomerResidual]:
    known = spending(customer_value, window.last_day).collect()
    fits = clv_fits.filter(pl.col("r").is_not_null(), pl.col("p").is_not_null()).collect()
    if known.is_empty() or fits.is_empty():
        return CustomerResidual.create_empty(lazy=True)
    discount_rate, margin = discount_and_margin
    value = residual_value(
        *models(fits.row(0, named=True)),
        known,
        horizon_months=horizon_months,
        discount_rate=discount_rate,
        margin=margin,
    )
    residual = pl.Series("residual_margin", value).round(4).cast(pl.Decimal(18, 4))
    return known.select("customer_id", residual).lazy().pipe(CustomerResidual.cast)
