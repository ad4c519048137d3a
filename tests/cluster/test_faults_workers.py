"""Workers that die, hang, run out of memory or come late: the run ends right, or says which task failed and counts what was done."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from loyalty_pipeline.cluster.connection import cluster as connected
from loyalty_pipeline.cluster.patience import within
from tests.cluster.troubled import MONTHS, do_words
from tests.cluster.yard import CONNECT, WAIT, Yard, expected, meanwhile, over, shared, yard
from tests.servers.dask_cluster import DaskCluster, cluster

__all__ = ["cluster", "expected", "shared", "yard"]

pytestmark = pytest.mark.slow
MANY = int(os.environ.get("LOYALTY_SOAK_KILLS", "0")) // 20 or 2
PACE = 0.2
TASK = f"stocks-{MONTHS[4]}"
TASK_SECONDS = 10.0
"""Longer than a new process takes to import what its first task needs, on a busy machine."""


@pytest.mark.parametrize("seed", range(MANY))
def test_processes_killed_at_any_moment_cost_their_tasks_only(yard: Yard, seed: int) -> None:
    chance = np.random.default_rng(seed)
    yard.trouble.pace(PACE)

    def kill() -> None:
        for _ in yard.workers:
            # Whichever is: one that was killed may not be back before the others have done all there is.
            yard.until(lambda: any(map(yard.is_busy, yard.workers)))
            time.sleep(chance.random() * 2 * PACE)
            busy = [worker for worker in yard.workers if yard.is_busy(worker)]
            yard.cluster.kill_process(str(chance.choice(busy or yard.workers)))

    with meanwhile(kill):
        yard.assert_right(yard.run())
    assert len({process for process, _ in yard.trouble.lines("begun")}) > 2


def test_a_worker_that_dies_for_good_at_a_task_is_done_without(yard: Yard) -> None:
    [first, *_] = yard.workers
    yard.trouble.hold()

    def kill() -> None:
        yard.until(lambda: yard.is_busy(first))
        yard.cluster.kill_worker(first)
        yard.trouble.go_on()

    with meanwhile(kill):
        yard.assert_right(yard.run())


def test_all_workers_dead_is_an_error_in_time_and_a_worker_ends_what_was_begun(yard: Yard) -> None:
    yard.trouble.pace(PACE)

    def kill() -> None:
        yard.until(lambda: len(yard.trouble.ended) > 6)
        for worker in yard.workers:
            yard.cluster.kill_worker(worker)

    with meanwhile(kill):
        yard.assert_fails(f"for {CONNECT:g} s no worker of tcp://.* could do a task: all are gone")
    yard.assert_fails(rf"has no worker, and got none within {CONNECT:g} s: start some")
    yard.cluster.start_worker()
    yard.assert_recovers()


def test_a_worker_that_comes_late_takes_part(yard: Yard) -> None:
    [first, *_] = yard.workers
    yard.cluster.kill_worker(first)
    yard.trouble.hold()

    def come() -> None:
        yard.until(lambda: yard.trouble.begun)
        yard.cluster.start_worker()
        yard.until(lambda: len({process for process, _ in yard.trouble.lines("begun")}) == 2)
        yard.trouble.go_on()

    with meanwhile(come):
        yard.assert_right(yard.run())


def test_a_task_that_hangs_once_is_tried_again(yard: Yard) -> None:
    yard.task = TASK_SECONDS
    yard.trouble.once(TASK, "hang")
    yard.assert_right(yard.run())
    assert yard.trouble.begun.count(TASK) == 2
    assert any("do_nothing_for_ever" in yard.cluster.log(worker) for worker in yard.cluster.workers)


def test_a_task_that_always_hangs_is_named_with_what_to_look_at(yard: Yard) -> None:
    yard.task = TASK_SECONDS
    yard.trouble.always(TASK, "hang")
    yard.assert_fails(
        f"{TASK.replace('-', ' ', 1)}: 3 worker processes ended .* longer than task_timeout_minutes"
    )
    yard.task = 60
    yard.assert_recovers()


def test_a_worker_that_stands_still_is_given_up(yard: Yard) -> None:
    [first, *_] = yard.workers
    yard.trouble.hold()

    def stop() -> None:
        yard.until(lambda: yard.is_busy(first))
        yard.cluster.kill_process(first, signal.SIGSTOP)
        yard.trouble.go_on()

    with meanwhile(stop):
        yard.assert_right(yard.run())
    # What it still does when it goes on hurts nobody.
    yard.cluster.kill_process(first, signal.SIGCONT)
    yard.assert_right(yard.run(), before=yard.expected.tasks)
    yard.cluster.kill_worker(first)


def test_a_fault_of_storage_is_tried_again_by_another_worker(yard: Yard) -> None:
    yard.trouble.once(TASK, "full")
    yard.assert_right(yard.run())
    [(first, _), (second, _)] = [line for line in yard.trouble.lines("begun") if line[1] == TASK]
    assert first != second


def test_a_disk_that_is_full_for_everybody_is_said_with_its_file(yard: Yard) -> None:
    yard.trouble.always(TASK, "full")
    code, told = yard.finish(yard.start())
    assert told == (
        "loyalty: /data/lake/full.parquet: No space left on device. Check that the disk has room and that the folder may be "
        "written\nNothing was published.\n"
    )
    assert code == 3
    yard.assert_recovers()


def test_what_cannot_be_sent_back_as_it_is_is_told_in_its_words(yard: Yard) -> None:
    yard.trouble.always(TASK, "break")
    with pytest.raises(RuntimeError, match="OddError: 1 and 2") as told:
        yard.run()
    assert "troubled.py" in told.value.__notes__[0]
    assert yard.trouble.begun.count(TASK) == 1
    yard.assert_recovers()


@pytest.fixture
def small(cluster: DaskCluster, tmp_path: Path, expected) -> Yard:
    """A cluster without workers yet, to have some of little memory."""
    return over(tmp_path, cluster, expected)


PAUSING = {
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "0.5",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
}
LIMIT = ("--memory-limit", "1000MB")


def test_a_task_that_needs_more_memory_than_a_worker_may_have_is_named(small: Yard) -> None:
    small.cluster.start_worker("--memory-limit", "700MB")
    small.trouble.always(TASK, "eat 900")
    small.assert_fails(
        f"{TASK.replace('-', ' ', 1)}: 3 worker processes ended .* it needs more memory than they have"
    )
    small.assert_recovers()


def test_memory_that_the_machine_refuses_is_told_of_the_worker(small: Yard) -> None:
    small.cluster.start_worker(prefix=["bash", "-c", 'ulimit -v 6000000; exec "$@"', "worker"])
    small.trouble.always(TASK, "eat 20000")
    small.assert_fails("worker .* has too little memory")
    small.assert_recovers()


def test_a_lone_worker_that_stays_full_is_an_error_and_no_waiting_for_ever(small: Yard) -> None:
    worker = small.cluster.start_worker(*LIMIT, environment=PAUSING)
    small.trouble.once(TASK, "eat 700")
    small.assert_fails("could do a task: all are gone, or paused for want of memory")
    small.cluster.kill_process(worker)
    small.assert_recovers()


def test_what_waits_at_a_worker_that_stays_full_is_done_by_another(small: Yard) -> None:
    full = small.cluster.start_worker(*LIMIT, environment=PAUSING)
    done: list[str] = []

    def come() -> None:
        small.until(lambda: "Pausing worker" in small.cluster.log(full))
        small.cluster.start_worker()

    with (
        meanwhile(come),
        connected(small.cluster.address, small.data, connect_seconds=2 * CONNECT, task_seconds=60) as workers,
    ):
        how = {"before": lambda _: [], "begin": str, "end": lambda task, *_: done.append(task), "told": print}
        # Dask leaves a lone task where it is, for ever.
        within(WAIT, lambda: workers.map(do_words, ["eat 700", "eat 1"], **how), "end")
    assert done == ["eat 700", "eat 1"]
