"""Metrics that are one value computed of a column: extremes, sums, means, counts, proportions.

Integers and decimals are computed exactly, whatever their size. NaN is a value, not a missing one: a sum or mean with it is
NaN, which no bound accepts; extremes are those of the other numbers.
"""

import math
from decimal import Context, Decimal
from typing import Any

import numpy as np
import polars as pl
from great_expectations.metrics.column.descriptive_stats import DescriptiveStats

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import compared
from loyalty_pipeline.validation.gx_polars.observed import comparable, observed
from loyalty_pipeline.validation.gx_polars.plans import Aggregate
from loyalty_pipeline.validation.gx_polars.registration import column_metric

DIGITS = 38
"""Decimals have no more."""
EXACT = Context(prec=DIGITS)


@column_metric("column.max")
def column_max(domain: Domain, **_: Any) -> Aggregate:
    """The greatest value; None where there is none. Text is ordered by code point, categories by their text."""
    values, _dtype = comparable(domain.values, domain.dtype)
    return Aggregate(values.max(), observed)


@column_metric("column.min")
def column_min(domain: Domain, **_: Any) -> Aggregate:
    """The least value; None where there is none."""
    values, _dtype = comparable(domain.values, domain.dtype)
    return Aggregate(values.min(), observed)


@column_metric("column.sum")
def column_sum(domain: Domain, **_: Any) -> Aggregate:
    """The sum, 0 where there are no values. Raises for what cannot be added."""
    return Aggregate(_widest(domain)[0].sum(), observed)


@column_metric("column.mean")
def column_mean(domain: Domain, **_: Any) -> Aggregate:
    """The mean, None where there are no values: of dates and instants an instant, else the float nearest to it."""
    values, dtype = _widest(domain)
    if not (dtype.is_integer() or dtype.is_decimal()):
        return Aggregate(values.mean(), observed)
    return Aggregate(pl.struct(values.sum().alias("total"), values.count().alias("count")), _quotient)


@column_metric("column.standard_deviation")
def standard_deviation(domain: Domain, **_: Any) -> Aggregate:
    """The standard deviation of a sample, as a float; None for fewer than two values. Of instants, in seconds."""
    values, dtype = _widest(domain)
    if dtype in (pl.Date, pl.Datetime):
        values = values.cast(pl.Datetime("us")).to_physical() / 1e6
    return Aggregate(values.std())


@column_metric("column.non_null_count")
def non_null_count(domain: Domain, **_: Any) -> Aggregate:
    """How many rows have a value."""
    return Aggregate(domain.values.count())


@column_metric("column.non_null_proportion")
def non_null_proportion(domain: Domain, **_: Any) -> float:
    """The share of rows that have a value; 0 of no rows."""
    return _share(domain.metrics["column.non_null_count"], domain.metrics["table.row_count"])


@column_metric("column.unique_proportion")
def unique_proportion(domain: Domain, **_: Any) -> float:
    """The number of distinct values for each row that has one; 0 where none has."""
    there = domain.metrics["table.row_count"] - domain.metrics["column_values.nonnull.unexpected_count"]
    return _share(domain.metrics["column.distinct_values.count"], there)


@column_metric("column_values.length.min")
def shortest(domain: Domain, **_: Any) -> Aggregate:
    """The least length of a text or list; None where there is none."""
    return Aggregate(_lengths(domain).min())


@column_metric("column_values.length.max")
def longest(domain: Domain, **_: Any) -> Aggregate:
    """The greatest length of a text or list; None where there is none."""
    return Aggregate(_lengths(domain).max())


@column_metric("column_values.between.count")
def between_count(domain: Domain, **bounds: Any) -> Aggregate:
    """How many values lie between two bounds, of which one may be missing. Raises `ValueError` for none, or in the wrong order."""
    least, most = bounds.get("min_value"), bounds.get("max_value")
    if least is None and most is None:
        message = "min_value and max_value cannot both be None"
        raise ValueError(message)
    if least is not None and most is not None and least > most:
        message = f"min_value {least!r} is greater than max_value {most!r}"
        raise ValueError(message)
    above, below = ">" if bounds.get("strict_min") else ">=", "<" if bounds.get("strict_max") else "<="
    values, dtype = comparable(domain.values, domain.dtype)
    if dtype == pl.Boolean:
        values, dtype = values.cast(pl.Int8), pl.Int8()
    inside = [
        compared(values, sign, bound, dtype)
        for sign, bound in ((above, least), (below, most))
        if bound is not None
    ]
    # Great Expectations divides by the number of values, which may be 0: numpy makes NaN of that.
    return Aggregate(pl.all_horizontal(inside).sum(), lambda count: np.int64(count or 0))


@column_metric("column.descriptive_stats")
def descriptive_statistics(domain: Domain, **_: Any) -> DescriptiveStats:
    """The extremes, the mean and the standard deviation, as floats; NaN where there is none."""
    found = {name: domain.metrics[f"column.{name}"] for name in DescriptiveStats.__fields__}
    return DescriptiveStats(**{name: math.nan if value is None else value for name, value in found.items()})


def _widest(domain: Domain) -> tuple[pl.Expr, pl.DataType]:
    """The values in a type that their sum fits into."""
    values, dtype = comparable(domain.values, domain.dtype)
    if dtype.is_integer():
        return values.cast(pl.Int128), dtype
    if isinstance(dtype, pl.Decimal):
        return values.cast(pl.Decimal(DIGITS, dtype.scale)), dtype
    return (values.cast(pl.Float64) if dtype.is_float() else values), dtype


def _quotient(parts: dict[str, Any]) -> float | None:
    total, count = parts["total"], parts["count"]
    if not count:
        return None
    return float(EXACT.divide(total, count)) if isinstance(total, Decimal) else total / count


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0


def _lengths(domain: Domain) -> pl.Expr:
    if isinstance(domain.dtype, pl.List):
        return domain.values.list.len()
    return comparable(domain.values, domain.dtype)[0].cast(pl.String).str.len_chars()
