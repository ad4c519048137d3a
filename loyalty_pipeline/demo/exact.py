"""Exact decimal arithmetic on integers: money in ten-thousandths, FX rates in millionths."""

import numpy as np

from loyalty_pipeline.demo.clock import Ints

UNIT = 10_000
RATE_UNIT = 1_000_000


def divide(numerator: Ints, denominator: Ints | int) -> Ints:
    """Divide and round half away from zero; the denominator is positive."""
    return np.sign(numerator) * ((2 * np.abs(numerator) + denominator) // (2 * np.asarray(denominator)))


def convert(amount: Ints, rate: Ints | int) -> Ints:
    """An amount in the reporting currency, rounded to ten-thousandths."""
    return divide(amount * rate, RATE_UNIT)


def total(codes: Ints, amounts: Ints, size: int) -> Ints:
    """Sum integer amounts by code, exactly."""
    sums = np.zeros(size, np.int64)
    np.add.at(sums, codes, amounts)
    return sums
