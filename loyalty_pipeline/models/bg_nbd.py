"""BG/NBD: how often customers who may silently leave will buy (Fader, Hardie & Lee 2005)."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from loyalty_pipeline.models.beta_quadrature import beta_quadrature
from loyalty_pipeline.models.bg_nbd_likelihood import BgNbdLikelihood
from loyalty_pipeline.models.maximum_likelihood import Bound, Floats, maximise

# 64 nodes agree with the 2F1 to 1e-12 for usual fits, to 1e-4 for an alpha of hours and customers of a day.
QUADRATURE_NODES = 64
ROWS_AT_A_TIME = 20_000
BOUNDS = [Bound(1e-4, 1e4)] * 4
STARTS = [(0.5, 0.5, 0.5, 2.0), (2.0, 2.0, 1.0, 10.0)]


@dataclass(frozen=True)
class BgNbd:
    """Purchases come at rate ~ Gamma(r, alpha) a week; after each a customer leaves with p ~ Beta(a, b).

    `log_likelihood` is that of all customers; `at_edge` says that a bound or a failed search decided a
    parameter.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    at_edge: bool


def fit_bg_nbd(histories: pl.DataFrame) -> BgNbd | None:
    """Fit by maximum likelihood on grouped histories.

    One row is one distinct history: `frequency` (repeat purchases), `recency` (weeks from the first purchase
    to the last, 0 without a repeat), `t` (weeks from the first purchase to now), `customers` (how many have
    it). A row with weight n counts as n rows. Weeks are scaled by the mean `t` while fitting, so the result
    follows the unit of time exactly. None when there are no customers; `at_edge` when the histories cannot
    tell (nobody bought again).
    """
    weighted = histories.filter(pl.col("customers") > 0)
    if weighted.is_empty():
        return None
    customers = weighted["customers"].cast(pl.Float64).to_numpy()
    week = float(np.average(weighted["t"].to_numpy(), weights=customers)) or 1.0
    best = maximise(BgNbdLikelihood.of(weighted, week), STARTS, BOUNDS)
    r, alpha, a, b = (float(parameter) for parameter in best.parameters)
    repeats = float(weighted["frequency"].to_numpy() @ customers)
    log_likelihood = best.log_likelihood * float(customers.sum()) - repeats * float(np.log(week))
    return BgNbd(r, alpha * week, a, b, log_likelihood, best.at_edge)


def probability_alive(fit: BgNbd, histories: pl.DataFrame) -> Floats:
    r"""Probability that a customer with this history has not left; 1 without a repeat purchase.

    .. math:: P = 1 / (1 + \frac{a}{b + x - 1} (\frac{\alpha + T}{\alpha + t_x})^{r + x})

    Nobody leaves before a repeat purchase in this model. Source: Fader, Hardie & Lee 2008, "Computing
    P(alive) using the BG/NBD model".
    """
    x, recency, t = (
        histories[column].cast(pl.Float64).to_numpy() for column in ("frequency", "recency", "t")
    )
    return np.asarray(np.where(x > 0, expit(-_log_odds_of_leaving(fit, x, recency, t)), 1.0))


def expected_purchases(fit: BgNbd, histories: pl.DataFrame, horizon: float) -> Floats:
    """Expect this many purchases in the next `horizon` weeks, given the history; 0 for a horizon of 0.

    Equals equation (10) of Fader, Hardie & Lee 2005, without its singularity at a = 1.
    """
    alive = purchases_while_alive(fit, histories, np.array([horizon]), np.array([1.0]))
    return probability_alive(fit, histories) * alive


def purchases_while_alive(fit: BgNbd, histories: pl.DataFrame, horizons: Floats, weights: Floats) -> Floats:
    r"""Weighted sum over `horizons` (weeks) of the purchases expected within each, while not gone.

    .. math:: \sum_k w_k \, E_p[(1 - (1 + p h_k / (\alpha + T))^{-(r + x)}) / p], \quad p \sim Beta(a, b + x)

    The 2F1 of the paper is this mean over p; as a Gauss-Jacobi sum it has no singular parameters and no
    overflow for frequent buyers. It depends on frequency and t alone, so each distinct pair of them is
    computed once.
    """
    pairs = histories.select("frequency", "t").unique().sort("frequency", "t")
    frequency, t = pairs["frequency"].to_numpy(), pairs["t"].to_numpy()
    values = np.zeros(len(pairs))
    for x, first, rows in zip(*np.unique(frequency, return_index=True, return_counts=True), strict=True):
        for start in range(first, first + rows, ROWS_AT_A_TIME):
            these = slice(start, min(start + ROWS_AT_A_TIME, first + rows))
            values[these] = _mean_over_dropout(fit, int(x), t[these], (horizons, weights))
    valued = histories.join(pairs.with_columns(value=values), on=["frequency", "t"], maintain_order="left")
    return valued["value"].to_numpy()


def _mean_over_dropout(fit: BgNbd, x: int, t: Floats, steps: tuple[Floats, Floats]) -> Floats:
    dropout, masses = beta_quadrature(fit.a, fit.b + x, QUADRATURE_NODES)
    exposure = dropout / (fit.alpha + t[:, None])
    total = np.zeros_like(exposure)
    for horizon, weight in zip(*steps, strict=True):
        total -= weight * np.expm1(-(fit.r + x) * np.log1p(exposure * horizon))
    return np.asarray(total @ (masses / dropout))


def _log_odds_of_leaving(fit: BgNbd, x: Floats, recency: Floats, t: Floats) -> Floats:
    repeats = np.maximum(x, 1.0)
    silence = np.log(fit.alpha + t) - np.log(fit.alpha + recency)
    return np.asarray(np.log(fit.a) - np.log(fit.b + repeats - 1) + (fit.r + x) * silence)
