"""The rules of a raw table, derived from its contract: one name, one condition and one sentence each.

A rule's condition is true where a row keeps it; a null value keeps every rule but the one that forbids nulls. What a
row alone cannot answer (is the key unique, is the customer there) is a rule too, whose verdict landing gives.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.sources.raw import RawTable

Severity = Literal["critical", "warning"]

ONE_VERSION = "one_content_per_version"
KEY = "key_is_unique"
FUTURE = "updated_at_is_not_after_the_extract"

LIMITS = {
    "nullability": ("is_set", "is there"),
    "min_length": ("is_not_empty", "is not empty"),
    "min": ("is_at_least_its_minimum", "is at least {min}"),
    "min_exclusive": ("is_above_its_minimum", "is above {min_exclusive}"),
    "max": ("is_at_most_its_maximum", "is at most {max}"),
    "max_exclusive": ("is_below_its_maximum", "is below {max_exclusive}"),
    "inf": ("is_finite", "is finite"),
    "nan": ("is_a_number", "is a number"),
    "regex": ("has_the_right_shape", "matches {regex}"),
}
TYPES = {
    "Decimal": "an amount with at most 4 decimals",
    "Datetime": "an instant",
    "Date": "a day",
    "Int64": "a whole number",
    "Float64": "a number",
    "Boolean": "yes or no",
}


@dataclass(frozen=True)
class Rule:
    """One promise of a raw table.

    `condition` is None where the row alone does not tell. With `has_tolerance` a share of rows up to
    `max_bad_share` may break it before the run stops.
    """

    name: str
    column: str
    description: str
    condition: pl.Expr | None = None
    severity: Severity = "critical"
    has_tolerance: bool = True


def rules(contract: type[RawTable], extracted_at: datetime | None = None) -> list[Rule]:
    """All rules of a table in the order in which a row's reasons are told; `extracted_at` None: no `updated_at`."""
    key = ", ".join(contract.primary_key())
    limits = [rule for rule in _contract_rules(contract) if extracted_at or rule.column != "updated_at"]
    future = pl.col("updated_at") <= pl.lit(extracted_at, dtype=pl.Datetime("us", "UTC"))
    fresh = Rule(FUTURE, "updated_at", "updated_at is not in the future of the extract", future)
    return [
        *(
            _type_rule(column, dtype)
            for column, dtype in polars_schema(contract).items()
            if dtype != pl.String
        ),
        *limits,
        *([fresh] if extracted_at else []),
        *(_reference_rule(column, *target) for column, target in references(contract).items()),
        Rule(ONE_VERSION, key, "rows of one key and one updated_at say the same"),
        Rule(KEY, key, "a key and updated_at land once", has_tolerance=False),
        *_expected_rules(contract),
    ]


def type_rule_name(column: str) -> str:
    """The rule that a column's values can be read."""
    return f"{column}_can_be_read"


def reference_rule_name(column: str) -> str:
    """The rule that what a column refers to is there: a row that breaks only such rules waits."""
    return f"{column}_refers_to_a_row"


def _type_rule(column: str, dtype: pl.DataType) -> Rule:
    kind = TYPES[str(dtype.base_type())]
    return Rule(type_rule_name(column), column, f"{column} can be read as {kind}")


def _reference_rule(column: str, table: str, key: str) -> Rule:
    return Rule(reference_rule_name(column), column, f"{column} is a {key} of {table}")


def _contract_rules(contract: type[RawTable]) -> list[Rule]:
    found = []
    for name, rule in contract._validation_rules(with_cast=False).items():  # noqa: SLF001 - no public list of rules
        column, _, limit = name.rpartition("|")
        if name == "primary_key":
            continue
        if not column:
            found.append(Rule(name, _first_column(rule.expr), name.replace("_", " "), rule.expr))
        elif limit.startswith("check__"):
            found.append(_check_rule(column, limit.removeprefix("check__"), rule.expr))
        else:
            suffix, words = LIMITS[limit]
            facts = _facts(contract.columns()[column])
            found.append(Rule(f"{column}_{suffix}", column, f"{column} {words.format(**facts)}", rule.expr))
    return found


def _check_rule(column: str, check: str, condition: pl.Expr) -> Rule:
    if check.startswith("one of "):
        return Rule(f"{column}_is_one_of_its_values", column, f"{column} is {check}", condition)
    return Rule(check, column, check.replace("_", " "), condition)


def _expected_rules(contract: type[RawTable]) -> list[Rule]:
    """Values that are likely mistakes but cost no row: a warning."""
    return [
        Rule(
            f"{column}_is_a_known_value",
            column,
            f"{column} is a known {(definition.metadata or {}).get('unit', 'value')}",
            pl.col(column).is_in(definition.metadata["expected"]),
            severity="warning",
        )
        for column, definition in contract.columns().items()
        if definition.metadata and "expected" in definition.metadata
    ]


def _first_column(condition: pl.Expr) -> str:
    return condition.meta.root_names()[0]


def _facts(column: dy.Column) -> dict[str, Any]:
    return {limit: getattr(column, limit, None) for limit in LIMITS}
