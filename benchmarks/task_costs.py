"""What a task of each table costs as a function of what it reads and writes, fitted to measured tasks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls

Record = Mapping[str, Any]
SHORT = 0.004
"""Seconds below which a task's error counts no more than that of one of so many."""


@dataclass(frozen=True)
class Cost:
    """Seconds of a task: so many at least, and so many for each row and file read and each row written."""

    fixed: float
    row_read: float
    row_written: float
    file: float

    def of(self, rows_read: float, rows_written: float, files: float) -> float:
        """Seconds of one task."""
        return self.fixed + self.row_read * rows_read + self.row_written * rows_written + self.file * files


def fitted(records: Iterable[Record]) -> dict[str, Cost]:
    """Table -> what its tasks cost. No part is below zero; short tasks weigh no less than long ones, which they outnumber."""
    by_table: dict[str, list[Record]] = {}
    for record in records:
        by_table.setdefault(record["table"], []).append(record)
    return {table: _fit(found) for table, found in by_table.items()}


def _fit(records: Sequence[Record]) -> Cost:
    told = [(1.0, r["rows_read"], r["rows_written"], r["files_read"] + r["files_written"]) for r in records]
    took = np.array([r["cpu"] for r in records], dtype=float)
    weight = 1 / np.sqrt(np.maximum(took, SHORT))
    known = np.array(told, dtype=float) * weight[:, None]
    scale = np.maximum(np.abs(known).max(axis=0), 1e-12)
    found, _ = nnls(known / scale, took * weight)
    return Cost(*(float(one) for one in found / scale))


def linear(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Intercept and slope of a line that never falls and begins at zero or above: how rows grow with customers."""
    found = list(points)
    known = np.array([(1.0, x) for x, _ in found], dtype=float)
    scale = np.maximum(known.max(axis=0), 1e-12)
    solution, _ = nnls(known / scale, np.array([y for _, y in found], dtype=float))
    intercept, slope = solution / scale
    return float(intercept), float(slope)
