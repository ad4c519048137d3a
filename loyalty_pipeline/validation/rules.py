"""The rules of a raw table, derived from its contract: one name, one expectation and one sentence each.

A rule names the expectation that checks it, with its arguments, as Great Expectations has them; what no expectation says is a
`condition` in polars, true or null where a row keeps it. A null value keeps every rule but the one that forbids nulls.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.sources.raw import RawTable

Severity = Literal["critical", "warning"]
Scope = Literal["row", "reference", "version", "table", "source"]
Tolerance = Literal["share", "none", "its own"]

ONE_VERSION = "one_content_per_version"
KEY = "key_is_unique"
FUTURE = "updated_at_is_not_after_the_extract"
ALL_READ = "all_rows_were_read"
NO_COLUMN_LOST = "no_column_is_missing_or_of_another_type"
NO_COLUMN_NEW = "no_column_is_new"

CANDIDATE = "_is_candidate"
"""The flag of rows that may land: they keep their own rules and repeat no other row."""

EXTRACTED_AT = {"$PARAMETER": "extracted_at"}
SOURCE_ROWS = {"$PARAMETER": "source_rows"}

BY_CONDITION = "rows_to_satisfy"
BETWEEN = "column_values_to_be_between"

READING_DECIDES = frozenset({"inf", "nan"})
"""Limits that no typed value exceeds: an infinite number cannot be read, and NaN is read as nothing."""

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

    `scope` says what is looked at: a row alone; a row and the rows it refers to; all versions of a key; the table; the columns of
    the source. `tolerance` says how many rows may break it before the run stops: a share of all rows (`1 - mostly`, by default
    `max_bad_share`), none, or as the expectation itself decides. `shows_values`: samples tell values beside keys.
    `is_personal`: nothing that was found in its columns may be told.
    """

    name: str
    column: str
    description: str
    expectation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    condition: pl.Expr | None = None
    scope: Scope = "row"
    severity: Severity = "critical"
    tolerance: Tolerance = "share"
    mostly: float | None = None
    shows_values: bool = False
    is_personal: bool = False

    @property
    def is_about_rows(self) -> bool:
        """Whether it says which rows break it."""
        return self.scope in {"row", "reference", "version"}

    @property
    def identity(self) -> list[str]:
        """What, when it changes, makes another judgement of the same rows possible."""
        facts = (self.name, self.expectation, self.arguments, self.condition, self.severity, self.mostly)
        return [str(fact) for fact in facts]


def rules(contract: type[RawTable], *, has_updated_at: bool = True) -> list[Rule]:
    """All rules of a table, in the order in which a row's reasons are told. A source may not say when a row changed."""
    key = contract.primary_key()
    columns = polars_schema(contract)
    found = [
        *(_type_rule(column, dtype) for column, dtype in columns.items() if dtype != pl.String),
        *_contract_rules(contract),
        _future_rule(),
        *(_reference_rule(column, *target) for column, target in references(contract).items()),
        _version_rule(key),
        *_expected_rules(contract),
    ]
    kept = [rule for rule in found if has_updated_at or rule.column != "updated_at"]
    return [*kept, *_table_rules(", ".join(key))]


def unreadable(column: str) -> str:
    """The flag beside a typed column: its value is there and cannot be read."""
    return f"unreadable.{column}"


def type_rule_name(column: str) -> str:
    """The rule that a column's values can be read."""
    return f"{column}_can_be_read"


def reference_rule_name(column: str) -> str:
    """The rule that what a column refers to is there: a row that breaks only such rules waits."""
    return f"{column}_refers_to_a_row"


def _is(flag: str, *, answer: bool) -> dict[str, Any]:
    """The rows whose flag has the answer, as a row condition of Great Expectations."""
    return {"type": "comparison", "column": {"name": flag}, "operator": "==", "parameter": answer}


def _type_rule(column: str, dtype: pl.DataType) -> Rule:
    words = f"{column} can be read as {TYPES[str(dtype.base_type())]}"
    return _by_condition(type_rule_name(column), column, words, ~pl.col(unreadable(column)))


def _future_rule() -> Rule:
    words, limit = "updated_at is not in the future of the extract", {"max_value": EXTRACTED_AT}
    return Rule(FUTURE, "updated_at", words, BETWEEN, {"column": "updated_at", **limit})


def _reference_rule(column: str, table: str, key: str) -> Rule:
    arguments = {"column": column, "reference": table, "reference_column": key}
    words = f"{column} is a {key} of {table}"
    name = reference_rule_name(column)
    return Rule(name, column, words, "column_values_to_exist_in", arguments, scope="reference")


def _version_rule(key: list[str]) -> Rule:
    arguments = {"column": "_hash", "key": [*key, "updated_at"], "row_condition": _is(CANDIDATE, answer=True)}
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
            {"extra": "allow"},
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


def _contract_rules(contract: type[RawTable]) -> list[Rule]:
    found = []
    for name, rule in contract._validation_rules(with_cast=False).items():  # noqa: SLF001 - no public list of rules
        column, _, limit = name.rpartition("|")
        if name == "primary_key" or limit in READING_DECIDES:
            continue
        if not column:
            words = name.replace("_", " ")
            found.append(_by_condition(name, rule.expr.meta.root_names()[0], words, rule.expr))
        elif limit.startswith("check__"):
            check = limit.removeprefix("check__")
            found.append(_check_rule(column, check, contract.columns()[column], rule.expr))
        else:
            found.append(_limit_rule(column, limit, contract.columns()[column]))
    return found


def _by_condition(name: str, column: str, words: str, condition: pl.Expr) -> Rule:
    return Rule(name, column, words, BY_CONDITION, {"rule": name}, condition=condition)


def _check_rule(column: str, check: str, definition: dy.Column, condition: pl.Expr) -> Rule:
    options = (definition.metadata or {}).get("options")
    name = f"{column}_is_one_of_its_values" if check.startswith("one of ") else check
    words = f"{column} is {check}" if check.startswith("one of ") else check.replace("_", " ")
    if options is None:
        return _by_condition(name, column, words, condition)
    # What a closed set may hold is nobody's secret, and the wrong word tells at once what went wrong.
    arguments = {"column": column, "value_set": list(options)}
    return Rule(name, column, words, "column_values_to_be_in_set", arguments, shows_values=True)


def _limit_rule(column: str, limit: str, definition: dy.Column) -> Rule:
    fact = getattr(definition, limit, None)
    named = {"column": column}
    if limit == "nullability":
        # What is there and cannot be read is not missing as well.
        readable = {"row_condition": _is(unreadable(column), answer=False)}
        arguments = named if isinstance(definition, dy.String) else named | readable
        return Rule(
            f"{column}_is_set", column, f"{column} is there", "column_values_to_not_be_null", arguments
        )
    bounds: dict[str, tuple[str, str, dict[str, Any]]] = {
        "min": ("is_at_least_its_minimum", f"is at least {fact}", {"min_value": fact}),
        "min_exclusive": (
            "is_above_its_minimum",
            f"is above {fact}",
            {"min_value": fact, "strict_min": True},
        ),
        "max": ("is_at_most_its_maximum", f"is at most {fact}", {"max_value": fact}),
        "max_exclusive": (
            "is_below_its_maximum",
            f"is below {fact}",
            {"max_value": fact, "strict_max": True},
        ),
    }
    if limit in bounds:
        suffix, words, arguments = bounds[limit]
        return Rule(f"{column}_{suffix}", column, f"{column} {words}", BETWEEN, named | arguments)
    if limit == "min_length":
        lengths = "column_value_lengths_to_be_between"
        return Rule(
            f"{column}_is_not_empty", column, f"{column} is not empty", lengths, named | {"min_value": fact}
        )
    name, words = f"{column}_has_the_right_shape", f"{column} matches {fact}"
    return Rule(name, column, words, "column_values_to_match_regex", named | {limit: fact})


def _expected_rules(contract: type[RawTable]) -> list[Rule]:
    """Values that are likely mistakes but cost no row: a warning."""
    return [
        Rule(
            f"{column}_is_a_known_value",
            column,
            f"{column} is a known {(definition.metadata or {}).get('unit', 'value')}",
            "column_values_to_be_in_set",
            {"column": column, "value_set": list(definition.metadata["expected"])},
            severity="warning",
            tolerance="its own",
            shows_values=True,
        )
        for column, definition in contract.columns().items()
        if definition.metadata and "expected" in definition.metadata
    ]
