"""The BG/NBD likelihood and its gradient on grouped histories (Fader, Hardie & Lee 2005, equation 6)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import digamma, expit, gammaln

from loyalty_pipeline.models.maximum_likelihood import Floats


@dataclass(frozen=True)
class BgNbdLikelihood:
    """Mean log-likelihood of one customer; called with (r, alpha, a, b) it gives the value and its gradient.

    `frequencies` are the distinct ones and `at` says which of them a row has: Gamma functions, the costly
    part, are evaluated once per distinct frequency. `share` is a row's part of all customers.
    """

    frequencies: Floats
    at: NDArray[np.intp]
    recency: Floats
    t: Floats
    share: Floats

    @classmethod
    def of(cls, histories: pl.DataFrame, week: float) -> Self:
        """Take grouped histories with `week` as the unit of time."""
        frequencies, at = np.unique(histories["frequency"].cast(pl.Float64).to_numpy(), return_inverse=True)
        customers = histories["customers"].cast(pl.Float64).to_numpy()
        return cls(
            frequencies,
            at,
            histories["recency"].to_numpy() / week,
            histories["t"].to_numpy() / week,
            customers / customers.sum(),
        )

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        """Value and gradient at r, alpha, a, b."""
        r, alpha, a, b = parameters
        rate_shape = r + self.frequencies[self.at]
        log_end, log_last = np.log(alpha + self.t), np.log(alpha + self.recency)
        log_odds = self._log_odds_of_leaving(a, b) + rate_shape * (log_end - log_last)
        value = self._of_frequency(parameters) + self.share @ (
            np.logaddexp(0.0, log_odds) - rate_shape * log_end
        )
        left = expit(log_odds)
        gradient = self._gradient_of_frequency(parameters, self._by_frequency(left))
        gradient[0] -= self.share @ (log_end + left * (log_last - log_end))
        gradient[1] -= self.share @ (
            rate_shape * ((1 - left) / (alpha + self.t) + left / (alpha + self.recency))
        )
        return float(value), gradient

    def _of_frequency(self, parameters: Floats) -> float:
        r, alpha, a, b = parameters
        x = self.frequencies
        rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        dropout = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        return float(self._by_frequency() @ (rate + dropout))

    def _gradient_of_frequency(self, parameters: Floats, left: Floats) -> Floats:
        r, alpha, a, b = parameters
        x, everybody = self.frequencies, self._by_frequency()
        dropout = digamma(a + b) - digamma(a + b + x)
        return np.array(
            [
                everybody @ (digamma(r + x) - digamma(r)) + np.log(alpha),
                r / alpha,
                everybody @ dropout + left.sum() / a,
                everybody @ (dropout + digamma(b + x) - digamma(b))
                - left @ (1 / (b + np.maximum(x, 1.0) - 1)),
            ]
        )

    def _log_odds_of_leaving(self, a: float, b: float) -> Floats:
        x = self.frequencies
        log_odds = np.log(a) - np.log(b + np.maximum(x, 1.0) - 1)
        return np.asarray(np.where(x > 0, log_odds, -np.inf))[self.at]

    def _by_frequency(self, part: Floats | float = 1.0) -> Floats:
        return np.asarray(np.bincount(self.at, self.share * part, len(self.frequencies)), dtype=np.float64)
