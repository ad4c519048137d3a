"""Row conditions: which rows an expectation looks at, as a polars expression."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from great_expectations.expectations.legacy_row_conditions import ConditionParserError
from great_expectations.expectations.row_conditions import (
    AndCondition,
    ComparisonCondition,
    NullityCondition,
    Operator,
    OrCondition,
    PassThroughCondition,
    deserialize_row_condition,
)

from loyalty_pipeline.validation.gx_polars.literals import compared, members
from loyalty_pipeline.validation.gx_polars.queries import parsed


def row_filter(domain_kwargs: Mapping[str, Any], schema: Mapping[str, pl.DataType]) -> pl.Expr | None:
    """The rows that a domain's `row_condition` chooses; None: all. A comparison with null chooses no row."""
    condition = domain_kwargs.get("row_condition")
    if not condition:
        return None
    return clause(deserialize_row_condition(condition), schema).fill_null(value=False)


def clause(condition: Any, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """A condition as an expression, which is null where a compared value is."""
    if isinstance(condition, str):
        return parsed(condition, schema)
    if isinstance(condition, PassThroughCondition):
        return parsed(condition.pass_through_filter, schema)
    if isinstance(condition, AndCondition):
        return pl.all_horizontal([clause(part, schema) for part in condition.conditions])
    if isinstance(condition, OrCondition):
        return pl.any_horizontal([clause(part, schema) for part in condition.conditions])
    if isinstance(condition, NullityCondition):
        column = pl.col(_known(condition.column.name, schema))
        return column.is_null() if condition.is_null else column.is_not_null()
    if isinstance(condition, ComparisonCondition):
        return _comparison(condition, schema)
    message = f"row_condition {condition!r} is not supported on polars"
    raise ConditionParserError(message)


def _comparison(condition: ComparisonCondition, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    name = _known(condition.column.name, schema)
    column, dtype = pl.col(name), schema[name]
    operator = str(getattr(condition.operator, "value", condition.operator))
    if operator in {Operator.IN.value, Operator.NOT_IN.value}:
        found = column.is_in(members(condition.parameter, dtype))
        return found if operator == Operator.IN.value else ~found
    return compared(column, operator, condition.parameter, dtype)


def _known(name: str, schema: Mapping[str, pl.DataType]) -> str:
    if name in schema:
        return name
    message = f'row_condition: the column "{name}" does not exist'
    raise ConditionParserError(message)
