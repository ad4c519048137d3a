"""`expect_table_to_be_fresh`: the age of a table's newest value."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from loyalty_pipeline.validation.gx_polars import ExpectTableToBeFresh
from loyalty_pipeline.validation.gx_polars.expectations.freshness import age

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def expected(max_age="36h", now="2026-03-10T12:00:00Z", **given):
    return ExpectTableToBeFresh(column="at", max_age=max_age, now=now, **given)


def table(*values, dtype=None):
    return pl.LazyFrame({"at": pl.Series(list(values), dtype=dtype)})


def told(result):
    return next(iter(result.exception_info.values()))["exception_message"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("36h", timedelta(hours=36)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(14)),
    ],
)
def test_an_age_is_a_number_and_a_unit(text, length):
    assert age(text) == length


@pytest.mark.parametrize("text", ["", "36", "h", "1.5h", "-1d", "1 d", "3y", "36h "])
def test_anything_else_is_no_age(text):
    with pytest.raises(ValueError, match="such as 36h"):
        expected(max_age=text)


def test_a_newest_value_of_exactly_the_greatest_age_is_fresh(validated):
    found = validated(table(NOON - timedelta(hours=36), NOON - timedelta(days=9)), expected())
    assert found.success
    assert found.result["observed_value"] == "2026-03-09T00:00:00+00:00"
    assert found.result["details"]["age_hours"] == 36


def test_an_older_newest_value_is_not_fresh(validated):
    assert not validated(table(NOON - timedelta(hours=36, seconds=1)), expected()).success


@pytest.mark.parametrize(
    "frame", [table(dtype=pl.Datetime("us", "UTC")), table(None, None, dtype=pl.Datetime("us"))]
)
def test_a_table_without_a_value_is_not_fresh(validated, frame):
    found = validated(frame, expected())
    assert not found.success
    assert found.result["observed_value"] is None


def test_a_value_after_now_is_fresh_and_told(validated):
    found = validated(table(NOON + timedelta(minutes=5)), expected())
    assert found.success
    assert found.result["details"]["is_ahead"]
    assert not validated(table(NOON), expected()).result["details"]["is_ahead"]


def test_instants_without_a_zone_are_utc(validated):
    naive = NOON.replace(tzinfo=None)
    assert validated(table(naive - timedelta(hours=1)), expected("1h")).success
    assert not validated(table(naive - timedelta(hours=1)), expected("59m")).success


def test_instants_in_another_zone_are_the_same_instants(validated):
    frame = table(NOON - timedelta(hours=1)).with_columns(pl.col("at").dt.convert_time_zone("Asia/Tokyo"))
    assert validated(frame, expected("1h")).success
    assert not validated(frame, expected("59m")).success


def test_a_date_counts_as_its_end(validated):
    assert validated(table(date(2026, 3, 9)), expected("12h")).success
    assert not validated(table(date(2026, 3, 9)), expected("11h")).success
    today = validated(table(date(2026, 3, 10)), expected("1m"))
    assert today.success
    assert not today.result["details"]["is_ahead"]
    assert validated(table(date(2026, 3, 11)), expected("1m")).result["details"]["is_ahead"]


def test_now_is_the_present_moment_by_default(validated):
    frame = table(datetime.now(UTC) - timedelta(minutes=30))
    assert validated(frame, ExpectTableToBeFresh(column="at", max_age="1h")).success
    assert not validated(frame, ExpectTableToBeFresh(column="at", max_age="29m")).success


@pytest.mark.parametrize("now", ["2026-03-10T12:00:00Z", NOON, "2026-03-10T13:00:00+01:00"])
def test_now_may_be_a_suite_parameter(validated, now):
    fresh = expected("1h", now={"$PARAMETER": "now"})
    assert validated(table(NOON - timedelta(hours=1)), fresh, parameters={"now": now}).success
    assert not validated(table(NOON - timedelta(hours=2)), fresh, parameters={"now": now}).success


def test_a_moment_that_cannot_be_read_is_an_error_when_the_expectation_is_made():
    with pytest.raises(ValueError, match="isoformat"):
        expected(now="noon")


def test_a_column_of_another_type_is_an_error(validated):
    assert "TypeError: at is Int64, which is neither a date nor an instant" in told(
        validated(table(1), expected())
    )
