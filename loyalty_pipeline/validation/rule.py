"""A rule: one promise of a raw table, with the expectation that checks it."""

from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

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


def unreadable(column: str) -> str:
    """The flag beside a typed column: its value is there and cannot be read."""
    return f"unreadable.{column}"


def flagged(flag: str, *, answer: bool) -> dict[str, Any]:
    """The rows whose flag has the answer, as a row condition of Great Expectations."""
    return {"type": "comparison", "column": {"name": flag}, "operator": "==", "parameter": answer}


def by_condition(name: str, column: str, words: str, condition: pl.Expr) -> Rule:
    """A rule that no expectation says: its condition is true or null where a row keeps it."""
    return Rule(name, column, words, BY_CONDITION, {"rule": name}, condition=condition)


def type_rule_name(column: str) -> str:
    """The rule that a column's values can be read."""
    return f"{column}_can_be_read"


def reference_rule_name(column: str) -> str:
    """The rule that what a column refers to is there: a row that breaks only such rules waits."""
    return f"{column}_refers_to_a_row"
