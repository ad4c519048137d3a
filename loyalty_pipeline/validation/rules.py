"""The rules of a raw table, derived from its contract: one name, one expectation and one sentence each.

A rule names the expectation that checks it, with its arguments, as Great Expectations has them; what no expectation says is a
`condition` in polars, true or null where a row keeps it. A null value keeps every rule but the one that forbids nulls.
"""

import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.validation.column_rules import contract_rules, expected_rules
from loyalty_pipeline.validation.rule import (
    ALL_READ,
    BETWEEN,
    CANDIDATE,
    EXTRACTED_AT,
    FUTURE,
    KEY,
    NO_COLUMN_LOST,
    NO_COLUMN_NEW,
    ONE_VERSION,
    SOURCE_ROWS,
    Rule,
    by_condition,
    flagged,
    reference_rule_name,
    type_rule_name,
    unreadable,
)

TYPES = {
    "Decimal": "an amount with at most 4 decimals",
    "Datetime": "an instant",
    "Date": "a day",
    "Int64": "a whole number",
    "Float64": "a number",
    "Boolean": "yes or no",
}


def rules(contract: type[RawTable], *, has_updated_at: bool = True) -> list[Rule]:
    """All rules of a table, in the order in which a row's reasons are told. A source may not say when a row changed."""
    key = contract.primary_key()
    columns = polars_schema(contract)
    found = [
        *(_type_rule(column, dtype) for column, dtype in columns.items() if dtype != pl.String),
        *contract_rules(contract),
        _future_rule(),
        *(_reference_rule(column, *target) for column, target in references(contract).items()),
        _version_rule(key),
        *expected_rules(contract),
    ]
    kept = [rule for rule in found if has_updated_at or rule.column != "updated_at"]
    return [*kept, *_table_rules(", ".join(key))]


def _type_rule(column: str, dtype: pl.DataType) -> Rule:
    words = f"{column} can be read as {TYPES[str(dtype.base_type())]}"
    return by_condition(type_rule_name(column), column, words, ~pl.col(unreadable(column)))


def _future_rule() -> Rule:
    words, limit = "updated_at is not in the future of the extract", {"max_value": EXTRACTED_AT}
    return Rule(FUTURE, "updated_at", words, BETWEEN, {"column": "updated_at", **limit})


def _reference_rule(column: str, table: str, key: str) -> Rule:
    arguments = {"column": column, "reference": table, "reference_column": key}
    words = f"{column} is the {key} of a row of {table}"
    name = reference_rule_name(column)
    return Rule(name, column, words, "column_values_to_exist_in", arguments, scope="reference")


def _version_rule(key: list[str]) -> Rule:
    arguments = {
        "column": "_hash",
        "key": [*key, "updated_at"],
        "row_condition": flagged(CANDIDATE, answer=True),
    }
    words = "rows of one key and one updated_at say the same"
    agree = "column_values_to_agree_by_key"
    return Rule(ONE_VERSION, ", ".join(key), words, agree, arguments, scope="version")


def _table_rules(key: str) -> list[Rule]:
    """What is true of the table or it is not used at all."""
    count = {"row_count": SOURCE_ROWS}
    dtypes = "table_dtypes_to_match_contract"
    return [
        Rule(
            KEY,
            key,
            "a key and updated_at land once",
            "compound_columns_to_be_unique",
            scope="version",
            tolerance="none",
        ),
        Rule(
            ALL_READ,
            "*",
            "as many rows were read as the source says it has",
            "table_to_reconcile_with_source",
            count,
            scope="table",
            tolerance="its own",
        ),
        Rule(
            NO_COLUMN_LOST,
            "*",
            "every column that was used before is there and of the same kind",
            dtypes,
            {"extra": "allow", "changed": "allow_wider"},
            scope="source",
            tolerance="its own",
        ),
        Rule(
            NO_COLUMN_NEW,
            "*",
            "the source has no column that it did not have before",
            dtypes,
            {"extra": "forbid", "missing": "allow", "changed": "allow"},
            scope="source",
            tolerance="its own",
            severity="warning",
        ),
    ]
