"""Shifted-beta-geometric: how long customers who must renew will stay (Fader & Hardie 2007)."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import digamma, gammaln

from loyalty_pipeline.models.maximum_likelihood import Bound, Floats, maximise

BOUNDS = [Bound(1e-4, 1e4)] * 2
STARTS = [(0.5, 0.5), (1.0, 10.0), (5.0, 2.0)]
# Each pair of levels is a node of Gauss quadrature; so many leave nothing a float could tell.
LOG_PRECISION = 20.0
MOST_LEVELS = 200_000


@dataclass(frozen=True)
class Sbg:
    """At each renewal a customer leaves with probability theta; customers differ in it as Beta(alpha, beta).

    `log_likelihood` is that of all customers; `at_edge` says that a bound or a failed search decided a
    parameter.
    """

    alpha: float
    beta: float
    log_likelihood: float
    at_edge: bool


def fit_sbg(tenures: pl.DataFrame) -> Sbg | None:
    """Fit by maximum likelihood on grouped tenures.

    One row is one group: `age` (renewals survived so far), `is_lost` (whether the customers left at renewal
    age + 1; else they are still there, and their next renewal is to come), `customers` (how many). A row with weight n
    counts as n rows. Who has not come to a first renewal tells nothing and is left out. None when that leaves nobody;
    `at_edge` when the tenures cannot tell (nobody left, everybody left at once, only one renewal was ever seen).
    """
    seen = tenures.filter(pl.col("customers") > 0, pl.col("is_lost") | (pl.col("age") > 0))
    if seen.is_empty():
        return None
    customers = seen["customers"].cast(pl.Float64).to_numpy()
    share = customers / customers.sum()
    age = seen["age"].cast(pl.Float64).to_numpy()
    lost = seen["is_lost"].cast(pl.Float64).to_numpy()
    best = maximise(lambda shapes: _mean_log_likelihood(shapes, age, lost, share), STARTS, BOUNDS)
    alpha, beta = (float(shape) for shape in best.parameters)
    return Sbg(alpha, beta, best.log_likelihood * float(customers.sum()), best.at_edge)


def survival(fit: Sbg, ages: Floats) -> Floats:
    r"""Share of customers who survive their first `ages` renewals; 1 for an age of 0.

    .. math:: S(t) = B(\alpha, \beta + t) / B(\alpha, \beta)
    """
    return np.exp(_log_survival(fit.alpha, fit.beta, np.asarray(ages, dtype=np.float64)))


def retention_rate(fit: Sbg, ages: Floats) -> Floats:
    r"""Share of those who came to renewal t who survive it, t = 1, 2, ...; it rises, as the loyal are left.

    .. math:: r_t = S(t) / S(t - 1) = (\beta + t - 1) / (\alpha + \beta + t - 1)
    """
    before = fit.beta + np.asarray(ages, dtype=np.float64) - 1
    return np.asarray(before / (fit.alpha + before))


def expected_payments(fit: Sbg, ages: Floats, rate: float) -> Floats:
    r"""Discounted renewal payments expected of a customer who has survived `ages` renewals: the next is one period ahead.

    .. math:: \sum_{k \ge 1} \frac{S(a + k)}{S(a)} (1 + d)^{-k} = E[\frac{1 - \theta}{d + \theta}], \quad \theta \sim Beta(\alpha, \beta + a)

    The payment at the k-th renewal from now is discounted by k periods, at `rate` d a period; what is paid for the present
    period is not in it. Where d is 0 it is (beta + a) / (alpha - 1), infinite for an alpha of 1 or less. Exact to 1e-12
    for rates from 1e-7 a period on. Equals equation (6) of Fader & Hardie 2010 over 1 + d, without its 2F1.
    """
    known = np.asarray(ages, dtype=np.float64)
    if rate == 0:
        mean = (fit.beta + known) / (fit.alpha - 1) if fit.alpha > 1 else np.full(known.shape, np.inf)
        return np.asarray(mean)
    return np.asarray(retention_rate(fit, known + 1) * _mean_inverse(fit.alpha, fit.beta + known + 1, rate))


def discounted_residual_lifetime(fit: Sbg, renewals: Floats, rate: float) -> Floats:
    r"""Discounted expected residual lifetime (DERL) of a customer who has renewed `renewals` times and is about to again.

    .. math:: DERL = \sum_{k \ge 1} \frac{S(n + k)}{S(n)} (1 + d)^{-(k - 1)}

    Taken just before the next renewal, whose payment is then not discounted: 1 + d times `expected_payments`, which stands
    one period earlier. Source: Fader & Hardie 2010, "Customer-Base Valuation in a Contractual Setting".
    """
    return np.asarray((1 + rate) * expected_payments(fit, renewals, rate))


def _mean_inverse(alpha: float, beta: Floats, rate: float) -> Floats:
    r"""E[1 / (d + theta)] for theta ~ Beta(alpha, beta), as a continued fraction (Stieltjes 1894).

    .. math:: 1 / (d + z_1 / (1 + z_2 / (d + z_3 / (1 + ...))))

    Every term is positive, so nothing cancels, whatever the shapes. The z are products of the canonical moments of the
    Beta distribution (Dette & Studden 1997, section 1.3).
    """
    # How far the pole at -d lies from [0, 1] says how fast the fraction settles.
    ellipse = 2 * np.arcsinh(np.sqrt(rate))
    levels = 2 * int(min(LOG_PRECISION / ellipse + 16, MOST_LEVELS / 2))
    total, tail = alpha + beta, np.ones_like(beta)
    for k in range(levels // 2, 0, -1):
        odd, even = (alpha + k - 1) / (total + 2 * k - 2), k / (total + 2 * k - 1)
        before = (k - 1) / (total + 2 * k - 3) if k > 1 else 0.0
        tail = rate + (1 - before) * odd / (1 + (1 - odd) * even / tail)
    return np.asarray(1 / tail)


def _log_survival(alpha: float, beta: float, age: Floats) -> Floats:
    kept = gammaln(beta + age) - gammaln(beta)
    return np.asarray(np.minimum(kept - (gammaln(alpha + beta + age) - gammaln(alpha + beta)), 0.0))


def _mean_log_likelihood(shapes: Floats, age: Floats, lost: Floats, share: Floats) -> tuple[float, Floats]:
    """Equations (5) and (6) of the paper, that of leaving written as S(age) alpha / (alpha + beta + age)."""
    alpha, beta = shapes
    come_to = alpha + beta + age
    value = _log_survival(alpha, beta, age) + lost * (np.log(alpha) - np.log(come_to))
    outlived = digamma(alpha + beta) - digamma(come_to)
    gradient = np.array(
        [
            share @ (outlived + lost * (1 / alpha - 1 / come_to)),
            share @ (outlived + digamma(beta + age) - digamma(beta) - lost / come_to),
        ]
    )
    return float(share @ value), gradient
