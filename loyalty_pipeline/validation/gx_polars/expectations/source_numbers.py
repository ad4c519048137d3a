"""What a source says of its table: a row count, a sum, a maximum, and how they compare with the table's."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from loyalty_pipeline.validation.gx_polars.expectations.extremes import MAXIMUM, SUM
from loyalty_pipeline.validation.gx_polars.expectations.instants import instant, iso

Measure = Literal["row_count", "sum", "maximum"]

METRICS = {"row_count": "table.row_count", "sum": SUM, "maximum": MAXIMUM}

FLOAT_TOLERANCE = 1e-9
"""Floats add up to another sum in another order."""


@dataclass(frozen=True)
class Said:
    """One number, text or instant that the source told; `column` is None for the row count."""

    measure: Measure
    column: str | None
    expected: Any

    @property
    def name(self) -> str:
        """As people say it."""
        return f"{self.measure} of {self.column}" if self.column else self.measure

    @property
    def metric(self) -> str:
        """The metric that computes it here."""
        return METRICS[self.measure]

    def agrees(self, observed: Any) -> bool:
        """Whether the table has it too. Raises `ValueError` where it is of another kind than the column's values."""
        expected = 0 if self.expected is None and self.measure == "sum" else self.expected
        if expected is None or observed is None:
            return expected is observed
        try:
            return _comparison(observed)(expected)
        except (ValueError, ArithmeticError) as error:
            message = f"{self.name}: the source's {expected!r} cannot be compared with {observed!r}"
            raise ValueError(message) from error

    def beside(self, observed: Any) -> dict[str, Any]:
        """The two of them, for a result's details."""
        both = {"expected": self.expected, "observed": told(observed)}
        return {"measure": self.measure, "column": self.column} | both


def told(value: Any) -> Any:
    """A value as JSON has it without loss: decimals, dates and instants as text."""
    return str(value) if isinstance(value, Decimal) else iso(value)


def _comparison(observed: Any) -> Callable[[Any], bool]:
    if isinstance(observed, float):
        return lambda expected: math.isclose(
            float(expected), observed, rel_tol=FLOAT_TOLERANCE, abs_tol=FLOAT_TOLERANCE
        )
    if isinstance(observed, int | Decimal):
        return lambda expected: Decimal(str(expected)) == observed
    if isinstance(observed, datetime):
        return lambda expected: instant(str(expected)) == instant(observed)
    if isinstance(observed, date):
        return lambda expected: datetime.fromisoformat(str(expected)).date() == observed
    return lambda expected: str(expected) == str(observed)
