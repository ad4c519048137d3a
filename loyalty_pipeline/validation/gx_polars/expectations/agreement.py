"""Agreement by key: rows of one key hold one value."""

from typing import Any, ClassVar

import polars as pl
from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pydantic import StrictStr
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.expectations.names import known
from loyalty_pipeline.validation.gx_polars.expectations.wording import Rendering, worded
from loyalty_pipeline.validation.gx_polars.passes import disagreeing
from loyalty_pipeline.validation.gx_polars.plans import Condition
from loyalty_pipeline.validation.gx_polars.registration import column_condition

METRIC = "column_values.agree_by_key"


class ValuesAgreeByKey(ColumnMapMetricProvider):
    """What Great Expectations knows the metric by."""

    condition_metric_name = METRIC
    condition_value_keys = ("key",)


@column_condition(METRIC, ValuesAgreeByKey)
def agrees_by_key(domain: Domain, *, key: list[str], **_: Any) -> Condition:
    """Rows of one key hold its smallest value; rows with another are unexpected."""
    names = tuple(known(name, domain.data.schema, "column") for name in key)

    def find(rows: pl.LazyFrame) -> pl.DataFrame:
        return disagreeing(rows, names, domain.name, domain.rows_per_pass)

    return Condition((*names, domain.name), domain.chosen, find=find)


class ExpectColumnValuesToAgreeByKey(ColumnMapExpectation):
    """Rows that have the same key have the same value.

    The smallest value of a key counts as right; rows with another are unexpected, so that without them the key has one
    value. Null in `column` takes no part; null in the key equals null. NaN is the greatest value and equals itself.

    Args:
        column: The column whose values must agree. Its type must have an order: no lists or structs.
        key: The columns that tell which rows belong together. At least one, and not `column`.
        mostly: The share of values that must be their key's smallest.
        row_condition: Which rows take part.

    Told as errors: unknown columns, with the name that is meant.

    Example:
        ExpectColumnValuesToAgreeByKey(column="currency", key=["invoice_id"])

    """

    key: list[StrictStr]

    map_metric: ClassVar[str | None] = METRIC
    success_keys: ClassVar[tuple[str, ...]] = ("key", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "key")

    @pydantic.validator("key")
    def _another_column(cls, key: list[str], values: dict[str, Any]) -> list[str]:
        if not key or len({*key, values.get("column")}) != len(key) + 1:
            message = f"key must name columns other than {values.get('column')!r}, each once: {key}"
            raise ValueError(message)
        return key

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: Rendering) -> Rendering:
        return worded(cls, renderer_configuration, "$column values must be the same in all rows of one $key")
