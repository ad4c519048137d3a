"""Expectations on the type of one column, which is a fact of the schema: no row is read."""

from collections.abc import Iterable
from typing import Any

import polars as pl
from great_expectations.exceptions.exceptions import InvalidMetricAccessorDomainKwargsKeyError
from great_expectations.expectations import core
from great_expectations.expectations.core.expect_column_values_to_be_in_type_list import (
    ExpectColumnValuesToBeInTypeList,
)
from great_expectations.expectations.core.expect_column_values_to_be_of_type import (
    ExpectColumnValuesToBeOfType,
)
from great_expectations.expectations.expectation import Expectation

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.dtypes import is_called
from loyalty_pipeline.validation.gx_polars.engine import PolarsExecutionEngine
from loyalty_pipeline.validation.gx_polars.registration import column_condition


@column_condition("column_values.of_type")
def is_of_type(domain: Domain, *, type_: str, **_: Any) -> pl.Expr:
    """Every value is of a type."""
    return _is_one(domain, [type_])


@column_condition("column_values.in_type_list")
def is_in_type_list(domain: Domain, *, type_list: Iterable[str], **_: Any) -> pl.Expr:
    """Every value is of one of some types."""
    return _is_one(domain, type_list)


def _is_one(domain: Domain, names: Iterable[str]) -> pl.Expr:
    return domain.column.is_not_null() & pl.lit(
        value=True in [is_called(domain.dtype, name) for name in names]
    )


def _understand_polars(expectation: type[Expectation], argument: str) -> None:
    """Let the expectation judge polars types too. Of itself it knows no engine but the three it comes with."""
    elsewhere = expectation._validate  # noqa: SLF001

    def validate(
        self: Any,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> Any:
        if not isinstance(execution_engine, PolarsExecutionEngine):
            return elsewhere(self, metrics, runtime_configuration, execution_engine)
        return _judged(metrics["table.column_types"], self.column, self.configuration.kwargs.get(argument))

    # A subclass in its place would register all its renderers anew, with a warning for each.
    expectation._validate = validate  # type: ignore[method-assign]  # noqa: SLF001


def _judged(types: list[dict[str, Any]], column: str, names: str | list[str] | None) -> dict[str, Any]:
    dtypes = {column["name"]: column["type"] for column in types}
    if column not in dtypes:
        message = f'Error: The column "{column}" in BatchData does not exist.'
        raise InvalidMetricAccessorDomainKwargsKeyError(message)
    dtype = dtypes[column]
    wanted = [names] if isinstance(names, str) else names
    is_one = wanted is None or True in [is_called(dtype, name) for name in wanted]
    return {"success": is_one, "result": {"observed_value": str(dtype)}}


_understand_polars(ExpectColumnValuesToBeOfType, "type_")
_understand_polars(ExpectColumnValuesToBeInTypeList, "type_list")
if hasattr(core, "ExpectColumnTypeToBe"):
    _understand_polars(core.ExpectColumnTypeToBe, "type_")
