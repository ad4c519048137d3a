"""The words that entries are made of besides the expectations' own, and the schema of both as the package ships it."""

import json
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from loyalty_pipeline.sources.catalogue import RAW_TABLES

Schema = dict[str, Any]

FILE = Path(__file__).with_name("expectations.schema.json")
PREFIX = "expect_"
"""What Great Expectations' names start with; entries may leave it out."""
NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
PARAMETER = "$PARAMETER"
PARAMETERS = {
    "extracted_at": "when the extract was taken",
    "previous_extracted_at": "when the extract before it was taken",
    "business_day": "yesterday in the reporting time zone",
}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
MEMBERSHIPS = ("in", "not_in")
NULLITIES = ("is_null", "is_not_null")


def near(name: object, known: object) -> str:
    """The known name that was probably meant, ready to end a sentence; empty where none is close."""
    found = get_close_matches(str(name), sorted(known), n=1, cutoff=0.5)  # type: ignore[call-overload]
    return f"; did you mean {found[0]}?" if found else ""


def pointer(name: str, **siblings: Any) -> Schema:
    """A reference to one of the definitions."""
    return {**siblings, "$ref": f"#/$defs/{name}"}


@cache
def schema() -> Schema:
    """The schema that the package ships."""
    return dict(json.loads(FILE.read_text("utf-8")))


@cache
def expectations() -> dict[str, Schema]:
    """The schema of an entry of each expectation, by its name without `expect_`."""
    return {name: entry for name, entry in schema()["$defs"].items() if "x-is-about-rows" in entry}


COMMON: dict[str, Schema] = {
    "severity": {
        "description": "critical: rows that break it are set aside, and too many, or a table that breaks it, stop the run. "
        "warning: it is told.",
        "enum": ["critical", "warning"],
        "default": "critical",
    },
    "note": {"description": "Why, in words: what the check says.", "type": "string", "minLength": 1},
    "source_column": {
        "description": "Whether it names columns that the source has and the contract has not.",
        "type": "boolean",
        "default": False,
    },
}
"""What every expectation's entry may say."""

OF_ROWS: dict[str, Schema] = {
    "mostly": {
        "description": "The share of rows that must keep it; by default the setting max_bad_share decides.",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
    },
    "show_values": {
        "description": "Whether samples show values and not only keys; never of personal columns.",
        "type": "boolean",
        "default": False,
    },
}
"""What an entry about rows may say besides."""

KINDS: dict[str, Schema] = {
    "column": {"description": "A column of the table.", "type": "string", "minLength": 1},
    "text_column": {
        "description": "A column of the table that holds text.",
        "type": "string",
        "minLength": 1,
    },
    "table": {"description": "A raw table.", "enum": list(RAW_TABLES)},
    "regex": {
        "description": "A regular expression, in Python's syntax, found anywhere in a value.",
        "type": "string",
    },
    "sql": {"description": "A condition in SQL.", "type": "string", "minLength": 1},
    "age": {
        "description": "A length of time.",
        "type": "string",
        "pattern": "^[0-9]{1,6}[mhdw]$",
        "examples": ["36h", "90m", "7d", "2w"],
    },
    "time_zone": {"description": "IANA name of a time zone.", "type": "string", "minLength": 1},
    "parameter": {
        "description": "Known at each run: "
        + "; ".join(f"{name}, {told}" for name, told in PARAMETERS.items()),
        "type": "object",
        "properties": {PARAMETER: {"enum": list(PARAMETERS)}},
        "required": [PARAMETER],
        "additionalProperties": False,
    },
    "row_condition": {
        "description": "The rows it looks at: one condition, or a list of conditions that must all hold.",
        "anyOf": [pointer("condition"), {"type": "array", "minItems": 1, "items": pointer("condition")}],
    },
    "condition": {
        "description": "A condition on a column.",
        "type": "object",
        "properties": {
            "column": pointer("column"),
            "operator": {"enum": [*COMPARISONS, *MEMBERSHIPS, *NULLITIES]},
            "value": {"description": "What is compared with; a list for in and not_in; none for is_null."},
        },
        "required": ["column", "operator"],
        "additionalProperties": False,
    },
}
"""Kinds of values. What they name is checked against the contracts, which a schema for all tables cannot."""

CHANGE: Schema = {
    "description": "What is changed of the contract's rule of this name.",
    "x-is-change": True,
    "type": "object",
    "properties": {name: pointer(name) for name in ("severity", "mostly", "note")},
    "minProperties": 1,
    "additionalProperties": False,
}
"""An entry without `expect`."""
