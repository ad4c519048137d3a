"""Reference files: benchmarks and targets, which people edit by hand."""

import csv
import math
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Protocol, TypeVar

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.periods import PERIODS

COMMENT = "#"
Line = TypeVar("Line", "Benchmark", "Target")


class TextFile(Protocol):
    """A file, wherever it lies. What reads of places is not imported here: it would count as code of the scorecard."""

    @property
    def name(self) -> str: ...  # noqa: D102
    def read_text(self, encoding: str) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Benchmark:
    """What others reach in one metric: quartiles and median, as far as the source gives them."""

    metric: str
    period: str
    segment_by: str
    segment_value: str
    low: float | None
    median: float | None
    high: float | None
    source: str
    as_of: date


@dataclass(frozen=True)
class Target:
    """What the company wants to reach in one metric, in periods that start on the day or later."""

    metric: str
    period: str
    segment_by: str
    segment_value: str
    target: float
    valid_from: date


def read_lines(path: TextFile, kind: type[Line]) -> tuple[Line, ...]:
    """The lines of a reference file in their order; none where there is no file. Lines that begin with # are comments.

    Raises `DataFault` for a column that is missing, and for a value that is none.
    """
    try:
        text = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as wrong:
        raise _fault(path, "", "expected UTF-8", f"byte {wrong.start}") from None
    kept = [line for line in text if line.strip() and not line.startswith(COMMENT)]
    reader = csv.DictReader(kept)
    wanted = [field.name for field in fields(kind)]
    if missing := [name for name in wanted if name not in (reader.fieldnames or [])]:
        raise _fault(path, ", ".join(missing), "the column is missing", "the heading")
    return tuple(_line(path, kind, row, number) for number, row in enumerate(reader, 1))


def _line(path: TextFile, kind: type[Line], row: dict[str, str], number: int) -> Line:
    values: dict[str, Any] = {}
    for field in fields(kind):
        text = (row[field.name] or "").strip()
        try:
            values[field.name] = _value(field.name, text, is_optional="None" in str(field.type))
        except ValueError as wrong:
            raise _fault(
                path, field.name, f"{wrong}, found {text!r}", f"line {number} of the table"
            ) from None
    return kind(**values)


def _value(name: str, text: str, *, is_optional: bool) -> str | float | date | None:
    if name in ("as_of", "valid_from"):
        return date.fromisoformat(text)
    if name in ("low", "median", "high", "target"):
        return None if is_optional and not text else _number(text)
    if name == "period" and text not in PERIODS:
        message = f"expected one of {', '.join(PERIODS)}"
        raise ValueError(message)
    if not text and name != "source":
        message = "expected a word"
        raise ValueError(message)
    return text


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        message = "expected a number with a point, such as 0.03 for 3 %"
        raise ValueError(message)
    return number


def _fault(path: TextFile, column: str, rule: str, rows: str) -> DataFault:
    return DataFault(
        table=path.name,
        rule=rule,
        column=column,
        rows=rows,
        advice=f"Mend {path}, or take it away: the scorecard then knows none",
    )
