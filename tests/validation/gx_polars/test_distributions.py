"""Quantiles, bins and divergences, against numpy's definitions."""

from collections.abc import Callable
from datetime import date
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np
import polars as pl
import pytest
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.metrics.metric import Metric
from great_expectations.metrics.metric_results import MetricResult
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.engine import PolarsBatchData, PolarsExecutionEngine
from loyalty_pipeline.validation.gx_polars.metrics import distributions
from loyalty_pipeline.validation.gx_polars.plans import Aggregate, Collected
from loyalty_pipeline.validation.gx_polars.registration import is_known

Validated = Callable[..., Any]
METHODS = ["linear", "lower", "higher", "midpoint", "nearest"]
NUMBERS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=30)
QUANTILES = st.lists(st.floats(0, 1), min_size=1, max_size=4)


def _domain(values: pl.Series, **metrics: Any) -> Domain:
    data = PolarsBatchData(PolarsExecutionEngine(), values.to_frame("a"))
    return Domain(data, ("a",), None, metrics, 10)


def _computed(domain: Domain, plan: Aggregate | Collected) -> Any:
    if isinstance(plan, Collected):
        return plan.then(plan.rows.collect(engine="streaming"))
    return plan.then(domain.rows.select(plan.value).collect(engine="streaming").item())


@given(NUMBERS, QUANTILES, st.sampled_from(METHODS))
@settings(max_examples=60, deadline=None)
def test_quantiles_are_numpys(values: list[int], quantiles: list[float], method: Any) -> None:
    domain = _domain(pl.Series([None, *values], dtype=pl.Int64))
    plan = distributions.quantile_values(domain, quantiles=quantiles, allow_relative_error=method)
    assert _computed(domain, plan) == pytest.approx(np.quantile(values, quantiles, method=method).tolist())


@given(NUMBERS)
@settings(max_examples=40, deadline=None)
def test_the_median_is_numpys(values: list[int]) -> None:
    domain = _domain(pl.Series([*values, None], dtype=pl.Int64))
    assert _computed(domain, distributions.median(domain)) == np.median(values)


@given(NUMBERS, st.lists(st.integers(-1000, 1000), min_size=2, max_size=8).map(sorted))
@settings(max_examples=60, deadline=None)
def test_a_histogram_is_numpys(values: list[int], bins: list[int]) -> None:
    domain = _domain(pl.Series([*values, None], dtype=pl.Int64))
    found = _computed(domain, distributions.histogram(domain, bins=tuple(bins)))
    assert found == np.histogram(values, bins)[0].tolist()


def test_a_histogram_has_open_ends_and_no_place_for_nan() -> None:
    domain = _domain(pl.Series([-5.0, 0.0, 5.0, float("nan"), None]))
    found = _computed(domain, distributions.histogram(domain, bins=[-np.inf, 0, np.inf]))
    assert found == [1, 2]


def test_days_have_histograms() -> None:
    domain = _domain(pl.Series([date(2026, 1, day) for day in (1, 2, 3)]))
    bins = [date(2026, 1, 1), date(2026, 1, 3), date(2026, 1, 4)]
    assert _computed(domain, distributions.histogram(domain, bins=bins)) == [2, 1]


def test_bins_out_of_order_are_an_error() -> None:
    with pytest.raises(ValueError, match="bins must increase"):
        distributions.histogram(_domain(pl.Series([1])), bins=[2, 1])


def test_a_quantile_of_integers_is_one_of_them_beyond_what_floats_hold(validated: Validated) -> None:
    rows = pl.DataFrame({"a": [2**60 + 1, None, 2**60 + 3]})
    wanted = {"quantiles": [0, 1], "value_ranges": [[None, None], [None, None]]}
    result = validated(rows, gxe.ExpectColumnQuantileValuesToBeBetween(column="a", quantile_ranges=wanted))
    assert result.success
    assert result.result["observed_value"]["values"] == [2**60 + 1, 2**60 + 3]


@pytest.mark.parametrize("dtype", [pl.Null, pl.Int64, pl.Float64, pl.Decimal(12, 2)])
@pytest.mark.parametrize("height", [0, 2])
def test_no_values_have_no_quantiles(validated: Validated, dtype: Any, height: int) -> None:
    rows = pl.Series([None] * height, dtype=dtype).to_frame("a")
    wanted = {"quantiles": [0.5], "value_ranges": [[None, None]]}
    result = validated(rows, gxe.ExpectColumnQuantileValuesToBeBetween(column="a", quantile_ranges=wanted))
    assert not result.success
    assert result.to_json_dict()["result"]["observed_value"]["values"] == [None]


def test_an_unknown_interpolation_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be false or one of"):
        distributions.quantile_values(_domain(pl.Series([1])), quantiles=[0.5], allow_relative_error="about")


def test_an_allowed_error_is_not_used() -> None:
    domain = _domain(pl.Series([1, 2, 3]))
    plan = distributions.quantile_values(domain, quantiles=[0.5], allow_relative_error=True)
    assert _computed(domain, plan) == [2]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1, 2, 3, 4, None]),
        pl.Series([True, False]),
        pl.Series(["1", "2", "3", "4"]).cast(pl.Decimal(9, 2)),
    ],
)
def test_divergence_from_what_is_observed_is_none(validated: Validated, values: pl.Series) -> None:
    result = validated(
        values.to_frame("a"),
        gxe.ExpectColumnKLDivergenceToBeLessThan(column="a", partition_object=None, threshold=0),
    )
    assert result.success
    assert sum(result.result["details"]["observed_partition"]["weights"]) == pytest.approx(1)


def test_divergence_of_categories_is_by_their_text(validated: Validated) -> None:
    rows = pl.Series(["b", "a", None, "b"], dtype=pl.Enum(["b", "a"])).to_frame("a")
    weights = {"values": ["a", "b"], "weights": [0.5, 0.5]}
    near = gxe.ExpectColumnKLDivergenceToBeLessThan(column="a", partition_object=weights, threshold=0.1)
    far = gxe.ExpectColumnKLDivergenceToBeLessThan(column="a", partition_object=weights, threshold=0.01)
    assert validated(rows, near).success
    assert not validated(rows, far).success


@pytest.mark.parametrize(
    "values", [pl.Series(["a", "b"]), pl.Series([1.0, float("nan")]), pl.Series([], dtype=pl.Int64)]
)
def test_a_column_without_bins_fails_alone(
    lazyframe_batches: BatchDefinition[Any], values: pl.Series
) -> None:
    divergence = gxe.ExpectColumnKLDivergenceToBeLessThan(column="a", partition_object=None, threshold=1)
    other = gxe.ExpectColumnToExist(column="a")
    suite = gx.ExpectationSuite(name="both", expectations=[divergence, other])
    found = lazyframe_batches.get_batch({"dataframe": values.to_frame("a").lazy()}).validate(suite)
    assert {result.expectation_config.type: result.success for result in found.results} == {
        divergence.expectation_type: False,
        other.expectation_type: True,
    }


def test_a_column_is_tested_against_a_distribution(lazyframe_batches: BatchDefinition[Any]) -> None:
    class KolmogorovSmirnovResult(MetricResult[Any]): ...

    class KolmogorovSmirnov(Metric[KolmogorovSmirnovResult]):
        name = "column.parameterized_distribution_ks_test_p_value"
        column: str
        distribution: str
        params: dict[str, float]

    even = pl.LazyFrame({"a": [None, *np.linspace(0, 1, 101)]})
    batch = lazyframe_batches.get_batch({"dataframe": even})
    params = {"min": 0.0, "max": 1.0}
    metric = KolmogorovSmirnov(column="a", distribution="uniform", params=params)
    assert batch.compute_metrics(metric).value.pvalue == pytest.approx(1)


@pytest.mark.skipif(
    not is_known("column.outlier_statistics"), reason="this version has no metric of outliers"
)
@pytest.mark.parametrize(
    ("method", "expected"), [("iqr", (1.75, 3.25, 1.5)), ("std", (2.5, 2.5, (5 / 3) ** 0.5))]
)
@pytest.mark.parametrize("dtype", [pl.Int64, pl.Decimal(9, 2)])
def test_usual_values_lie_between_quartiles_or_around_the_mean(
    method: str, expected: Any, dtype: Any
) -> None:
    domain = _domain(pl.Series([1, 2, None, 3, 4], dtype=pl.Int64).cast(dtype))
    found = _computed(domain, distributions.outlier_statistics(domain, method=method))
    assert found == pytest.approx(expected)


@pytest.mark.skipif(
    not is_known("column.outlier_statistics"), reason="this version has no metric of outliers"
)
def test_no_values_have_no_usual_ones() -> None:
    domain = _domain(pl.Series([], dtype=pl.Int64))
    assert _computed(domain, distributions.outlier_statistics(domain, method="iqr")) == (None, None, None)
