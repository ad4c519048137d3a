"""Exact numbers: rounding half away from zero, and the intervals of proportions and means."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING

from scipy.stats import t

if TYPE_CHECKING:
    from collections.abc import Sequence

Z_95 = 1.959963984540054


def rounded(number: Fraction | Decimal | int, places: int) -> Decimal:
    """Round half away from zero."""
    scaled = Fraction(number) * 10**places
    magnitude = math.floor(abs(scaled) + Fraction(1, 2))
    return Decimal(magnitude if scaled >= 0 else -magnitude).scaleb(-places)


def over(part: Decimal | int, whole: Decimal | int) -> float | None:
    """Divide; nothing where there is nothing to divide by."""
    return float(Fraction(part) / Fraction(whole)) if whole else None


def wilson(part: int, whole: int) -> tuple[float | None, float | None]:
    """Return the 95 % Wilson interval of part / whole."""
    if not whole:
        return None, None
    p, z2 = part / whole, Z_95**2
    centre = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    margin = Z_95 / (1 + z2 / whole) * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole**2))
    return max(0.0, centre - margin), min(1.0, centre + margin)


def share(name: str, part: int, whole: int) -> dict[str, float | None]:
    """Return a proportion under its name, with its interval."""
    low, high = wilson(part, whole)
    return {name: over(part, whole), f"{name}_low": low, f"{name}_high": high}


def mean_interval(
    values: Sequence[Fraction | Decimal], limits: tuple[float, float]
) -> tuple[float | None, float | None]:
    """Return the 95 % t interval of the mean, kept inside the limits; nothing for fewer than two values."""
    n = len(values)
    if n < 2:
        return None, None
    mean = sum(map(Fraction, values)) / n
    margin = float(t.ppf(0.975, n - 1)) * math.sqrt(sample_variance(values) / n)
    return max(limits[0], float(mean) - margin), min(limits[1], float(mean) + margin)


def sample_variance(values: Sequence[Fraction | Decimal | int]) -> Fraction:
    """Return the sum of squared distances from the mean over n - 1."""
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / len(exact)
    return sum(((value - mean) ** 2 for value in exact), Fraction(0)) / (len(exact) - 1)


def total(values: Sequence[Decimal | int]) -> float:
    """Add up exactly, round to 8 places, and only then make a float of it."""
    return float(rounded(sum(map(Fraction, values), Fraction(0)), 8))


def middle(values: Sequence[Fraction | int]) -> float | None:
    """Return the median; nothing of nothing."""
    return float(median(map(Fraction, values))) if values else None
