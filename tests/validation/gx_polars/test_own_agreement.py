"""`expect_column_values_to_agree_by_key`: rows of one key hold one value."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.validation.gx_polars import ExpectColumnValuesToAgreeByKey
from loyalty_pipeline.validation.gx_polars.passes import disagreeing

SMALL = st.none() | st.integers(0, 2)
ROWS = st.lists(st.tuples(SMALL, SMALL, SMALL), max_size=14)


def expected(*key, **given):
    return ExpectColumnValuesToAgreeByKey(column="value", key=list(key or ("key",)), **given)


def table(keys, values, dtype=None):
    return pl.LazyFrame({"key": keys, "value": pl.Series(values, dtype=dtype)})


def told(result):
    return next(iter(result.exception_info.values()))["exception_message"]


def by_hand(rows):
    """The positions of the rows that do not hold the smallest value of their key."""
    smallest = {}
    for *key, value in rows:
        if value is not None:
            smallest[tuple(key)] = min(smallest.get(tuple(key), value), value)
    return [
        number
        for number, (*key, value) in enumerate(rows)
        if value is not None and value != smallest[tuple(key)]
    ]


def test_rows_of_one_key_hold_one_value(validated):
    assert validated(table(["a", "a", "b"], [1, 1, 2]), expected()).success


def test_the_smallest_value_counts_as_right_and_rows_with_another_are_unexpected(validated):
    found = validated(table(["a", "a", "a", "b"], [2, 1, 3, 9]), expected())
    assert not found.success
    assert found.result["partial_unexpected_list"] == [{"key": "a", "value": 2}, {"key": "a", "value": 3}]
    assert found.result["partial_unexpected_index_list"] == [0, 2]


def test_a_null_value_takes_no_part(validated):
    found = validated(table(["a", "a"], [None, 1]), expected())
    assert found.success
    assert found.result["missing_count"] == 1


def test_null_keys_are_one_key(validated):
    found = validated(table([None, None, "a"], [1, 2, 3]), expected())
    assert found.result["partial_unexpected_index_list"] == [1]


def test_nan_is_a_value_of_its_own_and_the_greatest(validated):
    nan = float("nan")
    assert validated(table(["a", "a"], [nan, nan]), expected()).success
    found = validated(table(["a", "a", "a"], [nan, 1.0, nan]), expected())
    assert found.result["partial_unexpected_index_list"] == [0, 2]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["b", "a"], pl.String),
        (["b", "a"], pl.Categorical),
        (["b", "a"], pl.Enum(["a", "b"])),
        ([True, False], pl.Boolean),
        ([Decimal("1.10"), Decimal("1.01")], pl.Decimal(9, 2)),
        ([1, 0], pl.Date),
        ([1, 0], pl.Datetime("us", "UTC")),
    ],
)
def test_values_of_every_ordered_type_are_compared(validated, values, dtype):
    found = validated(table(["a", "a"], values, dtype), expected())
    assert found.result["partial_unexpected_index_list"] == [0]


def test_no_rows_agree(validated):
    assert validated(table([], [], pl.Int64), expected()).success


def test_mostly_is_the_share_of_rows_with_their_keys_smallest_value(validated):
    rows = table(["a", "a", "a", "a"], [1, 1, 1, 2])
    assert validated(rows, expected(mostly=0.75)).success
    assert not validated(rows, expected(mostly=0.8)).success


def test_an_unknown_key_column_is_an_error_that_names_the_one_that_is_meant(validated):
    assert "there is no column 'kay': did you mean 'key'?" in told(
        validated(table(["a"], [1]), expected("kay"))
    )


@pytest.mark.parametrize("key", [[], ["value"], ["key", "key"]])
def test_a_key_is_other_columns_each_once(key):
    with pytest.raises(ValueError, match="key must name columns other than 'value'"):
        ExpectColumnValuesToAgreeByKey(column="value", key=key)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_disagreeing_rows_are_what_counting_by_hand_finds(validated, rows):
    frame = pl.LazyFrame(rows, schema={"a": pl.Int64, "b": pl.Int64, "value": pl.Int64}, orient="row")
    found = validated(frame, expected("a", "b"), result_format="COMPLETE")
    assert found.result["unexpected_index_list"] == by_hand(rows)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS)
def test_passes_over_parts_find_the_same_rows(rows):
    rows = [row for row in rows if row[-1] is not None]
    frame = pl.LazyFrame(rows, schema={"a": pl.Int64, "b": pl.Int64, "value": pl.Int64}, orient="row")
    found = disagreeing(frame, ["a", "b"], "value", rows_per_pass=2)
    wrong = [rows[number] for number in by_hand(rows)]
    assert {row[:3]: row[3] for row in found.iter_rows()} == {row: wrong.count(row) for row in wrong}
