"""`expect_volume_to_be_usual`: a day's rows beside those of its calendar peers."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from loyalty_pipeline.validation.gx_polars import ExpectVolumeToBeUsual
from loyalty_pipeline.validation.gx_polars.expectations.calendar_peers import (
    MAD_TO_DEVIATION,
    DayCount,
    Tolerance,
    peer_days,
)

MONDAY = date(2026, 3, 2)
WEEK = [1.0, 1.05, 1.0, 1.0, 1.1, 0.5, 0.3]
DEFAULT = Tolerance(mads=5, floor=0.06, noise=3)


def expected(day="2026-03-02", **given):
    return ExpectVolumeToBeUsual(column="on", day=day, **given)


def table(counts):
    """Rows of dates; `counts` is how many by day."""
    return pl.LazyFrame(
        {"on": [day for day, count in counts.items() for _ in range(count)]}, schema={"on": pl.Date}
    )


def weeks(today, before, busy=200):
    """A Monday after weeks whose Mondays have `before` rows and whose other days have others."""
    days = {MONDAY - timedelta(days=number): busy for number in range(1, 57)}
    mondays = {MONDAY - timedelta(weeks=number): count for number, count in enumerate(before, 1)}
    return table({**days, **mondays, MONDAY: today})


def told(result):
    return next(iter(result.exception_info.values()))["exception_message"]


def test_a_day_is_compared_with_the_same_weekday_and_not_with_its_neighbours(validated):
    found = validated(weeks(100, [100] * 8), expected())
    assert found.success
    assert found.result["observed_value"] == 100
    assert found.result["details"]["verdict"] == "usual"
    assert found.result["details"]["median"] == 100
    assert found.result["details"]["peers"]["2026-02-23"] == 100
    assert not validated(weeks(200, [100] * 8), expected()).success


@pytest.mark.parametrize(("today", "verdict"), [(50, "fewer"), (150, "more"), (0, "fewer")])
def test_half_or_half_more_is_unusual(validated, today, verdict):
    found = validated(weeks(today, [100] * 8), expected())
    assert not found.success
    assert found.result["details"]["verdict"] == verdict
    assert found.result["details"]["allowed"] == [69.9, 130.1]


def test_an_outlier_among_the_peers_changes_little(validated):
    assert not validated(weeks(50, [100] * 7 + [5000]), expected()).success


@pytest.mark.parametrize(
    ("today", "verdict"), [(470, "usual"), (469, "fewer"), (530, "usual"), (531, "more")]
)
def test_the_floor_is_a_share_of_the_median(today, verdict):
    seen = DayCount(MONDAY, today, {MONDAY - timedelta(weeks=number): 500 for number in range(1, 9)})
    assert seen.verdict(Tolerance(mads=5, floor=0.06, noise=0), minimum_peers=4) == verdict


def test_a_peer_without_rows_counts_none(validated):
    found = validated(weeks(0, [100] * 3 + [0] * 4 + [1]), expected())
    assert found.success
    assert list(found.result["details"]["peers"].values()) == [100, 100, 100, 0, 0, 0, 0, 1]


def test_days_before_the_tables_first_row_are_no_peers(validated):
    rows = table({MONDAY - timedelta(weeks=number): 100 for number in range(5)})
    assert len(validated(rows, expected()).result["details"]["peers"]) == 4


def test_with_too_few_peers_it_passes_and_says_that_it_cannot_tell(validated):
    rows = table({MONDAY: 1, MONDAY - timedelta(weeks=1): 100})
    found = validated(rows, expected())
    assert found.success
    assert found.result["details"]["verdict"] == "unknown"
    assert not validated(rows, expected(minimum_peers=1)).success


def test_of_no_rows_it_cannot_tell(validated):
    for day in (None, "2026-03-02"):
        found = validated(table({}), expected(day=day))
        assert found.success
        assert found.result["details"]["verdict"] == "unknown"
        assert found.result["observed_value"] == 0


def test_without_a_day_it_looks_at_the_one_before_the_newest(validated):
    rows = pl.concat([weeks(50, [100] * 8), table({MONDAY + timedelta(days=1): 1})])
    found = validated(rows, expected(day=None))
    assert found.result["details"]["day"] == "2026-03-02"
    assert not found.success


def test_a_date_in_the_future_does_not_move_the_day_that_is_looked_at(validated):
    today = datetime.now(UTC).date()
    found = validated(table({today: 1, date(2999, 1, 1): 1}), expected(day=None))
    assert found.result["details"]["day"] < today.isoformat()


@pytest.mark.parametrize("day", ["2026-03-02", MONDAY])
def test_the_day_may_be_a_suite_parameter(validated, day):
    usual = expected(day={"$PARAMETER": "day"})
    found = validated(weeks(50, [100] * 8), usual, parameters={"day": day})
    assert found.result["details"]["day"] == "2026-03-02"
    assert not found.success


def test_an_instant_falls_on_its_local_day(validated):
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    aware = pl.LazyFrame({"on": [late]})
    naive = pl.LazyFrame({"on": [late.replace(tzinfo=None)]})
    for frame in (aware, naive, aware.with_columns(pl.col("on").dt.convert_time_zone("Asia/Tokyo"))):
        assert validated(frame, expected()).result["observed_value"] == 0
        assert validated(frame, expected(time_zone="Europe/Berlin")).result["observed_value"] == 1


def test_a_null_falls_on_no_day(validated):
    rows = pl.LazyFrame({"on": [None, MONDAY]})
    assert validated(rows, expected()).result["observed_value"] == 1


def test_peers_are_the_same_weekday_the_same_day_of_the_month_or_the_days_before():
    assert peer_days(MONDAY, "weekday", 2) == [date(2026, 2, 23), date(2026, 2, 16)]
    assert peer_days(MONDAY, "day", 2) == [date(2026, 3, 1), date(2026, 2, 28)]
    assert peer_days(date(2026, 2, 3), "day_of_month", 3) == [
        date(2026, 1, 3),
        date(2025, 12, 3),
        date(2025, 11, 3),
    ]


def test_a_day_that_a_month_does_not_have_is_its_last():
    assert peer_days(date(2024, 3, 31), "day_of_month", 2) == [date(2024, 2, 29), date(2024, 1, 31)]


def test_peers_on_the_same_day_of_the_month_are_looked_at(validated):
    firsts = {date(2025, month, 1): 1000 for month in range(5, 13)} | {date(2025, 12, 31): 10}
    found = validated(table(firsts | {date(2026, 1, 1): 500}), expected("2026-01-01", peers="day_of_month"))
    assert not found.success
    assert set(found.result["details"]["peers"].values()) == {1000}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"time_zone": "Mars/Olympus"}, "no time zone is called 'Mars/Olympus'"),
        ({"day": "yesterday"}, "isoformat"),
        ({"history": 0}, "history"),
        ({"peers": "month"}, "peers"),
    ],
)
def test_a_wrong_argument_is_an_error_when_the_expectation_is_made(wrong, message):
    with pytest.raises(ValueError, match=message):
        expected(**wrong)


def test_a_column_of_another_type_is_an_error(validated):
    assert "TypeError: on is Int64" in told(validated(pl.LazyFrame({"on": [1]}), expected()))


def simulated(mean, years=10, variation=0.0):
    """Rows a day, weekly-seasonal, Poisson around a rate that varies by `variation` from day to day; and halved days."""
    chance = np.random.default_rng(20260302)
    rates = mean * np.resize(WEEK, 365 * years + 56)
    if variation:
        rates *= chance.lognormal(0, variation, len(rates))
    return chance.poisson(rates).tolist(), chance.poisson(rates / 2).tolist()


def verdicts(history, looked_at, tolerance=DEFAULT):
    """For each day after the first eight weeks, whether it is told as unusual."""
    for day in range(56, len(history)):
        before = {MONDAY + timedelta(days=day - 7 * week): history[day - 7 * week] for week in range(1, 9)}
        seen = DayCount(MONDAY + timedelta(days=day), looked_at[day], before)
        yield seen.verdict(tolerance, minimum_peers=4) != "usual"


def z_scores(history, looked_at):
    """The usual way: further than 3 standard deviations from the mean of the 14 days before."""
    for day in range(56, len(history)):
        before = history[day - 14 : day]
        yield abs(looked_at[day] - np.mean(before)) > 3 * np.std(before, ddof=1)


def a_year(told):
    told = list(told)
    return 365 * sum(told) / len(told)


@pytest.mark.parametrize(("mean", "at_most"), [(1, 2), (5, 2), (20, 2), (100, 2), (1000, 1), (100_000, 0.1)])
def test_poisson_days_of_any_size_raise_few_false_alarms(mean, at_most):
    history, _ = simulated(mean)
    assert a_year(verdicts(history, history)) <= at_most


@pytest.mark.parametrize("mean", [1000, 100_000])
def test_halved_days_are_found_where_z_scores_find_next_to_none(mean):
    history, halved = simulated(mean)
    assert a_year(verdicts(history, halved)) >= 0.99 * 365
    assert a_year(z_scores(history, halved)) <= 0.05 * 365


def test_days_that_vary_by_a_twentieth_raise_some_six_false_alarms_a_year():
    history, halved = simulated(10_000, variation=0.05)
    assert 3 <= a_year(verdicts(history, history)) <= 9
    assert a_year(verdicts(history, halved)) >= 0.98 * 365


def test_raw_deviations_would_raise_twice_as_many_false_alarms():
    history, _ = simulated(10_000, variation=0.05)
    raw = Tolerance(mads=5 / MAD_TO_DEVIATION, floor=0.06, noise=3)
    assert a_year(verdicts(history, history, raw)) > 2 * a_year(verdicts(history, history))
