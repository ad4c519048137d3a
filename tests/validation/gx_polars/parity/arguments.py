"""Arguments of expectations, drawn so that they are about the values of the table at hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from great_expectations.expectations.row_conditions import Column

from tests.validation.gx_polars.parity.frames import COLUMNS, NAN, NUMBERS

CONDITIONS: list[Any] = [
    Column("number") > 2,
    Column("number") != 3,
    Column("number") == 1,
    (Column("number") >= 0) & (Column("other_measure") < 1.5),
    (Column("number") < 0) | (Column("text") == "a"),
    Column("text").is_in(["a", "bb"]),
    Column("text").is_not_in(["a", "🦉"]),
    Column("other_number") <= 3,
    Column("other_text") == "bb",
    Column("measure").is_null(),
    Column("kind").is_not_null(),
    Column("moment") > "2026-01-01T12:00:00",
    (Column("measure").is_not_null()) & (Column("number") > 0),
    Column("number") > 99,
    Column("other_number") != 3,
    Column("other_text").is_not_in(["a"]),
]
"""Of all kinds; the last two compare nulls."""


@dataclass(frozen=True)
class Arguments:
    """Draws the arguments of expectations."""

    random: Random

    def one(self, values: Iterable[Any]) -> Any:
        """One of them."""
        return self.random.choice(list(values))

    def some(self, values: Iterable[Any], *, least: int = 0, most: int = 4) -> list[Any]:
        """Some of them, each once."""
        there = list(values)
        return self.random.sample(there, self.random.randint(least, min(most, len(there))))

    def truth(self) -> bool:
        """Yes or no."""
        return self.random.random() < 1 / 2

    def value_set(self, column: str, *, least: int = 0) -> list[Any]:
        """Values that the column may hold and others, without nulls."""
        _, pool, _ = COLUMNS[column]
        return self.some([*[value for value in pool if value is not NAN], *_others(pool[0])], least=least)

    def between(self, column: str) -> dict[str, Any]:
        """Bounds in the column's type, at least one, in order, strict or not."""
        _, pool, _ = COLUMNS[column]
        return self.bounds([value for value in pool if value is not NAN])

    def bounds(self, values: list[Any]) -> dict[str, Any]:
        """At least one bound, in order, strict or not."""
        low, high = sorted([self.one(values), self.one(values)])
        kept = self.one([("min_value", "max_value"), ("min_value",), ("max_value",)])
        given = {name: {"min_value": low, "max_value": high}[name] for name in kept}
        strict = {"strict_" + name[:3]: self.truth() for name in kept}
        return given | strict

    def number(self) -> str:
        """A column of numbers."""
        return self.one(NUMBERS)


def _others(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return []
    if isinstance(value, Decimal):
        return [Decimal("7.77")]
    if isinstance(value, datetime | date):
        return [value - timedelta(days=400)]
    return ["nowhere"] if isinstance(value, str) else [77, 0.25]
