"""What a driver hands over, as columns of the type that was declared, or as text where a value does not fit it."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import singledispatch
from typing import Any

import pyarrow as pa

DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
NOTHING = type(None)
TEXT = pa.string()
INSTANT = pa.timestamp("us")
UTC_INSTANT = pa.timestamp("us", "UTC")


class Misfit(Exception):
    """A value has no place in the type that its column is declared as."""


def as_declared(values: Sequence[Any], form: pa.DataType) -> pa.Array:
    """The values as the type, exactly. Raises `Misfit` where one is of another type, or would lose something."""
    given = set(map(type, values)) - {NOTHING}
    try:
        for belongs, read in READERS:
            if belongs(form):
                return read(values, given, form)
    except (ArithmeticError, TypeError, ValueError, pa.ArrowNotImplementedError) as error:
        raise Misfit from error
    return as_text(values)


def as_text(values: Sequence[Any]) -> pa.Array:
    """The values as text: numbers by their shortest decimal, bytes as SQL writes them (`X'00FF'`), the rest as ISO."""
    given = set(map(type, values)) - {NOTHING}
    if given <= {str}:
        return pa.array(values, TEXT)
    if given == {int} and (texts := _numerals(values, given)) is not None:
        return texts
    return pa.array([None if value is None else written(value) for value in values], TEXT)


@singledispatch
def written(value: Any) -> str:
    """One value as text."""
    return str(value)


@written.register
def _(value: bool) -> str:  # noqa: FBT001
    return str(value).lower()


@written.register
def _(value: float | Decimal) -> str:
    # A float's `repr` is its shortest text; the exponent in it is what readers of money do not take.
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return format(exact, "f") if exact.is_finite() else str(value)


@written.register
def _(value: timedelta) -> str:
    sign, whole = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(whole.days * 86_400 + whole.seconds, 60)
    fraction = f".{whole.microseconds:06}" if whole.microseconds else ""
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


@written.register
def _(value: bytes | bytearray | memoryview) -> str:
    return f"X'{bytes(value).hex().upper()}'"


@written.register
def _(value: datetime) -> str:
    return value.isoformat(sep=" ")


@written.register
def _(value: dict | list) -> str:  # type: ignore[type-arg]
    return json.dumps(value, ensure_ascii=False, default=written)


def _only(given: set[type], *taken: type) -> None:
    if not given <= set(taken):
        raise Misfit


def _flags(values: Sequence[Any], given: set[type], form: pa.DataType) -> pa.Array:
    _only(given, bool, int)
    _known(values)
    return pa.array([None if value is None else bool(value) for value in values], form)


def _known(values: Sequence[Any]) -> None:
    if not set(values) <= {0, 1, None}:
        raise Misfit


def _integers(values: Sequence[Any], given: set[type], form: pa.DataType) -> pa.Array:
    _only(given, int)
    return pa.array(values, form)


def _decimals(values: Sequence[Any], given: set[type], form: pa.DataType) -> pa.Array:
    _only(given, int, float, Decimal, str)
    if str in given and not all(DECIMAL.fullmatch(value) for value in values if isinstance(value, str)):
        raise Misfit
    if given <= {Decimal}:
        return pa.array(values, form)
    if given <= {int, float} and (texts := _numerals(values, given)) is not None:
        return texts.cast(form)
    return pa.array([None if value is None else Decimal(str(value)) for value in values], form)


def _numerals(values: Sequence[Any], given: set[type]) -> pa.Array | None:
    # Arrow writes a float by its shortest text, as `repr` does, many times faster. Some whole numbers are no float.
    with suppress(ArithmeticError, pa.ArrowInvalid):
        return pa.array(values, pa.float64() if float in given else pa.int64()).cast(TEXT)
    return None


def _floats(values: Sequence[Any], given: set[type], form: pa.DataType) -> pa.Array:
    _only(given, float, int)
    return pa.array(values, form)


def _instants(values: Sequence[Any], given: set[type], form: pa.DataType) -> pa.Array:
    if given <= {str}:
        return pa.array(values, TEXT).cast(form)
    _only(given, datetime)
    zoned = {value.tzinfo is not None for value in values if value is not None}
    if zoned - {form.tz is not None}:
        raise Misfit
    return pa.array(values, form)


def _days(values: Sequence[Any], given: set[type], form: pa.DataType) -> pa.Array:
    if given <= {str}:
        return pa.array(values, TEXT).cast(form)
    _only(given, date)
    return pa.array(values, form)


def _bytes(values: Sequence[Any], given: set[type], form: pa.DataType) -> pa.Array:
    _only(given, bytes, bytearray, memoryview)
    return pa.array([None if value is None else bytes(value) for value in values], form)


READERS = (
    (pa.types.is_boolean, _flags),
    (pa.types.is_integer, _integers),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_floating, _floats),
    (pa.types.is_timestamp, _instants),
    (pa.types.is_date, _days),
    (pa.types.is_binary, _bytes),
)
