"""Foreign keys: every value of a column is in a column of another table."""

from typing import Any, ClassVar

import polars as pl
from great_expectations.compatibility.pydantic import StrictStr
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.expectations.comparable import comparable
from loyalty_pipeline.validation.gx_polars.expectations.names import known
from loyalty_pipeline.validation.gx_polars.expectations.wording import Rendering, worded
from loyalty_pipeline.validation.gx_polars.passes import orphaned
from loyalty_pipeline.validation.gx_polars.plans import Condition
from loyalty_pipeline.validation.gx_polars.registration import column_condition

METRIC = "column_values.exist_in_reference"


class ValuesExistInReference(ColumnMapMetricProvider):
    """What Great Expectations knows the metric by."""

    condition_metric_name = METRIC
    condition_value_keys = ("reference", "reference_column")


@column_condition(METRIC, ValuesExistInReference)
def exists_in_reference(domain: Domain, *, reference: str, reference_column: str, **_: Any) -> Condition:
    """Every value is one of the reference's; the rows that hold an orphan are unexpected."""
    table = domain.data.references[known(reference, domain.data.references, "reference")]
    schema = table.collect_schema()
    known(reference_column, schema.names(), f"column of {reference!r} named")
    own, other = domain.dtype, schema[reference_column]
    common = comparable(own, other)
    if common is None:
        message = (
            f"{domain.name} is {own}, {reference}.{reference_column} is {other}: "
            "cast one of them, so that equal keys are equal"
        )
        raise TypeError(message)
    referred = table.select(pl.col(reference_column).alias(domain.name)).drop_nulls().cast(common)

    def find(rows: pl.LazyFrame) -> pl.DataFrame:
        key = domain.column.cast(common)
        return orphaned(rows.select(key), referred, domain.name, domain.rows_per_pass).cast(
            {domain.name: own}
        )

    return Condition(domain.columns, domain.chosen, find=find)


class ExpectColumnValuesToExistIn(ColumnMapExpectation):
    """Every value of a column is a value of a column of another table: a foreign key.

    Null refers to nothing and takes no part. NaN equals NaN. Nulls and duplicates in the reference mean nothing; when it
    has no values, all values are unexpected.

    Args:
        column: The column that refers.
        reference: The name of a table among the batch parameter `references`.
        reference_column: The column of that table.
        mostly: The share of values that must exist.
        row_condition: Which rows take part.

    The types must be the same, or hold the same values: whole numbers of any width and decimals; text, Categorical and
    Enum; floats of both widths; instants in any time zone; clock readings.

    Told as errors: an unknown reference or column (`ValueError`, with the name that is meant), and types that cannot be
    compared without loss, such as text with numbers (`TypeError`).

    Example:
        ExpectColumnValuesToExistIn(column="customer_id", reference="customers", reference_column="id")

    """

    reference: StrictStr
    reference_column: StrictStr

    map_metric: ClassVar[str | None] = METRIC
    success_keys: ClassVar[tuple[str, ...]] = ("reference", "reference_column", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column", "reference", "reference_column")

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: Rendering) -> Rendering:
        return worded(
            cls, renderer_configuration, "$column values must exist in $reference.$reference_column"
        )
