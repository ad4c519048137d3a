"""Several columns of a row."""

# ruff: noqa: DTZ001 - a column without a zone holds clock readings without one

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.expectations.row_conditions import Column

FRAME = pl.DataFrame(
    {
        "a": [1, 2, 3, None, None],
        "b": [1, 3, None, 4, None],
        "text": ["1", "3", "3", "x", None],
        "amount": pl.Series(["1.00", "3.10", None, "4", None]).cast(pl.Decimal(10, 2)),
    }
)


def unexpected(result):
    assert not result.exception_info.get("exception_message"), result.exception_info
    return result.result["partial_unexpected_list"]


@pytest.mark.parametrize(
    ("ignored", "differing"),
    [
        ("both_values_are_missing", [(2, 3), (3, None), (None, 4)]),
        ("either_value_is_missing", [(2, 3)]),
        ("neither", [(2, 3), (3, None), (None, 4), (None, None)]),
    ],
)
def test_a_pair_is_equal_and_a_null_equal_to_nothing(validated, ignored, differing):
    rule = gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b", ignore_row_if=ignored)
    result = validated(FRAME, rule)
    assert unexpected(result) == differing
    assert result.result["element_count"] == 5


def test_the_first_of_a_pair_is_greater(validated):
    frame = pl.DataFrame({"a": [1.0, 2.0, float("nan"), 3.0], "b": [1, 1, 1, None]})
    above = gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="a", column_B="b")
    assert str(unexpected(validated(frame, above))) == "[(1.0, 1), (nan, 1), (3.0, None)]"
    from_it_on = gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="a", column_B="b", or_equal=True)
    assert str(unexpected(validated(frame, from_it_on))) == "[(nan, 1), (3.0, None)]"


def test_pairs_are_compared_across_types_but_not_across_kinds(validated):
    amounts = gxe.ExpectColumnPairValuesToBeEqual(column_A="b", column_B="amount")
    assert unexpected(validated(FRAME, amounts)) == [(3, Decimal("3.10"))]
    words = validated(FRAME, gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="text"))
    assert "cannot be compared" in str(words.exception_info)


def test_one_instant_in_two_zones_is_equal(validated):
    instant = datetime(2024, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame({"a": [instant], "b": [instant.astimezone(ZoneInfo("Asia/Tokyo"))]})
    assert validated(frame, gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b")).success


def test_labels_are_compared_by_their_text(validated):
    frame = pl.DataFrame(
        {
            "a": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])),
            "b": pl.Series(["x", "x"], dtype=pl.Enum(["y", "x"])),
            "c": pl.Series(["x", "y"], dtype=pl.Categorical),
        }
    )
    rule = gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="a", column_B="b", or_equal=True)
    assert validated(frame, rule).success
    assert validated(frame, gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="c")).success


def test_a_pair_is_one_of_a_set_in_which_null_is_null(validated):
    pairs = [(1, "1"), (2, "x"), (None, "x")]
    rule = gxe.ExpectColumnPairValuesToBeInSet(column_A="a", column_B="text", value_pairs_set=pairs)
    assert unexpected(validated(FRAME, rule)) == [(2, "3"), (3, "3")]


def test_a_pair_in_a_set_heeds_its_row_condition(validated):
    rule = gxe.ExpectColumnPairValuesToBeInSet(
        column_A="a", column_B="b", value_pairs_set=[(1, 1)], row_condition=Column("a") == 1
    )
    result = validated(FRAME, rule)
    assert (result.success, result.result["element_count"]) == (True, 1)


@pytest.mark.parametrize(("ignored", "repeated"), [("all_values_are_missing", 2), ("never", 4)])
def test_nulls_of_a_compound_key_are_equal(validated, ignored, repeated):
    frame = pl.DataFrame({"a": [1, 1, 1, None, None], "b": [None, None, 2, None, None]})
    rule = gxe.ExpectCompoundColumnsToBeUnique(column_list=["a", "b"], ignore_row_if=ignored)
    result = validated(frame, rule)
    assert result.result["unexpected_count"] == repeated
    assert unexpected(result)[0] == {"a": 1, "b": None}


def test_a_sum_is_exact_for_numbers_that_are(validated):
    frame = pl.DataFrame(
        {
            "small": pl.Series([100, 100], dtype=pl.Int8),
            "also": pl.Series([100, None], dtype=pl.Int8),
            "amount": pl.Series(["0.10", "1"]).cast(pl.Decimal(10, 2)),
        }
    )
    whole = gxe.ExpectMulticolumnSumToEqual(column_list=["small", "also"], sum_total=200)
    assert unexpected(validated(frame, whole)) == [{"small": 100, "also": None}]
    exact = gxe.ExpectMulticolumnSumToEqual(
        column_list=["small", "amount"], sum_total=100.1, row_condition=Column("also").is_not_null()
    )
    assert validated(frame, exact).success
    words = gxe.ExpectMulticolumnSumToEqual(column_list=["a", "text"], sum_total=1)
    assert "only numbers have a sum" in str(validated(FRAME, words).exception_info)


def test_the_values_of_a_record_are_distinct(validated):
    rule = gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(column_list=["a", "b", "text"])
    assert unexpected(validated(FRAME, rule)) == [{"a": 1, "b": 1, "text": "1"}]
    nulls = gxe.ExpectSelectColumnValuesToBeUniqueWithinRecord(
        column_list=["a", "text"], ignore_row_if="never"
    )
    assert unexpected(validated(FRAME, nulls)) == [{"a": None, "text": None}]


@pytest.mark.skipif(
    not hasattr(gxe, "ExpectMulticolumnValuesToBeEqual"), reason="came with Great Expectations 1.24"
)
def test_the_values_of_a_record_are_equal_and_nulls_are(validated):
    rule = gxe.ExpectMulticolumnValuesToBeEqual(column_list=["a", "b"], ignore_row_if="never")
    differing = [{"a": 2, "b": 3}, {"a": 3, "b": None}, {"a": None, "b": 4}]
    assert unexpected(validated(FRAME, rule)) == differing


def test_days_and_clock_readings_compare(validated):
    frame = pl.DataFrame({"a": [date(2024, 1, 1)] * 2, "b": [datetime(2024, 1, 1), datetime(2024, 1, 1, 5)]})
    rule = gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b")
    assert validated(frame, rule).result["unexpected_count"] == 1


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, [1, 2]),
        (
            {"unexpected_index_column_names": ["k"]},
            [{"a": 2, "b": 3, "k": "q"}, {"a": 3, "b": None, "k": "r"}],
        ),
        ({"unexpected_index_column_names": ["k"], "exclude_unexpected_values": True}, [{"k": ["q", "r"]}]),
    ],
)
def test_unexpected_rows_are_told_by_position_or_by_named_columns(validated, options, where):
    frame = FRAME.head(3).with_columns(k=pl.Series(["p", "q", "r"]))
    rule = gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b")
    result = validated(frame, rule, result_format={"result_format": "COMPLETE", **options})
    assert result.result["unexpected_index_list"] == where


def test_unexpected_rows_are_told_whole_and_exactly(validated):
    frame = pl.DataFrame({"a": [1, 2], "b": [1, None], "id": [2**60 + 1, 2**60 + 3]})
    rule = gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b")
    shape = {"result_format": "BASIC", "include_unexpected_rows": True}
    result = validated(frame, rule, result_format=shape).to_json_dict()["result"]
    assert result["unexpected_rows"] == [{"a": 2, "b": None, "id": 2**60 + 3}]


def test_a_name_that_the_batch_lacks_is_an_error(validated):
    rule = gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="b")
    shape = {"result_format": "COMPLETE", "unexpected_index_column_names": ["nowhere"]}
    assert "nowhere" in str(validated(FRAME, rule, result_format=shape).exception_info)
    missing = gxe.ExpectColumnPairValuesToBeEqual(column_A="a", column_B="nowhere")
    assert "does not exist" in str(validated(FRAME, missing).exception_info)
