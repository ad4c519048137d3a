"""Division as every metric means it, and how sure a proportion is."""

import polars as pl

NORMAL_95 = 1.959963984540054


def over(part: str | pl.Expr, whole: str | pl.Expr) -> pl.Expr:
    """One amount over another as a float, null where the whole is zero. The whole may be a single number, such as a sum (`per`)."""
    part_float = _column(part).cast(pl.Float64)
    whole_float = _column(whole).cast(pl.Float64) + part_float * 0
    return pl.when(whole_float != 0).then(part_float / whole_float)


def per(amount: str | pl.Expr, unit: float) -> pl.Expr:
    """An amount in another unit, as the float nearest to the quotient.

    By a single number polars does not divide: it multiplies by the reciprocal, but not in a part of one row. The last digit
    would depend on how threads part the rows, so the unit is made a column, which it cannot take for a single number.
    """
    number = _column(amount).cast(pl.Float64)
    return number / (number * 0 + float(unit))


def wilson(part: str, whole: str) -> tuple[pl.Expr, pl.Expr]:
    """Low and high end of the 95 % Wilson interval of a proportion, null where the whole is zero.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    n = pl.col(whole).cast(pl.Float64)
    p, square = over(part, whole), NORMAL_95**2
    middle = p + square / (2 * n)
    spread = NORMAL_95 * (p * (1 - p) / n + square / (4 * n * n)).sqrt()
    stretch = 1 + square / n
    return ((middle - spread) / stretch).clip(0, 1), ((middle + spread) / stretch).clip(0, 1)


def proportion(name: str, part: str, whole: str) -> dict[str, pl.Expr]:
    """A proportion and both ends of its 95 % Wilson interval, `<name>_low` and `<name>_high`."""
    low, high = wilson(part, whole)
    return {name: over(part, whole), f"{name}_low": low, f"{name}_high": high}


def _column(of: str | pl.Expr) -> pl.Expr:
    return pl.col(of) if isinstance(of, str) else of
