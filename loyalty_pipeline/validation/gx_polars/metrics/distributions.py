"""How a column's values are distributed: quantiles, bins and the numbers of values in them, statistics of outliers."""

import math
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import polars as pl
from great_expectations.expectations.metrics.column_aggregate_metrics.column_partition import (
    _get_column_partition_using_metrics,
)

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import literal
from loyalty_pipeline.validation.gx_polars.metrics.aggregates import EXACT
from loyalty_pipeline.validation.gx_polars.observed import comparable, observed
from loyalty_pipeline.validation.gx_polars.plans import Aggregate, Collected
from loyalty_pipeline.validation.gx_polars.registration import column_metric, is_known

NEAREST = "nearest"
METHODS = frozenset({"linear", "lower", "higher", "midpoint", NEAREST})
"""What numpy and pandas do between two values."""

QUARTILES = (0.25, 0.75)


@column_metric("column.median")
def median(domain: Domain, **_: Any) -> Aggregate:
    """The value in the middle, or the mean of the two that are: of numbers a float. None where there are no values."""
    return Aggregate(_neighbours(domain, [0.5]), lambda found: _quantiles(found, [0.5], "midpoint")[0])


@column_metric("column.quantile_values")
def quantile_values(
    domain: Domain, *, quantiles: Iterable[float], allow_relative_error: bool | str = False, **_: Any
) -> Aggregate:
    """The quantiles, exactly, whatever error is allowed: values of the column unless a method of interpolation is named.

    NaN where there are no values; of values that are NaN, the greatest. Raises `ValueError` for an unknown method.
    """
    method = allow_relative_error if isinstance(allow_relative_error, str) else NEAREST
    if method not in METHODS:
        message = f"allow_relative_error must be false or one of {sorted(METHODS)}, not {method!r}"
        raise ValueError(message)
    wanted = list(quantiles)

    def values(found: dict[str, Any]) -> list[Any]:
        return [math.nan if value is None else value for value in _quantiles(found, wanted, method)]

    return Aggregate(_neighbours(domain, wanted), values)


@column_metric("column.partition")
def partition(domain: Domain, *, bins: Any = "uniform", n_bins: int = 10, **_: Any) -> Any:
    """The edges of bins: equally wide, equally full, or as many as suit the values; NaN where the values give none."""
    try:
        return _get_column_partition_using_metrics(bins=bins, n_bins=n_bins, _metrics=domain.metrics)
    except (TypeError, ValueError, OverflowError):
        # The expectation about divergence asks for it where Great Expectations does not catch errors: one would end the
        # whole suite. NaN is an invalid partition, which is an error of that expectation alone.
        return [math.nan, math.nan]


@column_metric("column.histogram")
def histogram(domain: Domain, *, bins: Iterable[Any], **_: Any) -> Collected:
    """How many values are in each bin, its lower edge included, the upper edge only of the last. Raises `ValueError` for edges out of order."""
    edges = list(bins)
    if any(left > right for left, right in pairwise(edges)):
        message = f"bins must increase: {edges}"
        raise ValueError(message)
    values, dtype = comparable(domain.column, domain.dtype)
    if not dtype.is_temporal():
        values, dtype = values.cast(pl.Float64), pl.Float64()
    bounds = pl.concat([pl.select(literal(edge, dtype).cast(dtype)).to_series() for edge in edges])
    inside = values.is_between(bounds.first(), bounds.last())
    place = pl.lit(bounds.head(-1)).search_sorted(values, side="right") - 1
    filled = domain.rows.filter(inside).select(place.alias("bin")).group_by("bin").len("count")

    def counts(found: pl.DataFrame) -> list[int]:
        by_bin = dict(found.rows())
        return [by_bin.get(number, 0) for number in range(len(edges) - 1)]

    return Collected(filled if len(edges) > 1 else filled.clear(), counts)


if is_known("column.outlier_statistics"):
    from great_expectations.expectations.metrics.column_aggregate_metrics.column_outlier_statistics import (
        IQR_METHOD,
        OutlierStatistics,
        _spread_between,
        _to_float,
        validate_method,
    )

    @column_metric("column.outlier_statistics")
    def outlier_statistics(domain: Domain, *, method: str, **_: Any) -> Aggregate:
        """Where the usual values lie, and how wide: between the quartiles, or around the mean."""
        validate_method(method)
        if method == IQR_METHOD:
            return Aggregate(_neighbours(domain, QUARTILES), _between_quartiles)
        values, _dtype = comparable(domain.values, domain.dtype)
        spread = pl.struct(values.mean().alias("mean"), values.std().alias("spread"))
        return Aggregate(spread, _around_mean)

    def _between_quartiles(found: dict[str, Any]) -> OutlierStatistics:
        lower, upper = (_to_float(value) for value in _quantiles(found, QUARTILES, "linear"))
        return OutlierStatistics(lower, upper, _spread_between(lower, upper))

    def _around_mean(found: dict[str, Any]) -> OutlierStatistics:
        return OutlierStatistics.symmetric(_to_float(found["mean"]), _to_float(found["spread"]))


def _neighbours(domain: Domain, quantiles: Iterable[float]) -> pl.Expr:
    """The number of values, and for each quantile the values beside it; exact for every type, as polars' own is not."""
    values, _dtype = comparable(domain.values, domain.dtype)
    position = (values.count().cast(pl.Int64) - 1) * pl.lit(pl.Series(list(quantiles), dtype=pl.Float64))
    ordered = values.drop_nulls().sort()
    below, above = (
        ordered.gather(place.cast(pl.Int64).clip(0), null_on_oob=True).implode()
        for place in (position.floor(), position.ceil())
    )
    return pl.struct(values.count().alias("count"), below.alias("below"), above.alias("above"))


def _quantiles(found: dict[str, Any], quantiles: Iterable[float], method: str) -> list[Any]:
    positions = [(found["count"] - 1) * quantile for quantile in quantiles]
    return [
        None if below is None else observed(_interpolated(below, above, position, method))
        for below, above, position in zip(found["below"], found["above"], positions, strict=True)
    ]


def _interpolated(below: Any, above: Any, position: float, method: str) -> Any:
    """The value at a position between two, as numpy defines it."""
    if method == NEAREST:
        return below if round(position) == math.floor(position) else above
    if method in {"lower", "higher"}:
        return below if method == "lower" else above
    share = 0.5 if method == "midpoint" and position % 1 else position % 1
    if isinstance(below, Decimal):
        return float(EXACT.fma(EXACT.subtract(above, below), Decimal(share), below))
    if share in {0, 0.5} and not isinstance(below, date):
        return (below + above) / 2 if share else below / 1
    width = above - below
    return below + width * share if share < 0.5 else above - width * (1 - share)  # noqa: PLR2004 - a half
