"""Conditions on the values of one column."""

from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import compared, literal, members, ordered
from loyalty_pipeline.validation.gx_polars.passes import duplicated
from loyalty_pipeline.validation.gx_polars.plans import Condition
from loyalty_pipeline.validation.gx_polars.registration import column_condition, column_metric


@column_condition("column_values.nonnull")
def is_not_null(domain: Domain, **_: Any) -> pl.Expr:
    """Every row has a value. NaN is one."""
    return domain.column.is_not_null()


@column_condition("column_values.null")
def is_null(domain: Domain, **_: Any) -> pl.Expr:
    """No row has a value. NaN is one."""
    return domain.column.is_null()


@column_metric("column_values.nonnull.count")
def nonnull_count(domain: Domain, **_: Any) -> Any:
    """How many rows have a value."""
    return domain.metrics["column_values.null.unexpected_count"]


@column_metric("column_values.null.count")
def null_count(domain: Domain, **_: Any) -> Any:
    """How many rows have none."""
    return domain.metrics["column_values.nonnull.unexpected_count"]


@column_condition("column_values.in_set")
def is_in_set(domain: Domain, *, value_set: list[Any] | None = None, **_: Any) -> pl.Expr:
    """Every value is one of a set; without a set, every value is."""
    if value_set is None:
        return pl.lit(value=True)
    return domain.column.is_in(members(value_set, domain.dtype))


@column_condition("column_values.not_in_set")
def is_not_in_set(domain: Domain, *, value_set: list[Any] | None = None, **_: Any) -> pl.Expr:
    """No value is one of a set."""
    if value_set is None:
        return pl.lit(value=True)
    return ~domain.column.is_in(members(value_set, domain.dtype))


@column_condition("column_values.between")
def is_between(domain: Domain, *, min_value: Any = None, max_value: Any = None, **strict: Any) -> pl.Expr:
    """Every value is in a range, which `strict_min` and `strict_max` leave open at its ends. NaN is in none.

    Raises `ValueError` without a bound, and where the lowest value is above the highest.
    """
    return within(domain.column, domain.dtype, (min_value, max_value), strict)


def within(column: pl.Expr, dtype: pl.DataType, bounds: tuple[Any, Any], strict: dict[str, Any]) -> pl.Expr:
    """Whether a column's values are between two bounds, of which one may be None."""
    lowest, highest = bounds
    if lowest is None and highest is None:
        message = "min_value and max_value cannot both be None"
        raise ValueError(message)
    if None not in bounds and pl.select(_lower(highest, dtype) < _lower(lowest, dtype)).item():
        message = f"min_value {lowest!r} cannot be greater than max_value {highest!r}"
        raise ValueError(message)
    inside = []
    if lowest is not None:
        inside.append(compared(column, ">" if strict.get("strict_min") else ">=", lowest, dtype))
    if highest is not None:
        inside.append(compared(column, "<" if strict.get("strict_max") else "<=", highest, dtype))
    return pl.all_horizontal(inside)


def _lower(bound: Any, dtype: pl.DataType) -> pl.Expr:
    return ordered(literal(bound, dtype), dtype)


@column_condition("column_values.unique")
def is_unique(domain: Domain, **_: Any) -> Condition:
    """No value occurs twice; all rows that hold one that does are unexpected."""
    key, passes = domain.columns, domain.rows_per_pass
    return Condition(key, domain.chosen, find=lambda rows: duplicated(rows, key, passes))
