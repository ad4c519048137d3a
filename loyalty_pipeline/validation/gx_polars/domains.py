"""A domain: the rows and columns that one metric looks at, as its provider sees them."""

from dataclasses import dataclass, replace
from typing import Any, Self

import polars as pl
from great_expectations.exceptions.exceptions import InvalidMetricAccessorDomainKwargsKeyError

from loyalty_pipeline.validation.gx_polars.engine import PolarsBatchData, PolarsExecutionEngine
from loyalty_pipeline.validation.gx_polars.plans import both
from loyalty_pipeline.validation.gx_polars.row_conditions import row_filter


@dataclass(frozen=True)
class Domain:
    """`chosen` says which rows take part (None: all), `metrics` holds what the metric depends on, by name.

    `table` names another table that the metric is asked of; None: the batch.
    """

    data: PolarsBatchData
    columns: tuple[str, ...]
    chosen: pl.Expr | None
    metrics: dict[str, Any]
    rows_per_pass: int
    table: str | None = None

    @classmethod
    def of(
        cls,
        engine: PolarsExecutionEngine,
        kwargs: dict[str, Any],
        metrics: dict[str, Any],
        columns: tuple[str, ...] = (),
    ) -> Self:
        """Raises Great Expectations' error for a column that the batch does not have."""
        data = engine.data_of(kwargs)
        for name in columns:
            if name not in data.schema:
                message = f'Error: The column "{name}" in BatchData does not exist.'
                raise InvalidMetricAccessorDomainKwargsKeyError(message)
        chosen = row_filter(kwargs, data.schema)
        return cls(data, columns, chosen, metrics, engine.rows_per_pass, kwargs.get("table"))

    def where(self, condition: pl.Expr | None) -> Self:
        """The same with fewer rows."""
        return replace(self, chosen=both(self.chosen, condition))

    @property
    def name(self) -> str:
        """The first column's name."""
        return self.columns[0]

    @property
    def column(self) -> pl.Expr:
        """The first column, of all rows."""
        return pl.col(self.name)

    @property
    def values(self) -> pl.Expr:
        """The first column, of the rows that take part."""
        return self.column if self.chosen is None else self.column.filter(self.chosen)

    @property
    def dtype(self) -> pl.DataType:
        """The first column's type."""
        return self.data.schema[self.name]

    @property
    def rows(self) -> pl.LazyFrame:
        """The rows that take part."""
        frame = self.data.dataframe
        return frame if self.chosen is None else frame.filter(self.chosen)
