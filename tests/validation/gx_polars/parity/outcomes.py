"""What is compared of a validation result, freed of how each engine writes a value."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

NOT_COMPARED = {"unexpected_index_query"}
"""Code of the engine's own language."""
UNORDERED = {"partial_unexpected_counts", "partial_missing_list", "partial_missing_counts", "value_counts"}


@dataclass(frozen=True)
class Outcome:
    """Whether the expectation is met, and the rest of its result; or the error instead of both."""

    success: bool | None
    result: dict[str, Any]
    error: str | None = None

    def differences(self, other: "Outcome") -> list[str]:
        """The parts that differ, `success` and `error` among them. Errors need not agree in their words."""
        if self.error or other.error:
            return [] if self.error and other.error else ["error"]
        keys = sorted(self.result.keys() | other.result.keys())
        parts = [
            key for key in keys if not same(self.result.get(key, "absent"), other.result.get(key, "absent"))
        ]
        return parts if self.success == other.success else ["success", *parts]


def outcome(result: Any) -> Outcome:
    """What is compared of a validation result."""
    if error := _error(result.exception_info):
        return Outcome(None, {}, error)
    compared = {name: value for name, value in result.result.items() if name not in NOT_COMPARED}
    return Outcome(bool(result.success), {name: _part(name, value) for name, value in compared.items()})


def _error(told: dict[str, Any]) -> str | None:
    infos = [told] if "raised_exception" in told else list(told.values())
    raised = [str(info["exception_message"]) for info in infos if info["raised_exception"]]
    return raised[0] if raised else None


def _part(name: str, value: Any) -> Any:
    plain = freed(value)
    a_set = name == "observed_value" and isinstance(plain, list)
    if name == "details" and isinstance(plain, dict):
        return {part: _part(part, within) for part, within in plain.items()}
    return sorted(plain, key=repr) if a_set or (name in UNORDERED and isinstance(plain, list)) else plain


def freed(value: Any) -> Any:  # noqa: PLR0911 - one line a type
    """A value as plain Python has it: missing is None, a number is a float, a moment is UTC or has no zone."""
    if isinstance(value, dict):
        return {key: freed(within) for key, within in value.items()}
    if isinstance(value, list | tuple | set | np.ndarray):
        return [freed(within) for within in value]
    if isinstance(value, pd.DataFrame):
        return freed(value.to_dict("records"))
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | Decimal | np.number):
        return None if math.isnan(value) else float(value)
    return _moment(value) if isinstance(value, date | np.datetime64) else value


def _moment(value: Any) -> datetime | None:
    moment = pd.Timestamp(value)
    if moment is pd.NaT:
        return None
    return moment.to_pydatetime().astimezone(UTC) if moment.tzinfo else moment.to_pydatetime()


def same(left: Any, right: Any) -> bool:
    """Whether two freed values are the same, numbers to nine digits."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    return type(left) is type(right) and left == right
