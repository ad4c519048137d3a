"""Moments: a suite's dates, times and durations, which JSON has as text only."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import polars as pl
from dateutil import parser
from great_expectations.compatibility import pydantic

T = TypeVar("T")
MIDNIGHT = time()
FILLED_IN = (datetime(1, 1, 1), datetime(4, 2, 2))  # noqa: DTZ001 - only to see which parts a text leaves out


def moment(value: Any, dtype: pl.DataType) -> date | datetime | time | timedelta:
    """A value as Python has the values of a temporal type.

    A text without an offset is a clock reading of the column's zone; an instant beside a column without a zone is
    taken in UTC. A `datetime` beside a column of dates stays one, unless it is midnight. Raises `TypeError` for numbers and
    the like, `ValueError` for text that is no such moment or leaves out a part of the date.
    """
    if isinstance(dtype, pl.Datetime):
        return _instant(_datetime(value, dtype), dtype.time_zone)
    if dtype == pl.Date:
        found = _instant(_datetime(value, dtype), None)
        return found.date() if found.time() == MIDNIGHT else found
    if dtype == pl.Time:
        return time.fromisoformat(value) if isinstance(value, str) else _of(time, value, dtype)
    return _duration(value) if isinstance(value, str) else _of(timedelta, value, dtype)


def _datetime(value: Any, dtype: pl.DataType) -> datetime:
    if isinstance(value, str):
        return _read(value)
    if type(value) is date:
        return datetime.combine(value, MIDNIGHT)
    return _of(datetime, value, dtype)


def _instant(value: datetime, zone: str | None) -> datetime:
    if zone is None:
        return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return value.replace(tzinfo=ZoneInfo(zone)) if value.tzinfo is None else value


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        first: datetime = parser.parse(text, default=FILLED_IN[0])
        second = parser.parse(text, default=FILLED_IN[1])
    if first != second:
        message = f"{text!r} does not say which day it is"
        raise ValueError(message)
    return first


def _duration(text: str) -> timedelta:
    """As Python, pandas and ISO 8601 write it."""
    return pydantic.parse_obj_as(timedelta, text)


def _of(kind: type[T], value: Any, dtype: pl.DataType) -> T:
    if isinstance(value, kind):
        return value
    message = f"a {dtype} column cannot be compared with {value!r}, a {type(value).__name__}"
    raise TypeError(message)
