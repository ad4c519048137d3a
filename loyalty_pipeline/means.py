"""Means, exact until the division, and how sure they are.

Between the two a number is a 128-bit count of hundred-millionths: sums of floats depend on their order, and a night's
order is that of the threads.
"""

from dataclasses import dataclass

import polars as pl
from scipy.special import stdtrit

from loyalty_pipeline.ratio import per

UNITS = 10**8
LEVEL = 0.975


def units(number: str) -> pl.Expr:
    """A float column as a whole number of hundred-millionths."""
    return (pl.col(number) * UNITS).round().cast(pl.Int128)


def from_units(sums: str) -> pl.Expr:
    """A sum of hundred-millionths as a float."""
    return per(sums, UNITS)


@dataclass(frozen=True)
class Mean:
    """The mean of a number of hundred-millionths, over the rows `where` holds; `count` is the column of how many there are."""

    name: str
    number: pl.Expr
    count: str
    where: pl.Expr
    limits: tuple[float, float]

    @property
    def sums(self) -> dict[str, pl.Expr]:
        """What has to be added up."""
        counted = pl.when(self.where).then(self.number).otherwise(pl.lit(0, pl.Int128))
        return {self.name: counted.sum(), self._squares: (counted * counted).sum()}

    @property
    def total(self) -> pl.Expr:
        """The sum as a float."""
        return from_units(self.name)

    def rated(self, name: str) -> dict[str, pl.Expr]:
        """The mean, null of nothing, and both ends of its 95 % t interval inside the limits, null of less than two.

        Source: Student (1908), "The probable error of a mean", Biometrika 6.
        """
        n, sums = pl.col(self.count), pl.col(self.name)
        # Whole numbers to the end: answers that are all the same have no spread at all.
        scatter = per(n.cast(pl.Int128) * pl.col(self._squares) - sums * sums, UNITS**2)
        spread = pl.when(n > 1).then(_t(self.count) * (scatter / (n - 1)).sqrt() / n)
        mean = pl.when(n > 0).then(self.total / n)
        low, high = (mean - spread).clip(*self.limits), (mean + spread).clip(*self.limits)
        return {name: mean, f"{name}_low": low, f"{name}_high": high}

    @property
    def _squares(self) -> str:
        return f"{self.name}_squared"


def _t(count: str) -> pl.Expr:
    return (pl.col(count) - 1).map_batches(
        lambda degrees: pl.Series(degrees.name, stdtrit(degrees.to_numpy(), LEVEL)), return_dtype=pl.Float64
    )
