"""Calendar arithmetic of the simulation, on whole seconds since 1970 in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]

HOUR = 3_600
DAY = 86_400
NEVER = np.int64(2**60)


def seconds(day: date) -> int:
    """Midnight of a date."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def month_start(month: Ints) -> Ints:
    """Midnight of the first of months that are counted from January 1970."""
    return month.astype("M8[M]").astype("M8[s]").astype(np.int64)


def month_of(at: Ints) -> Ints:
    """The calendar month, counted from January 1970, that holds each instant."""
    return (at // DAY).astype("M8[D]").astype("M8[M]").astype(np.int64)


def on_anchor(month: Ints, day: Ints, second: Ints) -> Ints:
    """The instant on day `day` (0 is the first) of a month, or on its last day where the month is shorter."""
    first = month_start(month)
    last = month_start(month + 1) - DAY
    at: Ints = np.minimum(first + day * DAY, last) + second
    return at


def add_months(at: Ints, months: Ints | int) -> Ints:
    """Step calendar months; the day clamps to the end of a shorter month, the time of day stays."""
    month = month_of(at)
    day = (at - month_start(month)) // DAY
    return on_anchor(month + months, day, at % DAY)


@dataclass(frozen=True)
class Horizon:
    """The company's recorded life: `months` calendar months, of which the last is cut at the as-of."""

    end: int
    months: int

    @property
    def first_month(self) -> int:
        """The first month, counted from January 1970."""
        return int(month_of(np.array([self.end - 1]))[0]) - self.months + 1

    @property
    def start(self) -> int:
        """Midnight of the first day of the first month."""
        return int(self.bounds[0])

    @property
    def bounds(self) -> Ints:
        """The opening of the first month and the closing of each."""
        return np.minimum(month_start(self.first_month + np.arange(self.months + 1)), self.end)


def pick(columns: Columns, rows: Ints | Bools) -> Columns:
    """The same rows of every column."""
    return {name: column[rows] for name, column in columns.items()}


def stack(parts: list[Columns]) -> Columns:
    """Columns of several parts, one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
