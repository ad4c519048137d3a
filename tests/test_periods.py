"""Months, boundaries and local clocks against plain Python's calendar and zoneinfo."""

import calendar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pipeline.periods import (
    Calendar,
    add_months,
    business_month,
    elapsed_at,
    instant_literal,
    local,
    midnight,
    month_of,
    months_between,
    months_from,
    plus,
)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Amman",
    "Australia/Lord_Howe",
)
zones = st.sampled_from(ZONES)
days = st.dates(date(1975, 1, 1), date(2060, 12, 31))
months = days.map(lambda day: day.replace(day=1))
walls = st.datetimes(datetime(1975, 1, 1), datetime(2060, 12, 31))  # noqa: DTZ001 - a clock on a wall
instants = st.datetimes(datetime(1975, 1, 1), datetime(2060, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
# Clocks that are set forward or back, and days around them.
TRANSITIONS = [
    datetime(2024, 3, 31, 2, 30),  # noqa: DTZ001 - does not exist in Berlin
    datetime(2024, 10, 27, 2, 30),  # noqa: DTZ001 - is there twice in Berlin
    datetime(2011, 12, 30, 12),  # noqa: DTZ001 - Apia had no such day
    datetime(2015, 11, 1, 0, 30),  # noqa: DTZ001 - is there twice in Havana
    datetime(2011, 4, 1, 0, 0),  # noqa: DTZ001 - Amman had no such midnight
]


def one(expression: pl.Expr, value: object, dtype: pl.DataType) -> object:
    return pl.DataFrame({"at": [value]}, schema={"at": dtype}).select(expression).item()


WALL, INSTANT = pl.Datetime("us"), pl.Datetime("us", "UTC")


@given(days, zones)
def test_a_day_begins_at_its_local_midnight(day: date, zone: str) -> None:
    begun = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    assert midnight(day, zone) == begun.astimezone(UTC)
    assert Calendar(zone, 1, day).boundary(day) == midnight(day, zone)


def test_a_day_in_berlin_begins_one_or_two_hours_before_it_does_in_greenwich() -> None:
    assert midnight(date(2024, 1, 1), "Europe/Berlin") == datetime(2023, 12, 31, 23, tzinfo=UTC)
    assert midnight(date(2024, 7, 1), "Europe/Berlin") == datetime(2024, 6, 30, 22, tzinfo=UTC)


def test_of_two_midnights_the_earlier_counts_and_for_none_the_old_offset() -> None:
    assert midnight(date(2015, 11, 1), "America/Havana") == datetime(2015, 11, 1, 4, tzinfo=UTC)
    assert midnight(date(2011, 4, 1), "Asia/Amman") == datetime(2011, 3, 31, 22, tzinfo=UTC)


@given(walls | st.sampled_from(TRANSITIONS), zones)
def test_the_instant_at_which_a_clock_shows_a_time_is_that_of_zoneinfo(wall: datetime, zone: str) -> None:
    expected = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    assert one(elapsed_at(pl.col("at"), zone), wall, WALL) == expected


@given(instants, zones)
def test_the_clock_and_the_month_at_an_instant_are_those_of_zoneinfo(instant: datetime, zone: str) -> None:
    wall = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert one(local("at", zone), instant, INSTANT) == wall
    assert one(business_month("at", zone), instant, INSTANT) == wall.date().replace(day=1)


@given(instants)
def test_a_literal_is_the_instant_it_was_made_of(instant: datetime) -> None:
    assert one(pl.col("at") == instant_literal(instant), instant, INSTANT) is True
    assert pl.select(instant_literal(instant)).item() == instant


@given(walls, st.integers(-600, 600))
def test_months_later_the_day_is_the_same_or_the_last_of_the_month(wall: datetime, count: int) -> None:
    year, month0 = divmod(wall.year * 12 + wall.month - 1 + count, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    expected = wall.replace(year=year, month=month0 + 1, day=min(wall.day, last))
    assert one(add_months(pl.col("at"), pl.lit(count)), wall, WALL) == expected


def test_a_month_after_the_31st_of_january_is_the_end_of_february() -> None:
    wall = datetime(2024, 1, 31, 18, 5)  # noqa: DTZ001 - a clock on a wall
    assert one(add_months(pl.col("at"), pl.lit(1)), wall, WALL) == datetime(2024, 2, 29, 18, 5)  # noqa: DTZ001
    assert one(add_months(pl.col("at"), pl.lit(13)), wall, WALL) == datetime(2025, 2, 28, 18, 5)  # noqa: DTZ001


@given(months, st.integers(-300, 300))
def test_stepping_months_there_and_back_is_where_one_was(month: date, count: int) -> None:
    there = plus(month, count)
    assert there.day == 1
    assert plus(there, -count) == month
    assert (there.year - month.year) * 12 + there.month - month.month == count


@given(days, days)
def test_months_between_count_calendar_months_days_aside(start: date, end: date) -> None:
    frame = pl.DataFrame({"start": [start], "end": [end]})
    between = frame.select(months_between(pl.col("start"), pl.col("end"))).item()
    assert plus(month_of(start), between) == month_of(end)


@given(months, st.integers(0, 40))
def test_months_from_one_to_another_are_every_month_once(first: date, count: int) -> None:
    listed = months_from(first, plus(first, count))
    assert listed == [plus(first, n) for n in range(count + 1)]


def test_there_are_no_months_from_a_month_to_an_earlier_one() -> None:
    assert months_from(date(2024, 2, 1), date(2024, 1, 1)) == []


@given(months, days, st.integers(1, 12), zones)
def test_a_window_is_the_month_cut_by_the_as_of(month: date, as_of: date, fiscal: int, zone: str) -> None:
    as_of = max(as_of, month + timedelta(days=1))
    window = Calendar(zone, fiscal, as_of).month(month)
    closes_on = min(plus(month, 1), as_of)
    assert (window.opening, window.closing) == (midnight(month, zone), midnight(closes_on, zone))
    assert (window.closes_on, window.last_day) == (closes_on, closes_on - timedelta(days=1))


@given(months, days, st.integers(1, 12))
def test_periods_close_in_their_last_month_or_in_the_one_that_holds_the_as_of(
    month: date, as_of: date, fiscal: int
) -> None:
    as_of = max(as_of, month + timedelta(days=1))
    window = Calendar("UTC", fiscal, as_of).month(month)
    closing = {period.name: period for period in window.periods}
    assert closing["month"].start == month
    for name, length in (("month", 1), ("quarter", 3), ("year", 12)):
        inside = [m for m in range(length) if (plus(month, -m).month - fiscal) % length == 0]
        start = plus(month, -inside[0])
        is_last = plus(start, length) == plus(month, 1)
        holds_as_of = month == month_of(as_of - timedelta(days=1))
        assert (name in closing) == (is_last or holds_as_of)
        if name in closing:
            assert (closing[name].start, closing[name].end) == (start, plus(start, length))
            assert closing[name].is_complete == (closing[name].end <= as_of)
    assert window.first_opening_month == plus(min(period.start for period in window.periods), -1)


def test_a_fiscal_year_from_april_has_its_quarters_from_april() -> None:
    periods = Calendar("UTC", 4, date(2026, 1, 1)).month(date(2025, 3, 1)).periods
    assert [(p.name, p.start, p.end, p.is_complete) for p in periods] == [
        ("month", date(2025, 3, 1), date(2025, 4, 1), True),
        ("quarter", date(2025, 1, 1), date(2025, 4, 1), True),
        ("year", date(2024, 4, 1), date(2025, 4, 1), True),
    ]


def test_an_as_of_on_the_first_of_a_month_closes_the_month_before() -> None:
    calendar_ = Calendar("UTC", 1, date(2024, 6, 1))
    assert calendar_.last_month == date(2024, 5, 1)
    periods = calendar_.month(date(2024, 5, 1)).periods
    assert [(p.name, p.is_complete) for p in periods] == [
        ("month", True),
        ("quarter", False),
        ("year", False),
    ]
