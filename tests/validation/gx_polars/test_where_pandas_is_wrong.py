"""Values that the pandas engine turns into others before it looks at them."""

# ruff: noqa: DTZ001 - a column without a zone holds clock readings without one

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import great_expectations.expectations as gxe
import polars as pl
import pytest

NEAR = 2**60
BERLIN = ZoneInfo("Europe/Berlin")


def found(frame, rule, validated):
    result = validated(frame, rule)
    assert not result.exception_info.get("exception_message"), result.exception_info
    return result.success, result.result["partial_unexpected_list"]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64, pl.Int128])
def test_long_ids_beside_a_null_stay_what_they_are(validated, dtype):
    frame = pl.DataFrame({"id": pl.Series([NEAR, NEAR + 1, None], dtype=dtype)})
    assert found(frame, gxe.ExpectColumnValuesToBeUnique(column="id"), validated) == (True, [])
    rule = gxe.ExpectColumnValuesToBeInSet(column="id", value_set=[NEAR])
    assert found(frame, rule, validated) == (False, [NEAR + 1])
    # Great Expectations makes a float of a bound before any engine sees it.
    upper = gxe.ExpectColumnValuesToBeBetween(column="id", max_value=float(NEAR))
    assert found(frame, upper, validated) == (False, [NEAR + 1])
    assert found(frame, gxe.ExpectColumnValuesToBeIncreasing(column="id", strictly=True), validated)[0]


def test_long_ids_of_two_columns_differ_by_one(validated):
    frame = pl.DataFrame(
        {
            "signed": pl.Series([NEAR, NEAR + 1, None], dtype=pl.Int64),
            "unsigned": pl.Series([NEAR, NEAR, None], dtype=pl.UInt64),
        }
    )
    rule = gxe.ExpectColumnPairValuesToBeEqual(column_A="signed", column_B="unsigned")
    assert found(frame, rule, validated) == (False, [(NEAR + 1, NEAR)])


def test_a_set_may_hold_more_than_the_column_can(validated):
    frame = pl.DataFrame({"x": pl.Series([1, 2], dtype=pl.Int8)})
    rule = gxe.ExpectColumnValuesToBeInSet(column="x", value_set=[1, 2.0, 2.5, 10**30, -1])
    assert found(frame, rule, validated) == (True, [])


def test_decimals_are_compared_as_decimals(validated):
    amounts = pl.Series(["0.10", "0.30", "9999999999.99"]).cast(pl.Decimal(12, 2))
    frame = pl.DataFrame({"x": amounts})
    rule = gxe.ExpectColumnValuesToBeInSet(column="x", value_set=[0.1, "0.30", Decimal("0.304"), 0])
    assert found(frame, rule, validated) == (False, [Decimal("9999999999.99")])
    upper = gxe.ExpectColumnValuesToBeBetween(column="x", max_value=0.3)
    assert found(frame, upper, validated) == (False, [Decimal("9999999999.99")])
    below = gxe.ExpectColumnValuesToBeBetween(column="x", max_value=0.301, strict_max=True)
    assert found(frame, below, validated) == (False, [Decimal("9999999999.99")])


def test_nan_is_a_value_that_is_between_nothing_and_in_the_set_that_has_it(validated):
    nan = float("nan")
    frame = pl.DataFrame({"x": [1.0, nan, None]})
    result = validated(frame, gxe.ExpectColumnValuesToNotBeNull(column="x"))
    assert result.result["unexpected_count"] == 1
    assert validated(frame, gxe.ExpectColumnValuesToBeNull(column="x")).result["unexpected_count"] == 2
    between = validated(frame, gxe.ExpectColumnValuesToBeBetween(column="x", min_value=0))
    assert between.result["unexpected_count"] == 1
    without = validated(frame, gxe.ExpectColumnValuesToBeInSet(column="x", value_set=[1]))
    assert without.result["unexpected_count"] == 1
    assert validated(frame, gxe.ExpectColumnValuesToBeInSet(column="x", value_set=[1, nan])).success


def test_a_clock_reading_is_one_of_the_columns_zone(validated):
    moments = [datetime(2024, 1, 1, tzinfo=BERLIN), datetime(2024, 1, 1, 0, 30, tzinfo=UTC)]
    frame = pl.DataFrame({"x": pl.Series(moments, dtype=pl.Datetime("us", "Europe/Berlin"))})
    local = gxe.ExpectColumnValuesToBeInSet(column="x", value_set=["2024-01-01", "2024-01-01T01:30:00"])
    assert found(frame, local, validated) == (True, [])
    offset = gxe.ExpectColumnValuesToBeInSet(column="x", value_set=["2023-12-31T23:00:00Z"])
    assert found(frame, offset, validated) == (False, [moments[1].astimezone(BERLIN)])


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_moment_finer_or_later_than_the_unit_stays_itself(validated, unit):
    frame = pl.DataFrame({"x": pl.Series([datetime(2024, 1, 1)], dtype=pl.Datetime(unit))})
    finer = "2024-01-01T00:00:00.000005"
    assert not validated(frame, gxe.ExpectColumnValuesToBeInSet(column="x", value_set=[finer])).success
    below = gxe.ExpectColumnValuesToBeBetween(column="x", max_value=finer, strict_max=True)
    assert found(frame, below, validated) == (True, [])
    for late in ("9999-12-31", datetime(9999, 12, 31)):
        assert validated(frame, gxe.ExpectColumnValuesToBeBetween(column="x", max_value=late)).success


def test_a_text_without_a_day_is_no_bound(validated):
    frame = pl.DataFrame({"x": [datetime(2024, 1, 1)]})
    result = validated(frame, gxe.ExpectColumnValuesToBeInSet(column="x", value_set=["Jan 2024"]))
    assert "does not say which day" in str(result.exception_info)


def test_text_that_is_no_json_does_not_end_the_validation(validated):
    frame = pl.DataFrame({"x": ["{}", "{"]})
    rule = gxe.ExpectColumnValuesToMatchJsonSchema(column="x", json_schema={"type": "object"})
    assert found(frame, rule, validated) == (False, ["{"])
