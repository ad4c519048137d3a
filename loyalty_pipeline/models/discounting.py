"""Discounting of what is expected month by month."""

import numpy as np

from loyalty_pipeline.models.maximum_likelihood import Floats

WEEKS_PER_MONTH = 365.25 / 12 / 7


def month_ends_in_weeks(horizon_months: int) -> Floats:
    """Weeks from now to the end of each of the next months; a month is 365.25 / 12 days."""
    return np.arange(1.0, horizon_months + 1.0) * WEEKS_PER_MONTH


def monthly(discount_rate: float) -> float:
    """The rate of a month that makes up a year's: (1 + d)^(1/12) - 1."""
    return float(np.expm1(np.log1p(discount_rate) / 12.0))


def month_discounts(horizon_months: int, discount_rate: float) -> Floats:
    r"""Present value of one unit received in each of the next months.

    .. math:: discount_m = (1 + d)^{-(m - 1/2) / 12}, \quad m = 1, 2, ...

    `discount_rate` d is a fraction a year. What a month brings is discounted from its middle: purchases fall
    all over the month, so that is when they happen on average (from its end they would count 0.4 % too little
    at 10 %).
    """
    return np.power(1.0 + discount_rate, -(np.arange(1.0, horizon_months + 1.0) - 0.5) / 12.0)


def cumulative_weights(discounts: Floats) -> Floats:
    """Weights that turn running totals into the discounted sum of their steps.

    sum(discounts * steps) = sum(weights * running totals of the steps). For falling discounts all weights are
    positive, so nothing cancels as it would in differences of near-equal totals.
    """
    return discounts - np.append(discounts[1:], np.zeros(min(1, len(discounts))))
