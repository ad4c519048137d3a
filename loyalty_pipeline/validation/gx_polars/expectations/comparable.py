"""The type in which the values of two columns can be compared without losing anything."""

import polars as pl

TEXT = (pl.String, pl.Categorical, pl.Enum)


def comparable(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    """The common type; None: there is none, such as for text and numbers, or for whole numbers and floats."""
    if right in (left, pl.Null):
        return left
    if left == pl.Null:
        return right
    if left in TEXT and right in TEXT:
        return pl.String()
    if left.is_float() and right.is_float():
        return pl.Float64()
    if isinstance(left, pl.Datetime) and isinstance(right, pl.Datetime):
        return _instant(left, right)
    return _exact(left, right)


def _exact(left: pl.DataType, right: pl.DataType) -> pl.DataType | None:
    """Of whole numbers and decimals. A value that does not fit is an error when it is cast."""
    scales = [dtype.scale for dtype in (left, right) if isinstance(dtype, pl.Decimal)]
    if not all(dtype.is_integer() or dtype.is_decimal() for dtype in (left, right)):
        return None
    return pl.Decimal(38, max(scales)) if scales else pl.Int128()


def _instant(left: pl.Datetime, right: pl.Datetime) -> pl.DataType | None:
    """Of instants with instants and clock readings with clock readings. Nanoseconds reach only the year 2262."""
    units = {left.time_unit, right.time_unit}
    if (left.time_zone is None) != (right.time_zone is None) or units > {"ns"}:
        return None
    return pl.Datetime(min(units, key=["ns", "us", "ms"].index), "UTC" if left.time_zone else None)
