"""Exact amounts: decimals in, decimals out, rounded half away from zero and only where the rule says so.

Between the two an amount is a 128-bit count of ten-thousandths, because a quotient of decimals is
rounded by rules of its own in every engine.
"""

from decimal import ROUND_HALF_UP, Decimal

import polars as pl

PLACES = 4
RATE_PLACES = 12
EXACT = pl.Decimal(18, PLACES)
CENTS = pl.Decimal(18, 2)
RATE = pl.Decimal(38, RATE_PLACES)


def ten_thousandths(amount: str | pl.Expr) -> pl.Expr:
    """A decimal amount of 4 places as a whole number."""
    return _column(amount).cast(pl.Decimal(38, PLACES)).to_physical().cast(pl.Int128)


def from_ten_thousandths(units: pl.Expr) -> pl.Expr:
    """The decimal amount of that many ten-thousandths."""
    return (units.cast(pl.Decimal(38, 0)).cast(pl.Decimal(38, PLACES)) * pl.lit(Decimal("0.0001"))).cast(
        EXACT
    )


def quotient(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """A whole number over a positive whole number, rounded half away from zero."""
    return numerator.sign() * ((2 * numerator.abs() + denominator) // (2 * denominator))


def converted(amount: str, rate: str) -> pl.Expr:
    """An amount of one currency in another, rounded to 4 places."""
    rate_units = pl.col(rate).cast(RATE).to_physical().cast(pl.Int128)
    return from_ten_thousandths(
        quotient(ten_thousandths(amount) * rate_units, pl.lit(10**RATE_PLACES, pl.Int128))
    )


def cents(amount: str | pl.Expr) -> pl.Expr:
    """A 4-place amount as it is published: 2 places."""
    return _in_cents(quotient(ten_thousandths(amount), pl.lit(100, pl.Int128)))


def _in_cents(hundreds: pl.Expr) -> pl.Expr:
    return (hundreds.cast(pl.Decimal(38, 0)).cast(pl.Decimal(38, 2)) * pl.lit(Decimal("0.01"))).cast(CENTS)


def shared_cents(amount: str | pl.Expr) -> pl.Expr:
    """4-place amounts in 2 places that add up to their rounded sum: what rounding leaves goes on to the next row.

    No row is off by more than a cent. Which one is depends on the order of the rows.
    """
    so_far = quotient(ten_thousandths(amount).cum_sum(), pl.lit(100, pl.Int128))
    return _in_cents(so_far - so_far.shift().fill_null(0))


def cents_of_share(amount: str | pl.Expr, share: Decimal, plus: str | pl.Expr | None = None) -> pl.Expr:
    """A 4-place share of a 4-place amount, plus another amount, in 2 places: rounded once, from all 8."""
    units = ten_thousandths(amount) * ten_thousandths(pl.lit(share).cast(EXACT))
    if plus is not None:
        units += ten_thousandths(plus) * 10**PLACES
    return _in_cents(quotient(units, pl.lit(10 ** (2 * PLACES - 2), pl.Int128)))


def rate_of(number: float) -> Decimal:
    """A rate as its shortest decimal text says, to 12 places."""
    return Decimal(repr(number)).quantize(Decimal(1).scaleb(-RATE_PLACES), ROUND_HALF_UP)


def total(amount: str | pl.Expr) -> pl.Expr:
    """The exact sum of a column of amounts, zero over no rows."""
    return _column(amount).sum().cast(EXACT)


def _column(amount: str | pl.Expr) -> pl.Expr:
    return pl.col(amount) if isinstance(amount, str) else amount
