"""Exact decimal arithmetic on integers: money in ten-thousandths, FX rates in millionths."""

import numpy as np

from loyalty_pipeline.demo.clock import Ints

UNIT = 10_000
RATE_UNIT = 1_000_000


def divide(numerator: Ints, denominator: Ints | int) -> Ints:
    """Divide and round half away from zero; the denominator is positive."""
    quotient: Ints = (2 * np.abs(numerator) + denominator) // (2 * np.asarray(denominator))
    return np.sign(numerator) * quotient


def convert(amount: Ints, rate: Ints | int) -> Ints:
    """An amount in the reporting currency, rounded to ten-thousandths."""
    return divide(amount * rate, RATE_UNIT)


def total(codes: Ints, amounts: Ints, size: int) -> Ints:
    """Sum integer amounts by code, exactly."""
    sums = np.zeros(size, np.int64)
    np.add.at(sums, codes, amounts)
    return sums


def sum_by(codes: Ints, amounts: Ints) -> tuple[Ints, Ints]:
    """Sum amounts by codes that are too many for a table of all: the codes that occur, ascending, and their sums."""
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    first = np.flatnonzero(np.diff(codes, prepend=-1))
    sums = np.add.reduceat(amounts[order], first) if first.size else np.zeros(0, np.int64)
    return codes[first], sums
