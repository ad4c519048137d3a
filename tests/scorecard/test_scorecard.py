"""The scorecard, made of scores and reference lines that are written down."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from loyalty_pipeline.scorecard.reference import Benchmark, Target
from loyalty_pipeline.scorecard.scorecard import scorecard
from loyalty_pipeline.scorecard.scores import Score
from tests.whiteboard import month, table

if TYPE_CHECKING:
    from loyalty_pipeline.periods import Window
    from tests.companies import Row

DECEMBER = month("2024-12")
EVERYBODY = {"segment_by": "all", "segment_value": "all"}
MONTH = {"period": "month", "period_start": "2024-12-01", "period_end": "2025-01-01", "is_complete": True}
QUARTER = MONTH | {"period": "quarter", "period_start": "2024-10-01"}
YEAR = MONTH | {"period": "year", "period_start": "2024-01-01"}


def score(metric: str = "crr", value: float = 0.9, **columns: Any) -> Row:
    """Draw a score of December: without an interval, better if high."""
    ends = {"low": value, "high": value, "observations": 100, "is_high_good": True}
    return MONTH | EVERYBODY | ends | {"metric": metric, "value": value} | columns


def between(low: float, high: float, **columns: Any) -> Row:
    """Draw a score whose interval is that."""
    return score(value=(low + high) / 2, low=low, high=high, **columns)


def others(
    low: float | None, median: float | None, high: float | None, as_of: str = "2024-01-01", **columns: Any
) -> Benchmark:
    """Draw what others reach."""
    cell = {"metric": "crr", "period": "month", **EVERYBODY} | columns
    return Benchmark(
        low=low, median=median, high=high, as_of=date.fromisoformat(as_of), **{"source": "s", **cell}
    )


def aim(target: float, valid_from: str, **columns: Any) -> Target:
    """Draw what the company wants to reach."""
    cell = {"metric": "crr", "period": "month", **EVERYBODY} | columns
    return Target(target=target, valid_from=date.fromisoformat(valid_from), **cell)


def card(
    *scores: Row,
    benchmarks: tuple[Benchmark, ...] = (),
    targets: tuple[Target, ...] = (),
    window: Window = DECEMBER,
) -> list[Row]:
    """Return the scorecard of a month."""
    rows: list[Row] = scorecard(window, table(Score, *scores), benchmarks, targets).collect().to_dicts()
    return rows


def verdict(row: Row, *benchmarks: Benchmark) -> str:
    (found,) = card(row, benchmarks=benchmarks)
    said: str = found["verdict"]
    return said


QUARTILES = others(0.70, 0.80, 0.90)


@pytest.mark.parametrize(
    ("low", "high", "if_high_is_good", "if_low_is_good"),
    [
        (0.91, 0.95, "strength", "weakness"),
        (0.90, 0.95, "strength", "weakness"),  # at the quartile is as good as it
        (0.89, 0.95, "watch", "watch"),
        (0.75, 0.85, "watch", "watch"),
        (0.65, 0.95, "watch", "watch"),
        (0.65, 0.71, "watch", "watch"),
        (0.65, 0.70, "weakness", "strength"),
        (0.10, 0.20, "weakness", "strength"),
    ],
)
def test_the_whole_interval_must_be_beyond_a_quartile(
    low: float, high: float, if_high_is_good: str, if_low_is_good: str
) -> None:
    assert verdict(between(low, high, is_high_good=True), QUARTILES) == if_high_is_good
    assert verdict(between(low, high, is_high_good=False), QUARTILES) == if_low_is_good


@pytest.mark.parametrize(
    ("low", "high", "benchmark", "said"),
    [
        (0.82, 0.85, (None, 0.8, None), "strength"),
        (0.75, 0.79, (None, 0.8, None), "weakness"),
        (0.79, 0.81, (None, 0.8, None), "watch"),
        (0.80, 0.80, (None, 0.8, None), "watch"),  # at the median is both, so neither
        (0.82, 0.85, (0.7, 0.8, None), "strength"),
        (0.72, 0.75, (0.7, 0.8, None), "watch"),
        (0.65, 0.69, (0.7, 0.8, None), "weakness"),
        (0.82, 0.85, (None, 0.8, 0.9), "watch"),
        (0.75, 0.79, (None, 0.8, 0.9), "weakness"),
        (0.95, 0.99, (None, None, 0.9), "strength"),
        (0.10, 0.20, (None, None, 0.9), "watch"),
        (0.10, 0.20, (0.7, None, None), "weakness"),
        (0.95, 0.99, (0.7, None, None), "watch"),
        (0.95, 0.99, (None, None, None), "no benchmark"),
    ],
)
def test_the_median_stands_in_for_a_quartile_that_is_missing(
    low: float, high: float, benchmark: tuple[float | None, ...], said: str
) -> None:
    assert verdict(between(low, high), others(*benchmark)) == said


def test_few_observations_are_watched_where_many_are_a_strength() -> None:
    """18 of 20 and 1800 of 2000 by Wilson: only of the many is 80 % out of reach."""
    benchmark = others(0.6, 0.7, 0.8)
    assert verdict(between(0.699, 0.972, observations=20), benchmark) == "watch"
    assert verdict(between(0.886, 0.912, observations=2000), benchmark) == "strength"


def test_the_latest_benchmark_counts_wherever_it_stands_in_the_file() -> None:
    lines = (
        others(0.1, 0.2, 0.3),
        others(0.7, 0.8, 0.9, "2024-06-01", source="new"),
        others(0.2, 0.3, 0.4, "2023-01-01"),
    )
    for benchmarks in (lines, lines[::-1]):
        (row,) = card(score(value=0.5), benchmarks=benchmarks)
        assert (row["benchmark_low"], row["benchmark_median"], row["benchmark_high"]) == (0.7, 0.8, 0.9)
        assert (row["benchmark_source"], row["verdict"]) == ("new", "weakness")


def test_a_benchmark_and_a_target_hold_for_the_very_cell_that_they_name() -> None:
    rows = [
        score(),
        score("grr"),
        score(**QUARTER),
        score(segment_by="country", segment_value="DE"),
        score(segment_by="country", segment_value="FR"),
    ]
    place = {"segment_by": "country", "segment_value": "DE"}
    found = card(
        *rows, benchmarks=(others(0.5, 0.6, 0.7, **place),), targets=(aim(0.8, "2020-01-01", **place),)
    )
    assert len(found) == len(rows)
    assert [row["segment_value"] for row in found if row["verdict"] != "no benchmark"] == ["DE"]
    assert [row["segment_value"] for row in found if row["is_target_met"] is not None] == ["DE"]


@pytest.mark.parametrize(
    ("is_high_good", "value", "is_met"),
    [
        (True, 0.8, True),
        (True, 0.81, True),
        (True, 0.79, False),
        (False, 0.8, True),
        (False, 0.79, True),
        (False, 0.81, False),
    ],
)
def test_a_target_is_met_at_it_or_on_its_better_side(is_high_good: bool, value: float, is_met: bool) -> None:  # noqa: FBT001
    (row,) = card(score(value=value, is_high_good=is_high_good), targets=(aim(0.8, "2024-01-01"),))
    assert (row["target"], row["is_target_met"]) == (0.8, is_met)


def test_the_target_is_the_one_that_held_when_the_period_began() -> None:
    targets = (aim(0.9, "2024-12-02"), aim(0.8, "2024-12-01"), aim(0.7, "2024-01-01"))
    (row,) = card(score(), targets=targets)
    assert row["target"] == 0.8
    of_year = tuple(aim(t, day, period="year") for t, day in ((0.9, "2024-01-02"), (0.6, "2023-12-31")))
    (row,) = card(score(**YEAR), targets=of_year)
    assert row["target"] == 0.6


def test_before_its_first_target_a_metric_has_none() -> None:
    (row,) = card(score(), targets=(aim(0.9, "2025-01-01"),))
    assert (row["target"], row["is_target_met"]) == (None, None)


@pytest.mark.parametrize(
    ("now", "before", "year_ago"),
    [
        (MONTH, "2024-11-01", "2023-12-01"),
        (QUARTER, "2024-07-01", "2023-10-01"),
        (YEAR, "2023-01-01", "2023-01-01"),
    ],
    ids=["month", "quarter", "year"],
)
def test_a_period_stands_beside_the_one_before_and_the_same_a_year_ago(
    now: Row, before: str, year_ago: str
) -> None:
    earlier = {before: 0.7, year_ago: 0.6} if before != year_ago else {before: 0.7}
    rows = [score(value=value, **now | {"period_start": start}) for start, value in earlier.items()]
    (row,) = card(score(value=0.9, **now), *rows)
    assert (row["previous"], row["change"]) == (0.7, pytest.approx(0.2))
    assert (row["year_ago"], row["year_change"]) == (
        earlier[year_ago],
        pytest.approx(0.9 - earlier[year_ago]),
    )


def test_without_an_earlier_period_of_the_very_cell_there_is_no_change() -> None:
    november = MONTH | {"period_start": "2024-11-01"}
    rows = [
        score("grr", 0.5, **november),
        score(value=0.5, **november, segment_by="country", segment_value="DE"),
        score(value=0.5, **QUARTER | {"period_start": "2024-11-01"}),
    ]
    (row,) = card(score(), *rows)
    assert [row[name] for name in ("previous", "change", "year_ago", "year_change")] == [None] * 4


def test_a_period_that_the_as_of_cuts_stands_beside_whole_ones() -> None:
    """On 11 May 2024 the month, the quarter and the year are all begun; April, the last quarter and 2023 are over."""
    window = month("2024-05", as_of="2024-05-11")
    now = {"period_end": "2024-06-01", "is_complete": False}
    begun = {"month": "2024-05-01", "quarter": "2024-04-01", "year": "2024-01-01"}
    before = {"month": "2024-04-01", "quarter": "2024-01-01", "year": "2023-01-01"}
    found = card(
        *(score(value=0.9, **now, period=period, period_start=start) for period, start in begun.items()),
        *(score(value=0.8, period=period, period_start=start) for period, start in before.items()),
        window=window,
    )
    assert [(row["period"], row["previous"], row["is_complete"]) for row in found] == [
        (period, 0.8, False) for period in begun
    ]


def test_what_stands_behind_a_value_is_handed_on_and_so_is_a_metric_of_a_channel() -> None:
    row = score("stickiness", 0.2, segment_by="channel", segment_value="app", observations=7)
    (found,) = card(
        row,
        benchmarks=(others(0.1, 0.15, 0.2, metric="stickiness", segment_by="channel", segment_value="app"),),
    )
    assert (found["segment_by"], found["segment_value"], found["observations"]) == ("channel", "app", 7)
    assert found["verdict"] == "strength"


def test_without_scores_the_card_is_empty_and_keeps_its_columns() -> None:
    empty = scorecard(DECEMBER, table(Score), (QUARTILES,), (aim(0.8, "2024-01-01"),)).collect()
    assert empty.is_empty()
    assert {"verdict", "is_target_met", "benchmark_low"} <= set(empty.columns)
