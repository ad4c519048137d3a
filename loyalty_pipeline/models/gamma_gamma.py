"""Gamma-gamma: what a customer spends on a purchase (Fader & Hardie 2013)."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import digamma, gammaln

from loyalty_pipeline.models.maximum_likelihood import Bound, Floats, maximise

# The mean spend p v / (q - 1) exists for q > 1 only; one hundred times p v is no mean to plan with.
BOUNDS = [Bound(1e-4, 1e4), Bound(1.01, 1e4), Bound(1e-6, 1e6)]
STARTS = [(2.0, 3.0, 1.0), (10.0, 5.0, 0.4)]


@dataclass(frozen=True)
class GammaGamma:
    """The spend of a purchase is Gamma(p, nu), nu differs between customers as Gamma(q, v); v is money.

    `log_likelihood` is that of all repeat purchasers; `at_edge` says that a bound or a failed search decided
    a parameter.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    at_edge: bool


def fit_gamma_gamma(spend: pl.DataFrame) -> GammaGamma | None:
    """Fit by maximum likelihood on the grouped mean spends of repeat purchasers.

    One row: `frequency` (repeat purchases), `mean_spend` (money, the mean of those purchases), `customers`
    (how many have both). Rows without a repeat or with a spend of 0 or less tell nothing and are left out.
    Spend is scaled by its mean while fitting, so the result follows the currency's unit exactly. None without
    a repeat purchaser; `at_edge` when the spends cannot tell (one customer, all the same) or their mean would
    not exist (q <= 1).
    """
    repeaters = spend.filter(pl.col("frequency") > 0, pl.col("mean_spend") > 0, pl.col("customers") > 0)
    if repeaters.is_empty():
        return None
    customers = repeaters["customers"].cast(pl.Float64).to_numpy()
    share = customers / customers.sum()
    mean_spend = repeaters["mean_spend"].cast(pl.Float64).to_numpy()
    frequency = repeaters["frequency"].cast(pl.Float64).to_numpy()
    unit = float(mean_spend @ share)
    # What is too small beside the unit for a float is still not nothing: its logarithm counts.
    scaled = np.maximum(mean_spend / unit, np.finfo(np.float64).tiny)
    best = maximise(
        lambda parameters: _mean_log_likelihood(parameters, frequency, scaled, share),
        STARTS,
        BOUNDS,
    )
    p, q, v = (float(parameter) for parameter in best.parameters)
    log_likelihood = (best.log_likelihood - float(np.log(unit))) * float(customers.sum())
    return GammaGamma(p, q, v * unit, log_likelihood, best.at_edge)


def conditional_mean_spend(fit: GammaGamma, spend: pl.DataFrame) -> Floats:
    r"""Expect this spend of a further purchase, given `frequency` purchases of `mean_spend` on average.

    .. math:: E = p (v + x \bar m) / (p x + q - 1)

    The customer's own mean, drawn towards the population's p v / (q - 1), the more so the fewer purchases
    there are. Without a repeat purchase, or with a missing or non-positive mean, it is the population's.
    """
    known = spend.select(
        x=pl.when(pl.col("mean_spend") > 0).then("frequency").otherwise(0).cast(pl.Float64),
        mean=pl.when(pl.col("mean_spend") > 0).then("mean_spend").otherwise(0).cast(pl.Float64),
    )
    x, mean = known["x"].to_numpy(), known["mean"].to_numpy()
    return np.asarray(fit.p * (fit.v + x * mean) / (fit.p * x + fit.q - 1))


def _mean_log_likelihood(
    parameters: Floats, frequency: Floats, mean_spend: Floats, share: Floats
) -> tuple[float, Floats]:
    """Equation (1a) of the note and its gradient; Gamma functions once per distinct frequency."""
    p, q, v = parameters
    x, at = np.unique(frequency, return_inverse=True)
    customers = np.bincount(at, weights=share, minlength=len(x))
    log_spent, log_total = np.log(mean_spend * frequency), np.log(v + mean_spend * frequency)
    shape = p * frequency + q
    of_frequency = customers @ (gammaln(p * x + q) - gammaln(p * x)) - gammaln(q) + q * np.log(v)
    of_spend = share @ (p * frequency * log_spent - np.log(mean_spend) - shape * log_total)
    gradient = np.array(
        [
            customers @ (x * (digamma(p * x + q) - digamma(p * x)))
            + share @ (frequency * (log_spent - log_total)),
            customers @ digamma(p * x + q) - digamma(q) + np.log(v) - share @ log_total,
            q / v - share @ (shape / (v + mean_spend * frequency)),
        ]
    )
    return float(of_frequency + of_spend), gradient
