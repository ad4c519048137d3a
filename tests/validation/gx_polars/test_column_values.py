"""Values of one column: nulls, sets, ranges, uniqueness, order, types, outliers."""

# ruff: noqa: DTZ001 - a column without a zone holds clock readings without one

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.expectations.row_conditions import Column

from loyalty_pipeline.validation.gx_polars import passes

EVERY_KIND = {
    "whole": pl.Series([1, 2, None, 2]),
    "share": pl.Series([0.5, 1.5, None, 1.5]),
    "amount": pl.Series([Decimal("1.10"), Decimal("2.20"), None, Decimal("2.20")], dtype=pl.Decimal(12, 2)),
    "word": pl.Series(["a", "b", None, "b"]),
    "label": pl.Series(["a", "b", None, "b"], dtype=pl.Categorical),
    "choice": pl.Series(["a", "b", None, "b"], dtype=pl.Enum(["b", "a"])),
    "flag": pl.Series([True, False, None, False]),
    "day": pl.Series([date(2024, 1, 1), date(2024, 1, 2), None, date(2024, 1, 2)]),
    "moment": pl.Series([datetime(2024, 1, 1), datetime(2024, 1, 2), None, datetime(2024, 1, 2)]),
    "hour": pl.Series([time(1), time(2), None, time(2)]),
    "length": pl.Series([timedelta(1), timedelta(2), None, timedelta(2)]),
}
FRAME = pl.DataFrame(EVERY_KIND)


def found(result):
    assert not result.exception_info.get("exception_message"), result.exception_info
    return result.success, result.result["unexpected_count"], result.result["partial_unexpected_list"]


def failure(result):
    return str(result.exception_info)


def test_a_null_is_expected_or_not_and_missing_is_counted(validated):
    assert found(validated(FRAME, gxe.ExpectColumnValuesToNotBeNull(column="whole"))) == (False, 1, [None])
    assert found(validated(FRAME, gxe.ExpectColumnValuesToBeNull(column="whole"))) == (False, 3, [1, 2, 2])
    result = validated(FRAME, gxe.ExpectColumnValuesToBeInSet(column="whole", value_set=[1], mostly=0.3))
    assert (result.success, result.result["missing_count"]) == (True, 1)
    assert result.result["unexpected_percent"] == pytest.approx(200 / 3)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_sets_take_values_of_the_columns_own_kind(validated, name):
    first, second = FRAME[name].to_list()[:2]
    if name == "length":  # Great Expectations writes no durations, so they come and go as text.
        first, second = "P1D", "P2D"
    within = gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[first])
    assert found(validated(FRAME, within)) == (False, 2, [second, second])
    outside = gxe.ExpectColumnValuesToNotBeInSet(column=name, value_set=[first, None])
    assert found(validated(FRAME, outside)) == (False, 1, [first])


@pytest.mark.parametrize("name", ["amount", "day", "moment", "hour", "length"])
def test_sets_take_what_json_writes_for_the_value(validated, name):
    written = gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[str(FRAME[name][1])])
    assert found(validated(FRAME, written))[:2] == (False, 1)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_a_value_of_another_kind_is_an_error_and_not_just_absent(validated, name):
    wrong = 1 if FRAME[name].dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean) else "x y"
    wrong = True if FRAME[name].dtype.is_temporal() else wrong
    result = validated(FRAME, gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[wrong]))
    assert not result.success
    assert "cannot be compared with" in failure(result)


def test_a_label_that_an_enum_lacks_is_in_no_set(validated):
    for name in ("choice", "label"):
        result = validated(FRAME, gxe.ExpectColumnValuesToBeInSet(column=name, value_set=["z", "a"]))
        assert found(result) == (False, 2, ["b", "b"])


def test_an_empty_set_holds_nothing_and_no_set_everything(validated):
    assert found(validated(FRAME, gxe.ExpectColumnValuesToBeInSet(column="whole", value_set=[])))[1] == 3
    assert found(validated(FRAME, gxe.ExpectColumnValuesToNotBeInSet(column="whole", value_set=[])))[1] == 0


@pytest.mark.parametrize(
    ("name", "bounds", "outside"),
    [
        ("whole", {"min_value": 2}, [1]),
        ("whole", {"min_value": 1, "strict_min": True, "max_value": 2, "strict_max": True}, [1, 2, 2]),
        ("whole", {"min_value": 1.5}, [1]),
        ("share", {"max_value": 1, "strict_max": True}, [1.5, 1.5]),
        ("amount", {"max_value": 1.1}, [Decimal("2.20")] * 2),
        ("day", {"min_value": "2024-01-01T12:00:00"}, [date(2024, 1, 1)]),
        ("moment", {"max_value": "2024-01-01"}, [datetime(2024, 1, 2)] * 2),
        ("moment", {"max_value": datetime(2024, 1, 1, tzinfo=UTC)}, [datetime(2024, 1, 2)] * 2),
    ],
)
def test_a_range_leaves_out_what_is_outside(validated, name, bounds, outside):
    result = validated(FRAME, gxe.ExpectColumnValuesToBeBetween(column=name, **bounds))
    assert found(result) == (False, len(outside), outside)


def test_a_range_whose_ends_are_swapped_is_an_error(validated):
    result = validated(FRAME, gxe.ExpectColumnValuesToBeBetween(column="whole", min_value=3, max_value=2))
    assert "cannot be greater than" in failure(result)


def test_a_parameter_is_filled_in(validated):
    rule = gxe.ExpectColumnValuesToBeBetween(column="whole", min_value={"$PARAMETER": "least"})
    assert found(validated(FRAME, rule, parameters={"least": 2})) == (False, 1, [1])


@pytest.mark.parametrize("name", EVERY_KIND)
def test_all_rows_of_a_repeated_value_are_unexpected_and_nulls_repeat_nothing(validated, name):
    repeated = "P2D" if name == "length" else FRAME[name][3]
    result = validated(pl.concat([FRAME, FRAME[2:3]]), gxe.ExpectColumnValuesToBeUnique(column=name))
    assert found(result) == (False, 2, [repeated, repeated])


@pytest.mark.parametrize(
    ("values", "strictly", "falling"),
    [
        ([1, None, 3, 2, None, 2], False, [2]),
        ([1, None, 3, 2, None, 2], True, [2, 2]),
        (["a", "c", "b"], False, ["b"]),
        ([3.0, float("nan"), 2.0, 5.0], False, None),
        ([None, None], True, []),
        ([], True, []),
    ],
)
def test_each_value_follows_the_one_before_it_that_is_there(validated, values, strictly, falling):
    rule = gxe.ExpectColumnValuesToBeIncreasing(column="x", strictly=strictly)
    dtype = None if any(value is not None for value in values) else pl.Int64
    success, count, there = found(validated(pl.DataFrame({"x": pl.Series(values, dtype=dtype)}), rule))
    if falling is None:
        assert (count, str(there)) == (2, "[nan, 2.0]")
    else:
        assert (success, there) == (not falling, falling)


def test_order_is_that_of_the_rows_that_take_part(validated):
    frame = pl.DataFrame({"x": [9, 1, 8, 2, 7, 3], "side": ["l", "r", "l", "r", "l", "r"]})
    left = gxe.ExpectColumnValuesToBeDecreasing(
        column="x", strictly=True, row_condition=Column("side") == "l"
    )
    assert found(validated(frame, left)) == (True, 0, [])
    assert found(validated(frame, gxe.ExpectColumnValuesToBeDecreasing(column="x")))[1] == 2


def test_order_goes_on_from_file_to_file(validated, tmp_path):
    numbers = pl.DataFrame({"x": range(1000)}).with_columns(
        x=pl.when(pl.col("x") == 500).then(3).otherwise(pl.col("x"))
    )
    for part in range(4):
        numbers[part * 250 : (part + 1) * 250].write_parquet(tmp_path / f"{part}.parquet", row_group_size=50)
    rule = gxe.ExpectColumnValuesToBeIncreasing(column="x")
    result = validated(pl.scan_parquet(tmp_path / "*.parquet"), rule, result_format="COMPLETE")
    assert result.result["unexpected_index_list"] == [500]


@pytest.mark.parametrize("name", ["Int64", "int64", "int"])
def test_a_type_has_names_of_polars_numpy_and_python(validated, name):
    assert validated(FRAME, gxe.ExpectColumnValuesToBeOfType(column="whole", type_=name)).success
    several = gxe.ExpectColumnValuesToBeInTypeList(column="whole", type_list=["str", name])
    assert validated(FRAME, several).success
    result = validated(FRAME, gxe.ExpectColumnValuesToBeOfType(column="share", type_=name))
    assert (result.success, result.result["observed_value"]) == (False, "Float64")


@pytest.mark.parametrize(
    ("column", "name", "is_so"),
    [
        ("amount", "Decimal(12, 2)", True),
        ("amount", "Decimal(10, 2)", False),
        ("amount", "Decimal", True),
        ("moment", "Datetime('us')", True),
        ("moment", "datetime64[us]", True),
        ("moment", "datetime64[us, UTC]", False),
        ("choice", "category", True),
        ("day", "date", True),
        ("day", "datetime", False),
    ],
)
def test_a_type_with_parts_is_named_with_or_without_them(validated, column, name, is_so):
    result = validated(FRAME, gxe.ExpectColumnValuesToBeOfType(column=column, type_=name))
    assert result.success is is_so


def test_a_type_that_nobody_knows_is_an_error(validated):
    result = validated(FRAME, gxe.ExpectColumnValuesToBeOfType(column="whole", type_="Integer64"))
    assert "no type is called 'Integer64'" in failure(result)
    missing = validated(FRAME, gxe.ExpectColumnValuesToBeOfType(column="nowhere", type_="int"))
    assert "does not exist" in failure(missing)


@pytest.mark.skipif(not hasattr(gxe, "ExpectColumnTypeToBe"), reason="came with Great Expectations 1.24")
def test_the_type_of_a_column_is_that_of_its_values(validated):
    assert validated(FRAME, gxe.ExpectColumnTypeToBe(column="whole", type_="Int64")).success
    assert not validated(FRAME, gxe.ExpectColumnTypeToBe(column="whole", type_="String")).success


def test_values_far_from_the_mean_are_unexpected(validated):
    frame = pl.DataFrame({"x": [1.0, 1.0, 1.0, None, 1.0, -9.0], "same": [2] * 6})
    rule = gxe.ExpectColumnValueZScoresToBeLessThan
    assert found(validated(frame, rule(column="x", threshold=1.5, double_sided=True))) == (False, 1, [-9])
    assert found(validated(frame, rule(column="x", threshold=1.5, double_sided=False))) == (True, 0, [])
    assert found(validated(frame, rule(column="same", threshold=1.5, double_sided=True))) == (True, 0, [])


@pytest.mark.skipif(
    not hasattr(gxe, "ExpectColumnValuesToNotBeOutliers"), reason="came with Great Expectations 1.24"
)
def test_values_outside_of_the_fences_are_outliers(validated):
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, None, 4.0, 99.0], "same": [2] * 6})
    rule = gxe.ExpectColumnValuesToNotBeOutliers
    assert found(validated(frame, rule(column="x"))) == (False, 1, [99])
    assert found(validated(frame, rule(column="x", method="std", multiplier=1)))[2] == [99]
    assert found(validated(frame, rule(column="same", method="std", multiplier=1))) == (True, 0, [])


@pytest.mark.parametrize("dtype", [pl.Int64, pl.String, pl.Null])
@pytest.mark.parametrize("height", [0, 2])
def test_without_values_everything_expected_of_values_holds(validated, dtype, height):
    frame = pl.DataFrame({"x": pl.Series([None] * height, dtype=dtype)})
    kind = "a" if dtype == pl.String else 1
    for rule in (
        gxe.ExpectColumnValuesToBeInSet(column="x", value_set=[kind]),
        gxe.ExpectColumnValuesToNotBeInSet(column="x", value_set=[kind]),
        gxe.ExpectColumnValuesToBeUnique(column="x"),
        gxe.ExpectColumnValuesToBeIncreasing(column="x"),
        gxe.ExpectColumnValuesToBeNull(column="x"),
    ):
        assert found(validated(frame, rule)) == (True, 0, [])
    assert validated(frame, gxe.ExpectColumnValuesToNotBeNull(column="x")).success is (height == 0)


@pytest.mark.parametrize("name", [*EVERY_KIND, "bytes"])
def test_what_is_told_of_any_kind_of_value_can_be_written(validated, name):
    frame = FRAME.with_columns(bytes=pl.Series([b"a", b"b", None, b"b"]))
    shape = {"result_format": "COMPLETE", "include_unexpected_rows": True}
    rule = gxe.ExpectColumnValuesToBeNull(column=name)
    result = validated(frame, rule, result_format=shape).to_json_dict()["result"]
    assert len(json.loads(json.dumps(result))["unexpected_rows"]) == 3


def test_keys_whose_hashes_meet_by_chance_are_no_duplicates(monkeypatch):
    monkeypatch.setattr(passes, "_share", lambda key: pl.col(key[0]).cast(pl.UInt64) % 3)
    rows = pl.LazyFrame({"id": [1, 4, 7, 2, 2, 3]})
    for rows_per_pass in (1, 2, 100):
        assert passes.duplicated(rows, ["id"], rows_per_pass).rows() == [(2, 2)]


@pytest.mark.parametrize("rows_per_pass", [1, 3, 1000])
def test_repeated_keys_are_counted_whether_they_are_few_or_most(rows_per_pass):
    few = pl.LazyFrame({"a": [*range(20), 5, None, None], "b": ["x"] * 23})
    assert sorted(passes.duplicated(few, ["a", "b"], rows_per_pass).rows(), key=str) == [
        (5, "x", 2),
        (None, "x", 2),
    ]
    most = pl.LazyFrame({"a": [1.5, float("nan"), 0.0, 1.5, float("nan"), -0.0, 7.0]})
    found = passes.duplicated(most, ["a"], rows_per_pass)
    assert sorted(found["_holders"].to_list()) == [2, 2, 2]
    assert passes.duplicated(most.head(2), ["a"], rows_per_pass).is_empty()
    assert passes.duplicated(most.head(0), ["a"], rows_per_pass).is_empty()
