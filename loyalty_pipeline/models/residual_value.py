"""Residual value: what a customer with a given history is still expected to bring."""

import polars as pl

from loyalty_pipeline.models.bg_nbd import BgNbd, probability_alive, purchases_while_alive
from loyalty_pipeline.models.discounting import cumulative_weights, month_discounts, month_ends_in_weeks
from loyalty_pipeline.models.gamma_gamma import GammaGamma, conditional_mean_spend
from loyalty_pipeline.models.maximum_likelihood import Floats


def residual_value(  # noqa: PLR0913 - two fits and three policies that a caller names
    fit: BgNbd,
    spend_fit: GammaGamma,
    histories: pl.DataFrame,
    *,
    horizon_months: int = 36,
    discount_rate: float = 0.10,
    margin: float = 0.8,
) -> Floats:
    r"""Discounted margin expected of one customer of each row, in the unit of money of `mean_spend`.

    .. math:: margin \cdot E[spend] \cdot P(alive) \cdot \sum_m (1 + d)^{-(m - 1/2) / 12} \, purchases_m

    `histories` has the columns of `fit_bg_nbd` and `mean_spend` (null or 0 without a repeat purchase: then
    the population's mean is expected). purchases_m are those expected in the m-th month from now of a
    customer who has not left; months are of 365.25 / 12 days and discounted from their middle. Not multiplied
    by `customers`. 0 for a horizon of 0 months. Source: Fader, Hardie & Lee 2005, "RFM and CLV".
    """
    weights = cumulative_weights(month_discounts(horizon_months, discount_rate))
    purchases = purchases_while_alive(fit, histories, month_ends_in_weeks(horizon_months), weights)
    return (
        margin * conditional_mean_spend(spend_fit, histories) * probability_alive(fit, histories) * purchases
    )
