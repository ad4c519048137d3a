"""Sums and extremes of a column, exact, as Python values."""

from typing import Any

import polars as pl
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
)

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.plans import Aggregate
from loyalty_pipeline.validation.gx_polars.registration import column_metric

SUM, MAXIMUM, NEWEST = "column.exact_sum", "column.exact_max", "column.newest"


@column_metric(SUM, ColumnAggregateMetricProvider)
def exact_sum(domain: Domain, **_: Any) -> Aggregate:
    """The sum of numbers: no whole number overflows, decimals stay decimals. Nothing sums to 0."""
    dtype, values = domain.dtype, domain.values
    if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)):
        message = f"{domain.name} is {dtype}, which has no sum"
        raise TypeError(message)
    whole = dtype.is_integer() or dtype in (pl.Boolean, pl.Null)
    return Aggregate((values.cast(pl.Int128) if whole else values).sum())


@column_metric(MAXIMUM, ColumnAggregateMetricProvider)
def exact_max(domain: Domain, **_: Any) -> Aggregate:
    """The greatest value, None of none. NaN is not looked at; text is ordered by its bytes."""
    text = domain.dtype in (pl.Categorical, pl.Enum)
    return Aggregate((domain.values.cast(pl.String) if text else domain.values).max())


@column_metric(NEWEST, ColumnAggregateMetricProvider)
def newest(domain: Domain, **_: Any) -> Aggregate:
    """The newest date or instant, None of none."""
    if not (domain.dtype == pl.Date or isinstance(domain.dtype, pl.Datetime)):
        message = f"{domain.name} is {domain.dtype}, which is neither a date nor an instant"
        raise TypeError(message)
    return Aggregate(domain.values.max())
