"""One value computed of a column: extremes, sums, means, counts, proportions, distinct values."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.expectations.row_conditions import Column
from great_expectations.metrics import ColumnDistinctValuesCount, ColumnMean
from great_expectations.metrics.column.descriptive_stats import ColumnDescriptiveStats
from great_expectations.metrics.column.null_count import ColumnNullCount
from great_expectations.metrics.column.sample_values import ColumnSampleValues

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.engine import PolarsBatchData, PolarsExecutionEngine
from loyalty_pipeline.validation.gx_polars.metrics import aggregates, distinct
from loyalty_pipeline.validation.gx_polars.observed import observed as told
from loyalty_pipeline.validation.gx_polars.plans import Aggregate, Collected

Validated = Callable[..., Any]
HUGE = 2**62 + 1
BETWEEN = {
    "max": gxe.ExpectColumnMaxToBeBetween,
    "min": gxe.ExpectColumnMinToBeBetween,
    "sum": gxe.ExpectColumnSumToBeBetween,
    "mean": gxe.ExpectColumnMeanToBeBetween,
    "median": gxe.ExpectColumnMedianToBeBetween,
    "stdev": gxe.ExpectColumnStdevToBeBetween,
}


@pytest.fixture
def observed(validated: Validated) -> Callable[..., Any]:
    def observe(values: pl.Series, kind: str, **bounds: Any) -> Any:
        result = validated(values.to_frame("a"), BETWEEN[kind](column="a", **bounds))
        assert not _exceptions(result)
        return result.result["observed_value"]

    return observe


def _domain(values: pl.Series, **metrics: Any) -> Domain:
    data = PolarsBatchData(PolarsExecutionEngine(), values.to_frame("a"))
    return Domain(data, ("a",), None, metrics, 10)


def _computed(values: pl.Series, planner: Callable[..., Aggregate | Collected], **arguments: Any) -> Any:
    domain = _domain(values)
    plan = planner(domain, **arguments)
    if isinstance(plan, Collected):
        return plan.then(plan.rows.collect(engine="streaming"))
    return plan.then(domain.rows.select(plan.value).collect(engine="streaming").item())


def _exceptions(result: Any) -> list[str]:
    told = result.exception_info or {}
    found = [told] if "raised_exception" in told else list(told.values())
    return [details["exception_message"] for details in found if details["raised_exception"]]


@pytest.mark.parametrize(("kind", "expected"), [("max", HUGE), ("min", 2), ("sum", 2 * HUGE + 2)])
def test_integers_with_nulls_stay_whole_beyond_what_64_bits_hold(
    observed: Callable[..., Any], kind: str, expected: int
) -> None:
    found = observed(pl.Series([HUGE, None, HUGE, 2]), kind)
    assert found == expected
    assert type(found) is int


def test_the_mean_of_integers_is_the_float_nearest_to_it(observed: Callable[..., Any]) -> None:
    found = observed(pl.Series([2**53 + 1, 2**53 + 1, None, 2**53 + 4]), "mean")
    assert found == (3 * 2**53 + 6) / 3
    assert type(found) is float


@pytest.mark.parametrize(
    ("kind", "expected"), [("max", Decimal("0.30")), ("min", Decimal("0.10")), ("sum", Decimal("0.60"))]
)
def test_decimals_are_observed_exactly_and_survive_json(
    validated: Validated, kind: str, expected: Decimal
) -> None:
    amounts = pl.Series(["0.10", "0.20", None, "0.30"]).cast(pl.Decimal(12, 2))
    result = validated(amounts.to_frame("a"), BETWEEN[kind](column="a"))
    assert isinstance(result.result["observed_value"], Decimal)
    assert str(result.result["observed_value"]) == str(expected)
    assert result.to_json_dict()["result"]["observed_value"] == float(expected)


@pytest.mark.parametrize("kind", ["max", "min", "sum", "mean", "median"])
def test_a_decimal_bound_includes_the_value_written_like_it(validated: Validated, kind: str) -> None:
    amounts = pl.Series(["0.10"]).cast(pl.Decimal(12, 2)).to_frame("a")
    assert validated(amounts, BETWEEN[kind](column="a", min_value=0.1, max_value=0.1)).success
    assert not validated(amounts, BETWEEN[kind](column="a", min_value=0.1, strict_min=True)).success
    assert not validated(amounts, BETWEEN[kind](column="a", max_value=0.1, strict_max=True)).success


@pytest.mark.parametrize("kind", ["max", "min", "mean", "median"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_instants_lie_between_dates_as_a_suite_writes_them(
    validated: Validated, kind: str, zone: str | None
) -> None:
    rows = pl.Series([datetime(2026, 1, 2), None]).dt.replace_time_zone(zone).to_frame("a")  # noqa: DTZ001
    assert validated(
        rows, BETWEEN[kind](column="a", min_value="2026-01-02", max_value="2026-01-02T00:00:00")
    ).success
    assert not validated(rows, BETWEEN[kind](column="a", min_value="2026-01-03")).success
    assert not validated(rows, BETWEEN[kind](column="a", max_value=datetime(2026, 1, 1, tzinfo=UTC))).success


def test_dates_lie_between_dates_and_are_told_as_midnights(validated: Validated) -> None:
    rows = pl.Series([date(2026, 1, 2), date(2026, 1, 4)]).to_frame("a")
    result = validated(rows, gxe.ExpectColumnMeanToBeBetween(column="a", min_value=date(2026, 1, 3)))
    assert result.success
    assert result.to_json_dict()["result"]["observed_value"] == "2026-01-03T00:00:00"


@pytest.mark.parametrize(("kind", "expected"), [("max", 90.5), ("min", 1.5), ("sum", 92.0), ("mean", 46.0)])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_durations_are_observed_in_seconds(
    observed: Callable[..., Any], kind: str, expected: float, unit: Any
) -> None:
    lengths = pl.Series([timedelta(seconds=1.5), timedelta(seconds=90.5)], dtype=pl.Duration(unit))
    assert observed(lengths, kind, min_value=1, max_value=100) == expected


def test_the_deviation_of_instants_is_in_seconds(observed: Callable[..., Any]) -> None:
    assert observed(pl.Series([date(2026, 1, 1), date(2026, 1, 3)]), "stdev") == pytest.approx(
        86_400 * 2**0.5
    )


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["c", "a", "b"])])
@pytest.mark.parametrize(("kind", "expected"), [("max", "c"), ("min", "a")])
def test_categories_are_ordered_by_their_text(
    observed: Callable[..., Any], dtype: Any, kind: str, expected: str
) -> None:
    assert observed(pl.Series(["b", "c", None, "a"], dtype=dtype), kind) == expected


@pytest.mark.parametrize(("kind", "expected"), [("max", True), ("min", False), ("sum", 2), ("mean", 2 / 3)])
def test_booleans_are_ones_and_zeros(observed: Callable[..., Any], kind: str, expected: Any) -> None:
    assert observed(pl.Series([True, False, None, True]), kind) == expected


@pytest.mark.parametrize("kind", ["sum", "mean", "stdev"])
def test_nan_is_a_value_that_no_bound_accepts(validated: Validated, kind: str) -> None:
    result = validated(pl.Series([1.0, float("nan")]).to_frame("a"), BETWEEN[kind](column="a"))
    assert not result.success
    assert result.result["observed_value"] is None


def test_extremes_are_those_of_the_values_that_are_numbers(observed: Callable[..., Any]) -> None:
    values = pl.Series([1.0, float("nan"), 3.0, None])
    assert (observed(values, "min"), observed(values, "max")) == (1.0, 3.0)


@pytest.mark.parametrize("kind", sorted({*BETWEEN} - {"sum"}))
@pytest.mark.parametrize(
    "dtype", [pl.Null, pl.Int64, pl.Float64, pl.Decimal(12, 2), pl.Boolean, pl.Duration("us")]
)
@pytest.mark.parametrize("height", [0, 3])
def test_no_values_have_no_aggregate(validated: Validated, kind: str, dtype: Any, height: int) -> None:
    result = validated(pl.Series([None] * height, dtype=dtype).to_frame("a"), BETWEEN[kind](column="a"))
    assert not result.success
    assert result.result["observed_value"] is None


@pytest.mark.parametrize("dtype", [pl.Null, pl.Int64, pl.Float64, pl.Decimal(12, 2), pl.Boolean])
@pytest.mark.parametrize("height", [0, 3])
def test_the_sum_of_no_values_is_zero(observed: Callable[..., Any], dtype: Any, height: int) -> None:
    assert observed(pl.Series([None] * height, dtype=dtype), "sum") == 0


def test_narrow_floats_are_added_as_wide_ones(observed: Callable[..., Any]) -> None:
    values = pl.Series([2.0**24, 1.0, 1.0, 1.0, 1.0], dtype=pl.Float32)
    assert observed(values, "sum") == 2**24 + 4
    assert observed(values, "mean") == (2**24 + 4) / 5


def test_a_sum_of_decimals_beyond_38_digits_is_an_error(validated: Validated) -> None:
    rows = pl.Series([Decimal("9" * 38)] * 3, dtype=pl.Decimal(38, 0)).to_frame("a")
    result = validated(rows, gxe.ExpectColumnSumToBeBetween(column="a"))
    assert "overflow" in _exceptions(result)[0]


def test_text_has_no_mean(validated: Validated) -> None:
    result = validated(pl.DataFrame({"a": ["b"]}), gxe.ExpectColumnMeanToBeBetween(column="a"))
    assert "`mean` operation not supported for dtype `str`" in _exceptions(result)[0]


def test_a_row_condition_chooses_the_rows_that_are_added(validated: Validated) -> None:
    rows = pl.DataFrame({"a": [1, 2, None, 4], "of": ["x", "y", "x", "x"]})
    chosen = gxe.ExpectColumnSumToBeBetween(column="a", row_condition=Column("of") == "x")
    assert validated(rows, chosen).result["observed_value"] == 5


@pytest.mark.parametrize(
    ("expectation", "expected"),
    [
        (gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(column="a"), 0.75),
        (gxe.ExpectColumnProportionOfUniqueValuesToBeBetween(column="a"), 2 / 3),
        (gxe.ExpectColumnUniqueValueCountToBeBetween(column="a"), 2),
    ],
)
def test_nulls_are_no_distinct_values(validated: Validated, expectation: Any, expected: float) -> None:
    rows = pl.DataFrame({"a": ["x", "x", None, "y"]})
    assert validated(rows, expectation).result["observed_value"] == expected
    assert validated(rows.clear(), expectation).result["observed_value"] == 0


@pytest.mark.parametrize(
    ("values", "value_set", "unexpected", "missing"),
    [
        (pl.Series([3, 1, None, 1]), [1, 2, 1], [3], [2]),
        (pl.Series(["b", "a"], dtype=pl.Enum(["b", "a"])), ["a", "z"], ["b"], ["z"]),
        (pl.Series(["0.10", "0.25"]).cast(pl.Decimal(12, 2)), [0.1, 0.255], [Decimal("0.25")], [0.255]),
        (pl.Series([date(2026, 1, 1)]), ["2026-01-01", "2026-01-02"], [], ["2026-01-02"]),
        (pl.Series([], dtype=pl.String), ["a"], [], ["a"]),
    ],
)
def test_distinct_values_are_compared_with_a_set_in_the_columns_type(
    validated: Validated, values: pl.Series, value_set: list[Any], unexpected: list[Any], missing: list[Any]
) -> None:
    equal = validated(
        values.to_frame("a"), gxe.ExpectColumnDistinctValuesToEqualSet(column="a", value_set=value_set)
    )
    assert equal.result["partial_unexpected_list"] == unexpected
    assert equal.result["partial_missing_list"] == missing
    inside = validated(
        values.to_frame("a"), gxe.ExpectColumnDistinctValuesToBeInSet(column="a", value_set=value_set)
    )
    assert inside.success is not unexpected
    assert inside.result["unexpected_count"] == len(unexpected)
    contained = gxe.ExpectColumnDistinctValuesToContainSet(column="a", value_set=value_set)
    assert validated(values.to_frame("a"), contained).result["missing_count"] == len(missing)


def test_only_twenty_unexpected_values_are_listed_and_all_are_counted(validated: Validated) -> None:
    rows = pl.DataFrame({"a": range(100)})
    found = validated(rows, gxe.ExpectColumnDistinctValuesToBeInSet(column="a", value_set=[0])).result
    assert found["partial_unexpected_list"] == list(range(1, 21))
    assert found["unexpected_count"] == 99


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series([2, 1, 1, 2, 3, None, None, None]), [1, 2]),
        (pl.Series(["b", "b", "a"], dtype=pl.Categorical), ["b"]),
        (pl.Series([date(2026, 1, 1)]), [date(2026, 1, 1)]),
        (pl.Series([timedelta(seconds=2)]), [2.0]),
        (pl.Series([time(8)]), [time(8)]),
        (pl.Series([None], dtype=pl.Null), []),
    ],
)
def test_the_most_common_values_are_all_that_tie(
    validated: Validated, values: pl.Series, expected: list[Any]
) -> None:
    result = validated(
        values.to_frame("a"), gxe.ExpectColumnMostCommonValueToBeInSet(column="a", value_set=[0])
    )
    assert result.result["observed_value"] == expected
    assert result.to_json_dict()["success"] is False


@pytest.mark.parametrize("strict", ["strict_min", "strict_max"])
def test_a_strict_bound_leaves_out_the_instant_itself(validated: Validated, strict: str) -> None:
    rows = pl.Series([datetime(2026, 1, 2)]).to_frame("a")  # noqa: DTZ001
    bound = {"strict_min": "min_value", "strict_max": "max_value"}[strict]
    within = gxe.ExpectColumnMaxToBeBetween(column="a", **{bound: "2026-01-02", strict: True})
    assert not validated(rows, within).success


def test_an_instant_beside_a_number_is_an_error(validated: Validated) -> None:
    rows = pl.Series([datetime(2026, 1, 2)]).to_frame("a")  # noqa: DTZ001
    assert not validated(rows, gxe.ExpectColumnMaxToBeBetween(column="a")).exception_info["raised_exception"]
    assert "raised_exception" in str(validated(rows, gxe.ExpectColumnMaxToBeBetween(column="a", min_value=1)))
    with pytest.raises(TypeError):
        assert told(datetime(2026, 1, 2)) < 1  # noqa: DTZ001


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series(["é", "abc", None]), (1, 3)),
        (pl.Series([[1], [], None], dtype=pl.List(pl.Int64)), (0, 1)),
        (pl.Series([], dtype=pl.String), (None, None)),
    ],
)
def test_lengths_are_counted_in_characters_or_members(values: pl.Series, expected: Any) -> None:
    assert (_computed(values, aggregates.shortest), _computed(values, aggregates.longest)) == expected


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"min_value": 2}, 2),
        ({"min_value": 2, "strict_min": True}, 1),
        ({"max_value": 2, "strict_max": True}, 1),
        ({"min_value": 1, "max_value": 2}, 2),
    ],
)
def test_values_between_bounds_are_counted(bounds: dict[str, Any], expected: int) -> None:
    assert _computed(pl.Series([1, 2, None, 3]), aggregates.between_count, **bounds) == expected


@pytest.mark.parametrize(
    ("bounds", "message"),
    [({}, "cannot both be None"), ({"min_value": 2, "max_value": 1}, "is greater than")],
)
def test_bounds_that_hold_nothing_are_an_error(bounds: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _computed(pl.Series([1]), aggregates.between_count, **bounds)


def test_distinct_values_are_without_null() -> None:
    assert _computed(pl.Series(["b", None, "a", "b"]), distinct.distinct_values) == {"a", "b"}


@pytest.mark.parametrize(("threshold", "expected"), [(3, True), (2, False)])
def test_distinct_values_may_be_under_a_threshold(threshold: int, *, expected: bool) -> None:
    domain = _domain(pl.Series([1, 2]), **{"column.distinct_values.count": 2})
    found = distinct.is_distinct_values_count_under_threshold(domain, threshold=threshold)
    assert found is expected


@pytest.mark.parametrize(
    ("sort", "expected"), [("value", ["a", "b"]), ("count", ["b", "a"]), ("none", ["b", "a"])]
)
def test_values_are_counted_in_an_order(sort: str, expected: list[str]) -> None:
    found = _computed(pl.Series(["b", "a", None, "b"]), distinct.value_counts, sort=sort)
    assert found.index.tolist() == expected
    assert found.loc[["a", "b"]].tolist() == [1, 2]


@pytest.mark.parametrize("unknown", [{"sort": "size"}, {"collate": "utf8"}])
def test_an_unknown_order_of_counts_is_an_error(unknown: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(unknown))):
        _computed(pl.Series(["a"]), distinct.value_counts, **unknown)


def test_a_most_common_decimal_is_found_among_floats(validated: Validated) -> None:
    amounts = pl.Series(["0.10"]).cast(pl.Decimal(12, 2)).to_frame("a")
    assert validated(amounts, gxe.ExpectColumnMostCommonValueToBeInSet(column="a", value_set=[0.1])).success


def test_metrics_are_computed_without_an_expectation(lazyframe_batches: BatchDefinition[Any]) -> None:
    rows = pl.DataFrame({"a": [1, 2, 2, None]})
    batch = lazyframe_batches.get_batch({"dataframe": rows.lazy()})
    metrics: Any = [
        ColumnMean(column="a"),
        ColumnDistinctValuesCount(column="a"),
        ColumnNullCount(column="a"),
    ]
    assert [found.value for found in batch.compute_metrics(metrics)] == [5 / 3, 2, 1]
    assert batch.compute_metrics(ColumnSampleValues(column="a", count=2)).value == [1, 2]
    described = batch.compute_metrics(ColumnDescriptiveStats(column="a")).value
    assert (described.min, described.max, described.mean) == (1.0, 2.0, 5 / 3)


def test_a_failed_metric_is_told_and_costs_no_other(lazyframe_batches: BatchDefinition[Any]) -> None:
    batch = lazyframe_batches.get_batch({"dataframe": pl.LazyFrame({"a": ["x"]})})
    metrics: Any = [ColumnMean(column="a"), ColumnDistinctValuesCount(column="a")]
    mean, count = batch.compute_metrics(metrics)
    assert "not supported for dtype `str`" in mean.value.exception_message
    assert count.value == 1
