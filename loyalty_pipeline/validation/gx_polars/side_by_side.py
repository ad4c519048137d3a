"""Columns side by side: as the values of several columns are compared with each other."""

import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.expectations.comparable import comparable
from loyalty_pipeline.validation.gx_polars.literals import TEXT

Sides = tuple[pl.Expr, pl.Expr]


def side_by_side(domain: Domain, left: str, right: str) -> Sides:
    """Two columns in a type in which their values can be compared. Raises `TypeError` where there is none."""
    sides = alike(domain, left, right)
    if sides is None:
        schema = domain.data.schema
        message = f'the columns "{left}" ({schema[left]}) and "{right}" ({schema[right]}) cannot be compared'
        raise TypeError(message)
    return sides


def alike(domain: Domain, left: str, right: str) -> Sides | None:
    """The same; None where no value of the one can be equal to one of the other, as with text and numbers."""
    first, second = domain.data.schema[left], domain.data.schema[right]
    if first in TEXT and second in TEXT:
        return pl.col(left).cast(pl.String), pl.col(right).cast(pl.String)
    common = comparable(first, second)
    if common is not None:
        return pl.col(left).cast(common), pl.col(right).cast(common)
    days = (pl.Date(), pl.Datetime)
    are_days = all(dtype in days and getattr(dtype, "time_zone", None) is None for dtype in (first, second))
    if are_days or (first.is_numeric() and second.is_numeric()):
        return pl.col(left), pl.col(right)
    return None


def is_number(domain: Domain, *columns: str) -> pl.Expr:
    """Whether none of the values is NaN."""
    floats = [name for name in columns if domain.data.schema[name].is_float()]
    return pl.all_horizontal([pl.lit(value=True), *(pl.col(name).is_not_nan() for name in floats)])
