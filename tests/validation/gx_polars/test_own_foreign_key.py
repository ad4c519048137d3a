"""`expect_column_values_to_exist_in`: a foreign key to another table."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.validation.gx_polars import ExpectColumnValuesToExistIn
from loyalty_pipeline.validation.gx_polars.passes import orphaned

KEYS = st.lists(st.none() | st.integers(-3, 3), max_size=12)


def expected(**given):
    return ExpectColumnValuesToExistIn(column="id", reference="r", reference_column="id", **given)


def table(values, dtype=None):
    return pl.LazyFrame({"id": pl.Series(values, dtype=dtype)})


def told(result):
    return next(iter(result.exception_info.values()))["exception_message"]


def test_a_value_that_the_reference_lacks_is_unexpected(validated):
    found = validated(table([1, 2, 9, 9]), expected(), references={"r": table([1, 2, 3])})
    assert not found.success
    assert found.result["unexpected_count"] == 2
    assert found.result["partial_unexpected_list"] == [9, 9]
    assert found.result["partial_unexpected_index_list"] == [2, 3]


def test_a_null_refers_to_nothing_and_takes_no_part(validated):
    found = validated(table([1, None]), expected(), references={"r": table([1])})
    assert found.success
    assert found.result["missing_count"] == 1


def test_a_null_in_the_reference_is_no_value(validated):
    found = validated(table([1, None, 2]), expected(), references={"r": table([None, 1])})
    assert found.result["partial_unexpected_list"] == [2]


def test_duplicates_in_the_reference_count_no_row_twice(validated):
    found = validated(table([1, 1, 2]), expected(), references={"r": table([1, 1, 1])})
    assert (found.result["element_count"], found.result["unexpected_count"]) == (3, 1)


def test_nothing_exists_in_an_empty_reference(validated):
    found = validated(table([1, 2]), expected(), references={"r": table([], pl.Int64)})
    assert found.result["unexpected_count"] == 2


def test_no_rows_refer_to_nothing(validated):
    assert validated(table([], pl.Int64), expected(), references={"r": table([], pl.Int64)}).success


def test_mostly_lets_some_orphans_pass(validated):
    references = {"r": table([1, 2, 3])}
    assert validated(table([1, 2, 3, 9]), expected(mostly=0.75), references=references).success
    assert not validated(table([1, 2, 3, 9]), expected(mostly=0.8), references=references).success


def test_nan_exists_where_there_is_nan(validated):
    nan = float("nan")
    assert validated(table([nan, -0.0]), expected(), references={"r": table([-nan, 0.0])}).success
    assert not validated(table([nan]), expected(), references={"r": table([0.0])}).success


@pytest.mark.parametrize(
    ("own", "reference"),
    [
        (pl.Series([1, 7], dtype=pl.Int16), pl.Series([1], dtype=pl.Int64)),
        (pl.Series([1, 2**64 - 1], dtype=pl.UInt64), pl.Series([1, -1], dtype=pl.Int64)),
        (pl.Series(["a", "b"], dtype=pl.Categorical), pl.Series(["a"])),
        (pl.Series(["a", "b"]), pl.Series(["a"], dtype=pl.Categorical)),
        (pl.Series(["a", "b"], dtype=pl.Enum(["b", "a"])), pl.Series(["a"], dtype=pl.Enum(["a", "c"]))),
        (pl.Series([1.5, 2.5], dtype=pl.Float32), pl.Series([1.5])),
        (pl.Series([1, 2]), pl.Series([Decimal("1.00"), Decimal("2.50")])),
        (pl.Series([Decimal("1.0"), Decimal("1.1")]), pl.Series([Decimal("1.00")])),
        (pl.Series([True, False]), pl.Series([True])),
        (pl.Series([1, 2]), pl.Series([1, None], dtype=pl.Int64)),
        (
            pl.Series([0, 1], dtype=pl.Datetime("ms", "UTC")),
            pl.Series([0], dtype=pl.Datetime("us", "Europe/Berlin")),
        ),
    ],
)
def test_equal_values_of_kindred_types_are_equal(validated, own, reference):
    found = validated(
        pl.LazyFrame({"id": own}), expected(), references={"r": pl.LazyFrame({"id": reference})}
    )
    assert found.result["unexpected_count"] == 1
    assert found.result["partial_unexpected_index_list"] == [1]


def test_a_column_of_nulls_alone_refers_to_nothing(validated):
    assert validated(table([None]), expected(), references={"r": table([1])}).success
    assert not validated(table([1]), expected(), references={"r": table([None])}).success


@pytest.mark.parametrize(
    ("own", "reference"),
    [
        (["1"], [1]),
        ([1], [1.0]),
        ([datetime(2026, 1, 1)], [datetime(2026, 1, 1, tzinfo=UTC)]),  # noqa: DTZ001 - the point
        ([True], [1]),
    ],
)
def test_types_that_only_look_alike_are_an_error(validated, own, reference):
    found = validated(table(own), expected(), references={"r": table(reference)})
    assert not found.success
    assert "TypeError: id is" in told(found)
    assert "r.id is" in told(found)


def test_nanoseconds_are_not_compared_with_instants_that_they_cannot_hold(validated):
    own, reference = table([0], pl.Datetime("ns")), table([0], pl.Datetime("us"))
    assert "TypeError" in told(validated(own, expected(), references={"r": reference}))


def test_an_unknown_reference_is_an_error_that_names_the_one_that_is_meant(validated):
    misspelt = ExpectColumnValuesToExistIn(column="id", reference="customer", reference_column="id")
    found = validated(table([1]), misspelt, references={"customers": table([1])})
    assert "there is no reference 'customer': did you mean 'customers'?" in told(found)
    assert "there is no reference 'customer': there are none" in told(validated(table([1]), misspelt))


def test_an_unknown_column_of_the_reference_is_an_error_that_names_the_one_that_is_meant(validated):
    misspelt = ExpectColumnValuesToExistIn(column="id", reference="r", reference_column="customr_id")
    found = validated(table([1]), misspelt, references={"r": pl.LazyFrame({"customer_id": [1], "day": [1]})})
    assert "no column of 'r' named 'customr_id': did you mean 'customer_id'?" in told(found)


def test_an_unknown_column_is_an_error(validated):
    missing = ExpectColumnValuesToExistIn(column="nope", reference="r", reference_column="id")
    assert '"nope"' in told(validated(table([1]), missing, references={"r": table([1])}))


@settings(max_examples=25, deadline=None)
@given(own=KEYS, reference=KEYS)
def test_orphans_are_what_counting_by_hand_finds(validated, own, reference):
    by_hand = [value for value in own if value is not None and value not in reference]
    found = validated(
        table(own, pl.Int64),
        expected(),
        references={"r": table(reference, pl.Int32)},
        result_format="COMPLETE",
    )
    assert found.result["unexpected_list"] == by_hand
    assert found.success == (not by_hand)


@settings(max_examples=25, deadline=None)
@given(own=KEYS, reference=KEYS)
def test_passes_over_parts_find_the_same_orphans(own, reference):
    own, reference = ([value for value in values if value is not None] for values in (own, reference))
    found = orphaned(table(own, pl.Int64), table(reference, pl.Int64), "id", rows_per_pass=2)
    by_hand = {value: own.count(value) for value in own if value not in reference}
    assert dict(found.iter_rows()) == by_hand
