"""Exact numbers: rounding half away from zero, and the interval of a proportion."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

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
