"""What Great Expectations said of a rule, read for what the pipeline tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LONGEST = 60
"""A sample of a value is no longer."""


@dataclass(frozen=True)
class Told:
    """What Great Expectations said of one rule. `configuration` has the values of its parameters."""

    found: Mapping[str, Any] = field(default_factory=dict)
    is_success: bool = False
    configuration: Any = None
    error: str = ""


def error_of(told: Mapping[str, Any]) -> str:
    """Why an expectation could not be evaluated, in the words of the first of its metrics that failed."""
    infos = (
        [told]
        if "raised_exception" in told
        else [info for info in told.values() if isinstance(info, Mapping)]
    )
    messages = [str(info["exception_message"]) for info in infos if info.get("raised_exception")]
    return messages[0].strip() if messages else ""


def observed_of(found: Mapping[str, Any]) -> str:
    """What a rule about the table found, with the details that are not empty."""
    details = {
        name: fact for name, fact in (found.get("details") or {}).items() if fact not in (None, [], {})
    }
    told = [str(found[name]) for name in ("observed_value",) if found.get(name) is not None]
    return "; ".join([*told, *(f"{name}: {fact}" for name, fact in details.items())])


def keys_of(found: Mapping[str, Any], key: Sequence[str]) -> list[str]:
    """The keys of some rows that break a rule, as text; rows without a whole key are left out."""
    rows = found.get("partial_unexpected_index_list") or []
    keys = [[row[name] for name in key] for row in rows if isinstance(row, Mapping)] if key else []
    return [", ".join(map(str, values)) for values in keys if None not in values]


def values_of(found: Mapping[str, Any]) -> list[str]:
    """Some values that break a rule, each as the beginning of its text."""
    return [str(value)[:LONGEST] for value in found.get("partial_unexpected_list") or []]
