"""Metrics that are asked for without an expectation."""

import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.exceptions import MetricResolutionError
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.metrics_calculator import MetricsCalculator

from loyalty_pipeline.validation.gx_polars import PolarsExecutionEngine

TEXTS = pl.DataFrame({"x": ["abc", "b", None, "abc", "d1"], "y": [1, 2, None, 1, 4]})


@pytest.fixture
def metric():
    def compute(name, domain=None, **arguments):
        engine = PolarsExecutionEngine()
        engine.load_batch_data("rows", TEXTS)
        calculator = MetricsCalculator(engine, show_progress_bars=False)
        asked = MetricConfiguration(name, {"column": "x", "batch_id": "rows", **(domain or {})}, arguments)
        return calculator.get_metric(asked)

    return compute


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("column_values.nonnull.count", {}, 4),
        ("column_values.null.count", {}, 1),
        ("column_values.match_regex.count", {"regex": "b"}, 3),
        ("column_values.not_match_regex.count", {"regex": "b"}, 1),
        ("column_values.of_type.unexpected_count", {"type_": "int"}, 4),
        ("column_values.in_type_list.unexpected_count", {"type_list": ["int", "str"]}, 0),
        ("column_values.in_set.unexpected_count", {"value_set": None}, 0),
        ("column_values.not_in_set.unexpected_count", {"value_set": None}, 0),
    ],
)
def test_a_count_is_a_number(metric, name, arguments, value):
    assert metric(name, **arguments) == value


def test_unexpected_values_are_counted_by_value(metric):
    shape = {"result_format": "COMPLETE"}
    counts = metric("column_values.unique.unexpected_value_counts", result_format=shape)
    assert counts == [{"value": "abc", "count": 2}]
    columns = {"column_list": ["x", "y"], "column": None}
    pairs = metric("compound_columns.unique.unexpected_value_counts", columns, result_format=shape)
    assert pairs == [{"value": ("abc", 1), "count": 2}]


@pytest.mark.parametrize(("patterns", "match_on"), [([], "any"), (["a"], "most")])
def test_no_patterns_and_no_way_to_match_them_are_errors(patterns, match_on):
    engine = PolarsExecutionEngine()
    engine.load_batch_data("rows", TEXTS)
    arguments = {"regex_list": patterns, "match_on": match_on}
    name = "column_values.match_regex_list.condition"
    with pytest.raises(MetricResolutionError, match="there must be patterns"):
        engine.resolve_metrics([MetricConfiguration(name, {"column": "x", "batch_id": "rows"}, arguments)])


def test_only_numbers_are_far_from_a_mean(validated):
    rule = gxe.ExpectColumnValueZScoresToBeLessThan(column="x", threshold=1, double_sided=True)
    assert not validated(TEXTS, rule).success
