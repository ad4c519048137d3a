"""Where polars and Great Expectations' pandas engine disagree on purpose, each with who is right."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import great_expectations.expectations as gxe
import polars as pl
from great_expectations.expectations.row_conditions import (
    AndCondition,
    Column,
    ComparisonCondition,
    OrCondition,
)

from tests.validation.gx_polars.parity.difference import Difference
from tests.validation.gx_polars.parity.engines import Check
from tests.validation.gx_polars.parity.old_differences import OLD_DIFFERENCES

COUNTS_NULLS = (
    "ExpectColumnPair",
    "ExpectCompound",
    "ExpectMulticolumn",
    "ExpectSelectColumn",
    "ExpectColumnValuesToNotBeNull",
)
MOST_OF_A_FLOAT = 2**53
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def known(check: Check) -> Difference | None:
    """The reason why the engines disagree, if it is a known one."""
    return next(
        (difference for difference in [*DIFFERENCES, *OLD_DIFFERENCES] if difference.when(check)), None
    )


def _compared_nulls(check: Check) -> bool:
    condition = check.argument("row_condition")
    return any(
        check.frame[part.column.name].null_count() > 0
        for part in _comparisons(condition)
        if part.operator in {"!=", "NOT_IN"}
    )


def _comparisons(condition: Any) -> list[ComparisonCondition]:
    if isinstance(condition, AndCondition | OrCondition):
        return [part for each in condition.conditions for part in _comparisons(each)]
    return [condition] if isinstance(condition, ComparisonCondition) else []


def _holds_nan(check: Check) -> bool:
    return any(
        check.frame[name].is_nan().any() for name in check.columns if check.frame[name].dtype.is_float()
    )


def _decimals_against_floats(check: Check) -> bool:
    if not check.kind.endswith("ToBeBetween") or check.frame.schema[check.columns[0]] != pl.Decimal:
        return False
    bounds = [check.argument(name) for name in ("min_value", "max_value")]
    values = check.frame[check.columns[0]].to_list()
    return any(Decimal(repr(bound)) in values for bound in bounds if bound is not None)


def _counts_of_nulls(check: Check) -> bool:
    only_counts = check.pandas.differences(check.polars) == ["partial_unexpected_counts"]
    nulls = any(check.frame[name].null_count() for name in check.columns)
    return only_counts and check.kind.startswith(COUNTS_NULLS) and nulls


def _unreadable_documents(check: Check) -> bool:
    return check.kind == "ExpectColumnValuesToMatchJsonSchema" and "Expecting" in (check.pandas.error or "")


def _modes_of(dtype: type[pl.DataType]) -> Callable[[Check], bool]:
    kind = "ExpectColumnMostCommonValueToBeInSet"
    return lambda check: check.kind == kind and check.frame[check.columns[0]].dtype == dtype


def _long_numbers_beside_nulls(check: Check) -> bool:
    columns = [check.frame[name] for name in check.columns if check.frame[name].dtype.is_integer()]
    return any(column.null_count() and (column.abs().max() or 0) > MOST_OF_A_FLOAT for column in columns)


DIFFERENCES = [
    Difference(
        "A row condition compares a null with `!=` or `not in`",
        "takes the row, because NaN is unequal to everything",
        "leaves the row out, as SQL and Spark do",
        "polars: one suite chooses the same rows on every database",
        _compared_nulls,
        lambda: (
            pl.DataFrame({"a": [1, None], "b": [1, 1]}),
            gxe.ExpectColumnSumToBeBetween(column="b", min_value=0, row_condition=Column("a") != 3),
        ),
    ),
    Difference(
        "A float is NaN",
        "takes it for missing",
        "takes it for a value, which it is in Parquet and in databases",
        "polars: a NaN that nobody expected is found",
        _holds_nan,
        lambda: (
            pl.DataFrame({"a": [1.0, float("nan")]}),
            gxe.ExpectColumnValuesToNotBeNull(column="a"),
        ),
    ),
    Difference(
        "A decimal equals its bound",
        "compares with the binary float nearest to the bound, which is a little more or less",
        "compares with the bound as it is written",
        "polars: 0.10 is not below 0.1",
        _decimals_against_floats,
        lambda: (
            pl.DataFrame({"a": ["0.10"]}, schema={"a": pl.Decimal(10, 2)}),
            gxe.ExpectColumnValuesToBeBetween(column="a", min_value=0.1),
        ),
    ),
    Difference(
        "Unexpected values are null, or records with nulls",
        "counts equal ones apart in `partial_unexpected_counts`, because NaN is unequal to itself",
        "counts equal ones together; leaves the counts out where Great Expectations cannot sort them",
        "polars: two nulls are twice the same",
        _counts_of_nulls,
        lambda: (
            pl.DataFrame({"a": [1.0, 1.0], "b": [None, None]}, schema={"a": pl.Float64, "b": pl.Float64}),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b"),
        ),
    ),
    Difference(
        "A text is not JSON and is held against a schema",
        "raises, so that the expectation has no result",
        "finds the row unexpected",
        "polars: one unreadable row says nothing of the others",
        _unreadable_documents,
        lambda: (
            pl.DataFrame({"a": ["{", "{}"]}),
            gxe.ExpectColumnValuesToMatchJsonSchema(column="a", json_schema={"type": "object"}),
        ),
    ),
    Difference(
        "The most common value is an instant",
        "loses its time zone, and so finds it in no set",
        "keeps its time zone",
        "polars",
        _modes_of(pl.Datetime),
        lambda: (
            pl.DataFrame({"a": [NOON]}),
            gxe.ExpectColumnMostCommonValueToBeInSet(column="a", value_set=[NOON]),
        ),
    ),
    Difference(
        "The most common value is a decimal",
        "finds it in a set of decimals, and not in the floats that JSON writes",
        "finds it in a set of floats, and not in decimals",
        "polars: suites are kept as JSON",
        _modes_of(pl.Decimal),
        lambda: (
            pl.DataFrame({"a": [Decimal("19.99")]}),
            gxe.ExpectColumnMostCommonValueToBeInSet(column="a", value_set=[19.99]),
        ),
    ),
    Difference(
        "A column of integers above 2^53 holds nulls",
        "turns them into floats: neighbours become equal",
        "compares integers",
        "polars: ids stay what they are",
        _long_numbers_beside_nulls,
        lambda: (
            pl.DataFrame({"a": [2**60, 2**60 + 1, None]}),
            gxe.ExpectColumnValuesToBeUnique(column="a"),
        ),
    ),
]
