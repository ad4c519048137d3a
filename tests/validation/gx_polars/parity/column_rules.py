"""Arguments of the expectations about the values of one column."""

from typing import Any

import great_expectations.expectations as gxe

from tests.validation.gx_polars.parity.arguments import Arguments
from tests.validation.gx_polars.parity.frames import ALL, MOMENTS, NUMBERS, TEXT

REGEXES = [r"^[A-Z]{2}-\d+$", r"\d", "a|b", "^$", r"\s", "^.$", "é", "(?i)^A$"]

SCHEMAS = [{"type": "object"}, {"required": ["a"]}, {"properties": {"a": {"type": "number"}}}]
ORDERED = (*NUMBERS, *MOMENTS, "price")


def of_any_column(given: Arguments) -> dict[str, Any]:
    """A column of any type."""
    return {"column": given.one(ALL)}


def of_text(given: Arguments) -> dict[str, Any]:
    """A column of texts."""
    return {"column": given.one(TEXT)}


def of_moments_or_numbers(given: Arguments) -> dict[str, Any]:
    """A column whose order may be strict."""
    return {"column": given.one([*NUMBERS, "moment", "instant"]), "strictly": given.truth()}


def of_a_set(given: Arguments) -> dict[str, Any]:
    """A column and a set of its values and others."""
    column = given.one(ALL)
    return {"column": column, "value_set": given.value_set(column)}


def of_bounds(given: Arguments) -> dict[str, Any]:
    """A column and bounds for it."""
    column = given.one(ORDERED)
    return {"column": column, **given.between(column)}


COLUMN_RULES = {
    gxe.ExpectColumnValuesToBeNull: of_any_column,
    gxe.ExpectColumnValuesToNotBeNull: of_any_column,
    gxe.ExpectColumnValuesToBeUnique: of_any_column,
    gxe.ExpectColumnValuesToBeInSet: of_a_set,
    gxe.ExpectColumnValuesToNotBeInSet: of_a_set,
    gxe.ExpectColumnValuesToBeBetween: of_bounds,
    gxe.ExpectColumnValuesToBeIncreasing: of_moments_or_numbers,
    gxe.ExpectColumnValuesToBeDecreasing: of_moments_or_numbers,
    gxe.ExpectColumnValueLengthsToEqual: lambda given: {**of_text(given), "value": given.one([0, 1, 2, 4])},
    gxe.ExpectColumnValueLengthsToBeBetween: lambda given: {**of_text(given), **given.bounds([0, 1, 2, 4])},
    gxe.ExpectColumnValuesToMatchRegex: lambda given: {**of_text(given), "regex": given.one(REGEXES)},
    gxe.ExpectColumnValuesToNotMatchRegex: lambda given: {**of_text(given), "regex": given.one(REGEXES)},
    gxe.ExpectColumnValuesToMatchRegexList: lambda given: {
        **of_text(given),
        "regex_list": [given.one(REGEXES), *given.some(REGEXES)],
        "match_on": given.one(["any", "all"]),
    },
    gxe.ExpectColumnValuesToNotMatchRegexList: lambda given: {
        **of_text(given),
        "regex_list": [given.one(REGEXES), *given.some(REGEXES)],
    },
    gxe.ExpectColumnValuesToMatchStrftimeFormat: lambda given: {
        "column": given.one(["written_day", "text"]),
        "strftime_format": given.one(["%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S"]),
    },
    gxe.ExpectColumnValuesToBeDateutilParseable: lambda given: {"column": given.one(["written_day", "text"])},
    gxe.ExpectColumnValuesToBeJsonParseable: lambda given: {"column": given.one(["payload", "text"])},
    gxe.ExpectColumnValuesToMatchJsonSchema: lambda given: {
        "column": "payload",
        "json_schema": given.one(SCHEMAS),
    },
    gxe.ExpectColumnValueZScoresToBeLessThan: lambda given: {
        "column": given.number(),
        "threshold": given.one([0.4, 0.75, 1.1, 1.96]),
        "double_sided": given.truth(),
    },
}
"""What draws the arguments of each expectation, apart from `mostly` and `row_condition`."""

if hasattr(gxe, "ExpectColumnValuesToNotBeOutliers"):
    COLUMN_RULES[gxe.ExpectColumnValuesToNotBeOutliers] = lambda given: {
        "column": given.number(),
        "method": given.one(["iqr", "std"]),
        "multiplier": given.one([0.4, 0.75, 1.1, 1.5]),
    }
