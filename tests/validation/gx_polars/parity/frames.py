"""Random small tables with columns of every type that a source table has."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import polars as pl

MIDNIGHT = datetime(2026, 1, 1)  # noqa: DTZ001 - a column without a time zone is the point
TEXTS = ["a", "bb", "AB-1", "AB-22", "", " ", " x", "zoë", "🦉", "a%b", "a_b", "A"]
JSON = ['{"a": 1}', '{"a": "x"}', "[1, 2]", "12", "nul", "{"]
DAYS = ["2026-01-15", "2026-01-32", "15/01/2026", "2026-01-15T10:00:00", "yesterday"]
NAN = float("nan")

COLUMNS: dict[str, tuple[pl.DataType, list[Any], bool]] = {
    "number": (pl.Int64(), list(range(-2, 7)), False),
    "other_number": (pl.Int64(), list(range(-2, 7)), True),
    "measure": (pl.Float64(), [-3.0, -1.25, 0.0, 0.5, 1.5, 2.5, 100.0], True),
    "other_measure": (pl.Float64(), [-3.0, -1.25, 0.0, 0.5, 1.5, 2.5], False),
    "reading": (pl.Float64(), [0.5, 1.5, NAN], True),
    "text": (pl.String(), TEXTS, False),
    "other_text": (pl.String(), TEXTS[:4], True),
    "payload": (pl.String(), JSON, True),
    "written_day": (pl.String(), DAYS, True),
    "day": (pl.Date(), [date(2026, 1, 1) + timedelta(days=n) for n in range(5)], True),
    "moment": (pl.Datetime("us"), [MIDNIGHT + timedelta(hours=9 * n) for n in range(5)], True),
    "other_moment": (pl.Datetime("us"), [MIDNIGHT + timedelta(hours=9 * n) for n in range(5)], True),
    "instant": (
        pl.Datetime("us", "UTC"),
        [(MIDNIGHT + timedelta(hours=9 * n)).replace(tzinfo=UTC) for n in range(5)],
        True,
    ),
    "flag": (pl.Boolean(), [True, False], True),
    "certain_flag": (pl.Boolean(), [True, False], False),
    "price": (
        pl.Decimal(10, 2),
        [Decimal("0.10"), Decimal("0.20"), Decimal("19.99"), Decimal("-5.00")],
        True,
    ),
    "kind": (pl.Categorical(), ["new", "old", "gone"], True),
}
"""A column's type, the values that it is drawn from, and whether it may hold nulls."""

NUMBERS = ("number", "other_number", "measure", "other_measure")
TEXT = ("text", "other_text")
MOMENTS = ("day", "moment", "instant")
ALL = tuple(COLUMNS)
PAIRS = (
    ("number", "other_number"),
    ("measure", "other_measure"),
    ("other_measure", "number"),
    ("text", "other_text"),
    ("moment", "other_moment"),
)
"""Columns whose values can be compared with each other."""


HEIGHTS = [0, 1, 2, 3, 5, 8, 13, 21, 30]
SHARES_OF_NULLS = [0, 0.1, 0.3, 0.9, 1]


def random_frame(random: Random) -> pl.DataFrame:
    """A table of up to 30 rows; a column that may hold nulls has none, some, or nothing else."""
    height = random.choice(HEIGHTS)
    return pl.DataFrame(
        {name: _values(random, name, height) for name in COLUMNS},
        schema={name: dtype for name, (dtype, _, _) in COLUMNS.items()},
    )


def _values(random: Random, name: str, height: int) -> list[Any]:
    _, pool, may_be_null = COLUMNS[name]
    few = random.choice([pool, pool[: max(2, len(pool) // 2)]])
    share = random.choice(SHARES_OF_NULLS) if may_be_null else 0
    return [None if random.random() < share else random.choice(few) for _ in range(height)]
