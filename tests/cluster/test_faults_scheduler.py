"""A scheduler that dies or stands still, and a driver that does: an error in time, in our words, and nothing that the next run stumbles over."""

import os
import signal
import time
from typing import Any

import numpy as np
import pytest
from distributed import Client

from loyalty_pipeline.cluster import connection
from loyalty_pipeline.cluster.members import members
from tests.cluster.yard import CONNECT, Yard, expected, shared, yard

__all__ = ["expected", "shared", "yard"]

pytestmark = pytest.mark.slow
MANY = int(os.environ.get("LOYALTY_SOAK_KILLS", "0")) // 20 or 2
PACE = 0.2
NOTHING = "Nothing was published.\n"


def begun(yard: Yard):
    """A run in a process of its own, at its first tasks, which wait."""
    yard.trouble.hold()
    run = yard.start()
    yard.until(lambda: yard.trouble.begun, run)
    return run


def is_said(told: str, words: str) -> bool:
    """Whether one sentence was told, and what counts, and nothing else: no traceback, nothing of Dask's."""
    [first, *rest] = told.splitlines(keepends=True)
    return first.startswith("loyalty: ") and words in first and "".join(rest) == NOTHING


def test_a_scheduler_that_dies_is_said_in_a_sentence(yard: Yard) -> None:
    yard.trouble.pace(PACE)
    run = yard.start()
    yard.until(lambda: len(yard.trouble.ended) > 4, run)
    yard.cluster.kill_scheduler()
    code, told = yard.finish(run)
    assert (code, is_said(told, "the scheduler went away")) == (3, True), told
    again, told = yard.finish(yard.start())
    assert (again, is_said(told, f"no Dask scheduler answered within {CONNECT:g} s")) == (3, True), told
    for worker in yard.workers:
        yard.cluster.kill_worker(worker)
    yard.cluster.start_scheduler()
    yard.cluster.start_worker()
    assert yard.counted() > 0
    yard.assert_recovers()


def test_a_scheduler_that_dies_and_comes_back_at_once_is_no_reason_to_wait_for_ever(yard: Yard) -> None:
    run = begun(yard)
    yard.cluster.kill_scheduler()
    yard.cluster.start_scheduler()
    yard.trouble.go_on()
    code, told = yard.finish(run)
    assert (code, is_said(told, "the scheduler went away")) == (3, True), told
    for worker in yard.workers:
        yard.cluster.kill_worker(worker)
    yard.cluster.start_worker()
    yard.assert_recovers()


def test_a_scheduler_that_stands_still_is_an_error_in_time(yard: Yard) -> None:
    scheduler = yard.cluster.scheduler
    assert scheduler is not None
    run = begun(yard)
    scheduler.send_signal(signal.SIGSTOP)
    code, told = yard.finish(run)
    assert (code, is_said(told, f"the cluster did not say how it is within {CONNECT:g} s")) == (3, True), told
    code, told = yard.finish(yard.start())
    words = f"{yard.cluster.address}: no Dask scheduler answered within {CONNECT:g} s"
    assert (code, is_said(told, words)) == (3, True), told
    scheduler.send_signal(signal.SIGCONT)
    # It takes its workers for lost, and has them start anew.
    yard.connect = 60
    yard.assert_recovers()


def test_workers_that_all_start_anew_while_they_are_asked_are_waited_for(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a scheduler that stood still: they are there when a run begins to ask, and gone when they should answer."""
    asked: list[set[str]] = []

    def members_then_none(client: Client, seconds: float) -> dict[str, dict[str, Any]]:
        found = members(client, seconds)
        asked.append({*found})
        if len(asked) == 1:
            for worker in yard.workers:
                yard.cluster.kill_process(worker)
        return found

    monkeypatch.setattr(connection, "members", members_then_none)
    yard.connect = 60
    yard.assert_right(yard.run())
    assert len(asked[0]) == 2
    assert asked[0].isdisjoint(asked[-1])


def test_a_worker_that_goes_while_it_is_asked_is_done_without(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def members_then_one(client: Client, seconds: float) -> dict[str, dict[str, Any]]:
        found = members(client, seconds)
        yard.cluster.kill_worker(yard.workers[0])
        return found

    monkeypatch.setattr(connection, "members", members_then_one)
    yard.assert_right(yard.run())
    assert len(yard.workers) == 1


def test_workers_that_go_for_good_while_they_are_asked_are_an_error_in_time(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def members_then_none(client: Client, seconds: float) -> dict[str, dict[str, Any]]:
        found = members(client, seconds)
        for worker in yard.workers:
            yard.cluster.kill_worker(worker)
        return found

    monkeypatch.setattr(connection, "members", members_then_none)
    yard.connect = 3
    yard.assert_fails("has no worker, and got none within 3 s")
    monkeypatch.undo()
    yard.cluster.start_worker()
    yard.connect = CONNECT
    yard.assert_recovers()


def test_ctrl_c_ends_a_run_in_a_word(yard: Yard) -> None:
    run = begun(yard)
    run.send_signal(signal.SIGINT)
    code, told = yard.finish(run)
    assert (code, told) == (130, f"loyalty: interrupted\n{NOTHING}")
    assert not list((yard.data / "cluster").iterdir())
    yard.assert_recovers()


def test_the_tasks_of_a_killed_run_that_go_on_do_not_hurt_the_next(yard: Yard) -> None:
    run = begun(yard)
    yard.until(lambda: all(map(yard.is_busy, yard.workers)) or len(yard.trouble.begun) == 1, run)
    yard.kill(run)
    assert list((yard.data / "cluster").iterdir())
    before, zombies = yard.counted(), yard.trouble.begun
    again = yard.start()
    # It clears what the killed one left half-written, and waits for a worker.
    yard.until(
        lambda: [path for path in (yard.data / "cluster").iterdir() if path.name.startswith("mark")], again
    )
    time.sleep(1)
    yard.trouble.go_on()
    assert yard.finish(again)[0] == 0
    yard.assert_right_told(before)
    assert all(yard.trouble.begun.count(task) == 2 for task in zombies)


@pytest.mark.parametrize("seed", range(MANY))
def test_a_run_killed_at_any_moment_is_ended_by_the_next_on_the_same_cluster(yard: Yard, seed: int) -> None:
    yard.trouble.pace(PACE)
    chance = np.random.default_rng([3, seed])
    run = yard.start()
    after = int(chance.integers(15))
    yard.until(lambda: len(yard.trouble.ended) > after, run)
    time.sleep(chance.random() * 2 * PACE)
    yard.kill(run)
    before = yard.counted()
    yard.assert_right(yard.run(), before)
