"""Maximum likelihood in log parameters, within bounds, that never raises on degenerate observations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats: TypeAlias = NDArray[np.float64]
LogLikelihood: TypeAlias = Callable[[Floats], tuple[float, Floats]]

EDGE_TOLERANCE = 0.01
GRADIENT_TOLERANCE = 1e-4
FLAT_DISTANCE = 0.1
TIE = 1e-10


@dataclass(frozen=True)
class Bound:
    """Least and greatest value of one positive parameter, in the units the likelihood is scaled to."""

    least: float
    greatest: float


@dataclass(frozen=True)
class Maximum:
    """Where the mean log-likelihood is greatest; `at_edge` when a bound or a failed search decided it."""

    parameters: Floats
    log_likelihood: float
    at_edge: bool


def maximise(
    log_likelihood: LogLikelihood, starts: Sequence[Sequence[float]], bounds: Sequence[Bound]
) -> Maximum:
    """Find the parameters of the greatest mean log-likelihood per customer, the best of several starts.

    `log_likelihood` takes the parameters and gives the mean log-likelihood of one customer and its gradient
    with respect to them. The search (L-BFGS-B) runs in their logarithms, so that they stay positive and a
    step is a ratio. Flagged by `at_edge`: a parameter within 1 % of a bound, a search that ends where the
    slope still exceeds 1e-4 log-likelihood per customer, starts that end equally high at parameters more than
    10 % apart (the observations do not tell them apart). Such a fit describes, and is not to be read as an
    estimate.
    """
    searches = [_search(log_likelihood, start, bounds) for start in starts]
    best = min(searches, key=lambda search: float(search.fun))
    log_bounds = np.log([(bound.least, bound.greatest) for bound in bounds])
    is_near_bound = np.any(np.abs(log_bounds - best.x[:, None]) < EDGE_TOLERANCE)
    is_unsettled = not best.success and _free_slope(best, log_bounds) > GRADIENT_TOLERANCE
    is_flat = any(
        search.fun - best.fun < TIE and np.max(np.abs(search.x - best.x)) > FLAT_DISTANCE
        for search in searches
    )
    return Maximum(np.exp(best.x), -float(best.fun), bool(is_near_bound or is_unsettled or is_flat))


def _search(
    log_likelihood: LogLikelihood, start: Sequence[float], bounds: Sequence[Bound]
) -> optimize.OptimizeResult:
    def cost(logarithms: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logarithms)
        value, gradient = log_likelihood(parameters)
        return -value, -gradient * parameters

    return optimize.minimize(
        cost,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(bound.least), np.log(bound.greatest)) for bound in bounds],
        options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-8},
    )


def _free_slope(search: optimize.OptimizeResult, log_bounds: Floats) -> float:
    inside = np.clip(search.x - search.jac, log_bounds[:, 0], log_bounds[:, 1])
    return float(np.max(np.abs(inside - search.x)))
