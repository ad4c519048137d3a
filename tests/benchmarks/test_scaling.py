"""The simulation of more workers, on tasks that fit on a whiteboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("benchmarks")

from benchmarks.schedule import Overhead, Schedule, critical_path, heights, scheduled
from benchmarks.task_costs import fitted, linear

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
# a, then b and c beside each other, then d.
DIAMOND: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def run(waits: Mapping[str, list[str]], workers: int, overhead: Overhead | None = None) -> Schedule[str]:
    seconds = SECONDS.__getitem__
    return scheduled(
        waits, seconds, heights(waits, lambda _: 1.0), workers=workers, overhead=overhead or Overhead()
    )


def test_one_worker_does_one_task_after_the_other() -> None:
    assert run(DIAMOND, 1).ends["d"] == 1 + 2 + 3 + 4
    assert run(DIAMOND, 1).utilisation == 1


def test_two_workers_do_beside_each_other_what_does_not_wait() -> None:
    found = run(DIAMOND, 2)
    assert found.ends == {"a": 1, "b": 3, "c": 4, "d": 8}
    assert found.utilisation == (1 + 2 + 3 + 4) / (2 * 8)


def test_more_workers_than_tasks_are_no_faster_than_the_longest_chain() -> None:
    path = critical_path(DIAMOND, SECONDS.__getitem__)
    assert path == ["a", "c", "d"]
    assert run(DIAMOND, 64).seconds == sum(SECONDS[task] for task in path)


def test_the_task_with_the_longest_chain_behind_it_goes_first() -> None:
    waits: dict[str, list[str]] = {"b": [], "a": [], "c": ["a"], "d": ["c"]}
    assert heights(waits, lambda _: 1.0) == {"b": 1, "a": 3, "c": 2, "d": 1}
    # A worker takes what is there: c comes only when the driver knows of a.
    assert run(waits, 1).ends == {"a": 1, "b": 3, "c": 6, "d": 10}


def test_the_driver_does_one_thing_at_a_time() -> None:
    waits: dict[str, list[str]] = {"a": [], "b": []}
    found = run(waits, 2, Overhead(hand_out=10))
    # While it hands out b it does not look at what came of a.
    assert found.ends == {"a": 10 + 10, "b": 20 + 2}


def test_each_way_through_the_scheduler_takes_its_time() -> None:
    waits: dict[str, list[str]] = {"a": []}
    found = run(waits, 1, Overhead(hand_out=0.1, schedule=0.2, on_worker=0.3, take_in=0.4))
    assert found.ends["a"] == pytest.approx(0.1 + 0.2 + (1 + 0.3) + 0.2 + 0.4)


def test_tasks_of_a_bundle_come_back_together_and_cost_one_handing_over() -> None:
    waits: dict[str, list[str]] = {"a": [], "b": [], "c": [], "d": ["a"]}
    found = run(waits, 1, Overhead(hand_out=10, begin=1, end=0.5, most=3, ahead=1, spell=100))
    # All three begun and handed out, done one after the other, and taken in; then d.
    assert found.ends["a"] == found.ends["b"] == found.ends["c"] == 3 + 10 + (1 + 2 + 3) + 1.5
    assert found.ends["d"] == found.ends["a"] + 1 + 10 + 4 + 0.5


def test_a_bundle_that_takes_long_comes_back_before_the_rest_is_done() -> None:
    waits: dict[str, list[str]] = {"a": [], "b": [], "c": []}
    found = run(waits, 1, Overhead(hand_out=10, most=3, ahead=1, spell=2.5))
    assert found.ends == {"a": 10 + 3, "b": 10 + 3, "c": 10 + 3 + 10 + 3}


def test_bundles_are_smaller_where_some_worker_would_have_none() -> None:
    waits: dict[str, list[str]] = {"a": [], "b": [], "c": [], "d": []}
    found = run(waits, 4, Overhead(most=4, ahead=1, spell=100))
    assert found.ends == SECONDS


def test_of_no_tasks_nothing_is_scheduled() -> None:
    assert run({}, 4).seconds == 0
    assert run({}, 4).utilisation == 0
    assert critical_path({}, SECONDS.__getitem__) == []


def record(read: int, written: int, files: int) -> dict[str, Any]:
    """A task that takes 2 s, 3 s a row read, 5 s a row written and 7 s a file."""
    took = 2 + 3 * read + 5 * written + 7 * files
    sizes = {"rows_read": read, "rows_written": written, "files_read": files, "files_written": 0}
    return {"table": "accounts", "cpu": took, **sizes}


def test_a_fit_finds_what_rows_and_files_cost() -> None:
    told = [record(0, 0, 0), record(10, 0, 1), record(0, 20, 3), record(30, 10, 2), record(100, 70, 9)]
    cost = fitted(told)["accounts"]
    assert (cost.fixed, cost.row_read, cost.row_written, cost.file) == pytest.approx((2, 3, 5, 7))
    assert cost.of(1, 1, 1) == pytest.approx(2 + 3 + 5 + 7)


def test_no_row_costs_less_than_nothing() -> None:
    told = [record(0, 0, 0) | {"cpu": 9}, record(100, 0, 0) | {"cpu": 1}]
    assert fitted(told)["accounts"].row_read == 0


def test_rows_grow_in_a_line_that_never_falls() -> None:
    assert linear([(10, 25), (20, 45)]) == pytest.approx((5, 2))
    assert linear([(10, 45), (20, 25)])[1] == 0
