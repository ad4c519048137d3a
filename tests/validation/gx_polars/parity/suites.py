"""A suite with every expectation that is compared, its arguments drawn for one table."""

from random import Random
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation

from tests.validation.gx_polars.parity.arguments import CONDITIONS, Arguments
from tests.validation.gx_polars.parity.column_rules import COLUMN_RULES
from tests.validation.gx_polars.parity.record_rules import RECORD_RULES
from tests.validation.gx_polars.parity.statistics import STATISTICS
from tests.validation.gx_polars.parity.table_rules import TABLE_RULES

BUILDERS: dict[type[Expectation], Any] = {**COLUMN_RULES, **RECORD_RULES, **STATISTICS, **TABLE_RULES}
NOT_COMPARED = {
    "ExpectColumnTypeToBe": "its types are those of the engine",
    "ExpectColumnValuesToBeInTypeList": "its types are those of the engine",
    "ExpectColumnValuesToBeOfType": "its types are those of the engine",
    "ExpectColumnValuesToMatchLikePattern": "the pandas engine does not have it",
    "ExpectColumnValuesToMatchLikePatternList": "the pandas engine does not have it",
    "ExpectColumnValuesToNotMatchLikePattern": "the pandas engine does not have it",
    "ExpectColumnValuesToNotMatchLikePatternList": "the pandas engine does not have it",
    "ExpectMulticolumnValuesToBeUnique": "no engine has it",
    "ExpectQueryResultsToMatchComparison": "only databases have it",
    "ExpectTableRowCountToEqualOtherTable": "the pandas engine does not have it",
    "UnexpectedRowsExpectation": "only databases have it",
}
"""Expectations without a second opinion."""
FORMATS: list[dict[str, Any]] = [
    {"result_format": "BASIC"},
    {"result_format": "SUMMARY", "partial_unexpected_count": 3},
    {"result_format": "SUMMARY", "unexpected_index_column_names": ["number", "text"]},
    {"result_format": "COMPLETE"},
    {"result_format": "COMPLETE", "unexpected_index_column_names": ["number"]},
]


def random_suite(random: Random) -> list[Expectation]:
    """Each expectation once, and a second time where its metrics are few."""
    given = Arguments(random)
    # One condition a table: expectations on the same rows share metrics, as in real suites.
    conditions = [None, None, given.one(CONDITIONS)]
    return [_built(given, kind, conditions) for kind in [*BUILDERS, *STATISTICS, *TABLE_RULES]]


def _built(given: Arguments, kind: type[Expectation], conditions: list[Any]) -> Expectation:
    arguments = BUILDERS[kind](given)
    if "mostly" in kind.__fields__:
        arguments["mostly"] = given.one([1, 1, 0.9, 0.5, 0])
    if "row_condition" in kind.__fields__:
        arguments["row_condition"] = given.one(conditions)
    return kind(**{name: value for name, value in arguments.items() if value is not None})


def core_expectations() -> set[type[Expectation]]:
    """Every expectation that Great Expectations ships."""
    shipped = {getattr(gxe, name) for name in dir(gxe) if name.startswith(("Expect", "Unexpected"))}
    return shipped - {Expectation}
