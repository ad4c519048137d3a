"""Expectations over a Beta distribution by Gauss-Jacobi quadrature."""

from functools import lru_cache

import numpy as np
from scipy.linalg import eigh_tridiagonal

from loyalty_pipeline.models.maximum_likelihood import Floats

LEAST_NODE = 1e-15


@lru_cache(maxsize=4096)
def beta_quadrature(a: float, b: float, size: int) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights that sum to 1, with sum(weights * f(nodes)) = E[f(p)] for p ~ Beta(a, b).

    Exact for polynomials of degree 2 * size - 1. The weights come from the eigenvectors of the Jacobi matrix
    (Golub & Welsch 1969), not from Gamma functions, so that shapes in the thousands do not overflow.
    """
    k = np.arange(1, size, dtype=np.float64)
    total = a + b
    centre = np.empty(size)
    centre[0] = a / total
    centre[1:] = (1 + (a - b) * (total - 2) / ((2 * k + total - 2) * (2 * k + total))) / 2
    # At k = 1 (k + total - 2) cancels against (2k + total - 3); kept apart, total = 1 would be 0 / 0.
    cancelled = np.ones(size - 1)
    cancelled[1:] = (k[1:] + total - 2) / (2 * k[1:] + total - 3)
    spread = k * (k + a - 1) * (k + b - 1) * cancelled / ((2 * k + total - 2) ** 2 * (2 * k + total - 1))
    nodes, vectors = eigh_tridiagonal(centre, np.sqrt(spread))
    return np.maximum(nodes, LEAST_NODE), vectors[0] ** 2
