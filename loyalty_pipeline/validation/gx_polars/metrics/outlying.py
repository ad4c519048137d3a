"""Conditions on how far the values of one column are from its middle."""

from math import isfinite
from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.registration import column_condition, column_metric, is_known

STATISTICS = "column.outlier_statistics"


def _numbers(domain: Domain) -> pl.Expr:
    if domain.dtype.is_numeric() or domain.dtype == pl.Null:
        return domain.column.cast(pl.Float64)
    message = f'the column "{domain.name}" is {domain.dtype}: only numbers are far from their mean'
    raise TypeError(message)


@column_metric("column_values.z_score.map")
def z_score(domain: Domain, **_: Any) -> pl.Expr:
    """The distance from the mean in standard deviations, as an expression; null where there are none to measure in."""
    mean, deviation = domain.metrics["column.mean"], domain.metrics["column.standard_deviation"]
    if mean is None or not deviation or not isfinite(deviation):
        return _numbers(domain) * pl.lit(None, dtype=pl.Float64)
    return (_numbers(domain) - float(mean)) / float(deviation)


@column_condition("column_values.z_score.under_threshold")
def is_near_the_mean(
    domain: Domain, *, threshold: float, double_sided: bool | None = True, **_: Any
) -> pl.Expr:
    """Every value is less than so many standard deviations above the mean, or away from it. NaN is not.

    Where there is no deviation to measure in, every value is.
    """
    scores: pl.Expr = domain.metrics["column_values.z_score.map"]
    is_near = scores.abs() < abs(threshold) if double_sided else scores < threshold
    return (is_near & scores.is_not_nan()).fill_null(value=True)


if is_known("column_values.not_outliers.condition"):

    @column_condition("column_values.not_outliers")
    def is_no_outlier(
        domain: Domain, *, method: str | None = "iqr", multiplier: float | None = 1.5, **_: Any
    ) -> pl.Expr:
        """Every value is near the quartiles (`iqr`) or the mean (`std`), which a value at the threshold no longer is.

        Where there is nothing to measure with, every value is.
        """
        statistics: tuple[float | None, float | None, float | None] = domain.metrics[STATISTICS]
        lowest, highest, spread = statistics
        values = _numbers(domain)
        if lowest is None or highest is None or spread is None:
            return domain.column.is_not_null()
        reach = (1.5 if multiplier is None else multiplier) * spread
        if method in {"iqr", None}:
            return (values >= lowest - reach) & (values <= highest + reach) & values.is_not_nan()
        return values == lowest if reach <= 0 else (values - lowest).abs() < reach
