"""Literals: a suite's values (JSON knows text, numbers, booleans) beside the values of a column.

Nothing is rounded on the way: whole numbers stay whole beyond 2^53, decimals decimal, and a value that the column's
type cannot hold (2.5 among whole numbers, a label that an Enum lacks) is equal to none of its values. A value of another
kind, such as text for numbers, raises `TypeError` instead of never being equal.
"""

from collections.abc import Iterable
from decimal import Context, Decimal, InvalidOperation
from math import isfinite, isnan
from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.moments import moment

COMPARISONS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
TEXT = (pl.String, pl.Categorical, pl.Enum)
NUMBERS = (int, float, Decimal)
DIGITS = 38
"""Decimals have no more."""


def literal(value: Any, dtype: pl.DataType) -> pl.Expr:
    """A value in the column's type if it can hold it, else in its own. Raises `TypeError` where it is of another kind."""
    if value is None:
        return pl.lit(None, dtype=dtype)
    known = plain(value, dtype)
    return _own(known).cast(dtype) if _is_held(known, dtype) else _own(known)


def compared(column: pl.Expr, operator: str, value: Any, dtype: pl.DataType) -> pl.Expr:
    """Whether a column's values are `==`, `!=`, `<`, `<=`, `>` or `>=` to a value; null where either is null.

    Labels are compared by their text. NaN is equal to NaN, and neither less nor greater than anything.
    """
    if value is None:
        return pl.lit(None, dtype=pl.Boolean)
    if operator in {"==", "!="}:
        found = column.is_in(members([value], dtype))
        return found if operator == "==" else ~found
    known = plain(value, dtype)
    if _is_nan(known):
        return column.is_null() & column.is_not_null()
    right = literal(known, pl.String() if dtype in TEXT else dtype)
    outcome: pl.Expr = getattr(ordered(column, dtype), COMPARISONS[operator])(right)
    return outcome & column.is_not_nan() if dtype.is_float() else outcome


def ordered(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as its values are ordered: labels by their text, and milliseconds so that finer moments keep apart."""
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ms":
        return column.cast(pl.Datetime("us", dtype.time_zone))
    if isinstance(dtype, pl.Duration) and dtype.time_unit == "ms":
        return column.cast(pl.Duration("us"))
    return column


def members(values: Iterable[Any], dtype: pl.DataType) -> pl.Series:
    """A set of values in the column's type, as `is_in` takes it, without nulls and without what the type cannot hold."""
    there = [plain(value, dtype) for value in values if value is not None]
    return _held(there, dtype).implode()


def plain(value: Any, dtype: pl.DataType) -> Any:
    """A value as Python has the column's values. Raises `TypeError` for another kind, `ValueError` for unreadable text."""
    if dtype.is_temporal():
        return moment(value, dtype)
    if isinstance(dtype, pl.Decimal) and isinstance(value, str | float):
        return _decimal(value)
    for is_of_kind, types in _kinds(dtype):
        if is_of_kind and (not isinstance(value, types) or (isinstance(value, bool) and types is NUMBERS)):
            message = f"a {dtype} column cannot be compared with {value!r}, a {type(value).__name__}"
            raise TypeError(message)
    return value


def _kinds(dtype: pl.DataType) -> list[tuple[bool, Any]]:
    return [
        (dtype.is_numeric(), NUMBERS),
        (dtype in TEXT, str),
        (dtype == pl.Boolean, bool),
        (dtype == pl.Binary, bytes),
    ]


def _decimal(value: str | float) -> Decimal | float:
    """Infinity and NaN stay floats: decimals have none."""
    try:
        found = Decimal(value) if isinstance(value, str) else Decimal(repr(value))
    except InvalidOperation:
        message = f"a decimal column cannot be compared with the text {value!r}"
        raise TypeError(message) from None
    return found if found.is_finite() else float(found)


def _own(value: Any) -> pl.Expr:
    """A value in its own type. What is beyond the widest type is infinite beside all that there is."""
    if isinstance(value, Decimal) and not _fits(value, DIGITS, DIGITS):
        return pl.lit(float(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return (
            pl.lit(value, dtype=pl.Int128)
            if abs(value) < 2**127
            else pl.lit(float("inf") * (1 if value > 0 else -1))
        )
    return pl.lit(value)


def _is_held(value: Any, dtype: pl.DataType) -> bool:
    return len(_held([value], dtype)) == 1


def _held(values: list[Any], dtype: pl.DataType) -> pl.Series:
    """Those of the values that the type can hold, in the type."""
    if dtype.is_integer():
        whole = [int(value) for value in values if isfinite(value) and value == int(value)]
        there = pl.Series([value for value in whole if abs(value) < 2**127], dtype=pl.Int128)
        return there.cast(dtype, strict=False).drop_nulls()
    if isinstance(dtype, pl.Decimal):
        exact = [Decimal(value) for value in values if isfinite(value)]
        return pl.Series(
            [value for value in exact if _fits(value, dtype.precision, dtype.scale)], dtype=dtype
        )
    if isinstance(dtype, pl.Enum):
        return pl.Series([value for value in values if value in set(dtype.categories)], dtype=dtype)
    if dtype.is_temporal():
        return _held_moments(values, dtype)
    if dtype == pl.Null:
        return pl.Series([], dtype=dtype)
    return pl.Series([float(value) for value in values] if dtype.is_float() else values, dtype=dtype)


def _held_moments(values: list[Any], dtype: pl.DataType) -> pl.Series:
    kind = "date" if dtype == pl.Date else "time" if dtype == pl.Time else None
    there = [value for value in values if kind is None or type(value).__name__ == kind]
    made = pl.Series(there, dtype=_finest(dtype))
    cast = made.cast(dtype, strict=False)
    return cast.filter(cast.cast(made.dtype, strict=False) == made)


def _finest(dtype: pl.DataType) -> pl.DataType:
    """Microseconds, as Python has them."""
    if isinstance(dtype, pl.Datetime):
        return pl.Datetime("us", dtype.time_zone)
    return pl.Duration("us") if isinstance(dtype, pl.Duration) else dtype


def _fits(value: Decimal, precision: int | None, scale: int) -> bool:
    """Whether so many digits, so many of them after the point, hold the value exactly."""
    digits = value.normalize(Context(prec=999)).as_tuple()
    behind = max(0, -int(digits.exponent))
    before = max(0, len(digits.digits) + int(digits.exponent))
    return behind <= scale and before <= (precision or DIGITS) - (scale if scale < DIGITS else behind)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and isnan(value)
