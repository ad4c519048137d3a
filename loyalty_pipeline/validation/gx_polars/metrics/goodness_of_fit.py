"""A column against a parameterized distribution, by Great Expectations' own function, which takes all the values at once."""

from inspect import unwrap
from typing import Any

import polars as pl
from great_expectations.expectations.metrics.column_aggregate_metrics.column_parameterized_distribution_ks_test_p_value import (
    ColumnParameterizedDistributionKSTestPValue,
)

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.plans import Collected
from loyalty_pipeline.validation.gx_polars.registration import column_metric

METRIC = ColumnParameterizedDistributionKSTestPValue
COMPUTE = unwrap(METRIC._pandas)  # noqa: SLF001 - it computes with any array


@column_metric(METRIC.metric_name)
def kolmogorov_smirnov_test(domain: Domain, **arguments: Any) -> Collected:
    """The statistic and p-value of a Kolmogorov-Smirnov test; nulls take no part."""
    given = {name: value for name, value in arguments.items() if value is not None}
    values = domain.rows.select(domain.column.cast(pl.Float64)).drop_nulls()
    return Collected(values, lambda found: COMPUTE(METRIC, found.to_series().to_numpy(), **given))
