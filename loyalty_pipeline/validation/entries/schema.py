"""Writes the schema of `expectations/<table>.yaml`, for editors and for the check of the entries.

    python -m loyalty_pipeline.validation.entries.schema [file]

It is made of Great Expectations' own classes and this project's. Reading what is written imports neither.
"""

import inspect
import json
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from loyalty_pipeline.validation.entries.arguments import BOUNDS, NEEDED, argument_schema
from loyalty_pipeline.validation.entries.vocabulary import (
    CHANGE,
    COMMON,
    FILE,
    KINDS,
    NAME,
    OF_ROWS,
    PREFIX,
    Schema,
    pointer,
)

UNIQUENESS = {"column_values_to_be_unique", "compound_columns_to_be_unique"}
"""A key is unique or it is not: they take no `mostly`."""
NOT_ASKED = {"library_metadata", "allow_relative_error", "mostly", "row_condition", "condition_parser"}
INHERITED = {"rows_to_satisfy": {"column_list", "ignore_row_if"}}
"""Fields that are there for the class that an expectation stands on."""
OF_ONE_TYPE = {"column_values_to_be_of_type", "column_values_to_be_in_type_list"}
"""A column of polars has one type, so they tell nothing of single rows."""
DERIVED = dict.fromkeys(
    ("table_dtypes_to_match_contract", "table_to_reconcile_with_source"), "every table is held to it already"
)
"""Expectations that entries need not name, and why."""
ALONE = {"table_row_count_to_equal_other_table": "one table is validated at a time"}


def generated() -> Schema:
    """The schema as the installed Great Expectations has it."""
    found = {name: _entry(name, kind) for name, kind in offered().items()}
    names = [*found, *(PREFIX + name for name in found)]
    chosen = [
        {"if": {"properties": {"expect": {"enum": [name, PREFIX + name]}}}, "then": pointer(name)}
        for name in found
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "expectations/<table>.yaml",
        "description": "What is expected of a raw table beyond its contract: entries by name, one check each.",
        "type": ["object", "null"],
        "propertyNames": {"pattern": NAME},
        "additionalProperties": pointer("entry"),
        "x-not-offered": not_offered(),
        "$defs": {
            "entry": {
                "type": "object",
                "if": {"required": ["expect"]},
                "then": {"properties": {"expect": {"enum": names}}, "allOf": chosen},
                "else": pointer("change"),
            },
            "change": CHANGE,
            **COMMON,
            **OF_ROWS,
            **KINDS,
            **found,
        },
    }


@cache
def not_offered() -> dict[str, str]:
    """The expectations that an entry cannot name, and why: polars cannot judge them, or every table is held to them."""
    support = import_module("loyalty_pipeline.validation.gx_polars.support")
    reasons = {found.name: found.reason for found in support.supported() if not found.is_supported}
    return {name.removeprefix(PREFIX): reason for name, reason in reasons.items()} | DERIVED | ALONE


def offered() -> dict[str, Any]:
    """The classes of the others, by their names without `expect_`."""
    refused = not_offered()
    registry = import_module("great_expectations.expectations.registry")
    names = sorted(registry.list_registered_expectation_implementations())
    kinds = {name.removeprefix(PREFIX): registry.get_expectation_impl(name) for name in names}
    return {name: kind for name, kind in kinds.items() if name not in refused}


def _entry(name: str, kind: Any) -> Schema:
    made = kind.schema()
    is_about_rows = bool(getattr(kind, "map_metric", None)) and name not in OF_ONE_TYPE
    fields = _arguments_of(kind) - INHERITED.get(name, set())
    documented = _documented(kind)
    arguments = {
        argument: argument_schema(
            name, argument, {"description": documented.get(argument, "")} | given, made.get("definitions", {})
        )
        for argument, given in made["properties"].items()
        if argument in fields
    }
    common = [*COMMON, *(OF_ROWS if is_about_rows else ())]
    if "row_condition" in kind.__fields__ and not name.startswith("table_column"):
        common.append("row_condition")
    if name in UNIQUENESS:
        common.remove("mostly")
    required = [argument for argument in arguments if kind.__fields__[argument].required]
    bounds = [{"required": [bound]} for bound in BOUNDS if name.endswith("be_between") and bound in arguments]
    return {
        "description": _told(made, kind),
        "x-is-about-rows": is_about_rows,
        "type": "object",
        "properties": {
            "expect": {"type": "string"},
            **arguments,
            **{field: pointer(field) for field in common},
        },
        "required": ["expect", *required, *NEEDED.get(name, [])],
        **({"anyOf": bounds} if bounds else {}),
        "additionalProperties": False,
    }


def _arguments_of(kind: Any) -> set[str]:
    """What the expectation asks for, without what every expectation has."""
    of_all = import_module("great_expectations.expectations.expectation").BatchExpectation
    return set(kind.__fields__) - set(of_all.__fields__) - NOT_ASKED


def _told(made: Schema, kind: Any) -> str:
    about = made["properties"].get("metadata", {}).get("properties", {})
    told = about.get("short_description", {}).get("const") or (inspect.getdoc(kind) or "").split("\n\n")[0]
    return " ".join(told.split())


def _documented(kind: Any) -> dict[str, str]:
    """What the docstring says of each argument."""
    found: dict[str, str] = {}
    for line in (inspect.getdoc(kind) or "").partition("\nArgs:\n")[2].partition("\n\n")[0].splitlines():
        names, colon, told = line.strip().partition(": ")
        if re.match(r"    \S", line) and colon:
            found |= {name.partition("(")[0].strip(): told for name in names.split(",")}
        elif found:
            found[[*found][-1]] += " " + line.strip()
    return found


def main(arguments: list[str]) -> None:
    """Write it to the named file, or to its place in the package."""
    text = json.dumps(generated(), indent=1, ensure_ascii=False) + "\n"
    (Path(arguments[0]) if arguments else FILE).write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
