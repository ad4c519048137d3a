"""Small tasks go to workers in bundles, and come to the same as one by one."""

import os
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from loyalty_pipeline.cluster.dask_workers import DaskWorkers
from loyalty_pipeline.cluster.handed import BUNDLE
from loyalty_pipeline.cluster.on_worker import Mark
from loyalty_pipeline.cluster.workers import ClusterError, InProcess, Progress, Workers
from tests.servers.dask_cluster import DaskCluster

pytestmark = pytest.mark.slow

Waits = dict[int, list[int]]


class _Counting(Client):
    """A client that notes of each that is sent how many others are with the cluster."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sent: set[str] = set()
        self.done: set[str] = set()
        self.beside: list[int] = []

    def submit(self, *arguments: Any, **options: Any) -> Any:
        self.beside.append(len(self.sent - self.done))
        future = super().submit(*arguments, **options)
        self.sent.add(future.key)
        future.add_done_callback(lambda one: self.done.add(one.key))
        return future


@dataclass
class Notes:
    """A map, and in which order what was begun and ended."""

    waits: Waits
    known: Collection[int] = ()
    begun: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    made: dict[int, Any] = field(default_factory=dict)
    told: list[Progress] = field(default_factory=list)

    def do(self, workers: Workers, function: Any) -> None:
        tasks = list(self.waits)
        workers.map(
            function,
            tasks,
            before=self.waits.__getitem__,
            begin=self.begin,
            end=self.end,
            told=self.told.append,
        )

    def begin(self, task: int) -> int | None:
        assert {*self.waits[task]} <= {*self.ended}
        self.begun.append(task)
        if task in self.known:
            self.ended.append(task)
            return None
        return task

    def end(self, task: int, argument: int, result: Any) -> None:
        assert argument == task
        assert task not in self.ended
        self.ended.append(task)
        self.made[task] = result


@pytest.fixture
def workers(two_workers: DaskCluster, tmp_path: Path) -> Iterator[DaskWorkers]:
    yield from over(two_workers, tmp_path)


def over(cluster: DaskCluster, folder: Path) -> Iterator[DaskWorkers]:
    mark = Mark(folder / "mark", "token")
    mark.path.write_text(mark.token)
    with _Counting(cluster.address, set_as_default=False) as client:
        yield DaskWorkers(client, mark, connect_seconds=30, task_seconds=60)


def squared(number: int) -> int:
    return number * number


def slept(_: int) -> int:
    time.sleep(0.25)
    return os.getpid()


def odd_at_thirteen(number: int) -> int:
    if number == 13:
        message = "thirteen"
        raise ValueError(message)
    return number


def deadly_at_thirteen(number: int) -> int:
    if number == 13:
        os._exit(1)
    return number


def deadly_for_a_while_at_thirteen(deaths: Path, number: int) -> int:
    """It ends four processes; after three the cluster of the tests gives it back."""
    if number == 13:
        died = deaths.stat().st_size if deaths.exists() else 0
        with deaths.open("a") as file:
            file.write("x")
        if died < 4:
            os._exit(1)
    return number


def test_many_small_tasks_are_sent_in_few_bundles(workers: DaskWorkers) -> None:
    notes = Notes({number: [] for number in range(400)})
    notes.do(workers, squared)
    assert notes.made == {number: number * number for number in range(400)}
    assert 400 / BUNDLE <= len(workers.client.sent) < 400 / 2
    assert max(progress.running for progress in notes.told) == 400
    assert notes.told[-1] == Progress(400, 0, 0, 400, notes.told[-1].latest)


def test_tasks_that_are_not_small_are_shared_out(workers: DaskWorkers) -> None:
    notes = Notes({number: [] for number in range(20)})
    notes.do(workers, slept)
    by = [*notes.made.values()]
    assert len(by) == 20
    assert min(by.count(process) for process in by) >= 6, by


def test_few_tasks_go_one_by_one(workers: DaskWorkers) -> None:
    notes = Notes({number: [] for number in range(7)})
    notes.do(workers, squared)
    assert len(workers.client.sent) == 7


@examples(max_examples=25)
@given(st.data())
def test_whatever_waits_for_what_is_done_once_and_in_an_order_that_waits(
    two_workers: DaskCluster, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    waits: Waits = {}
    for number in range(data.draw(st.integers(0, 120), label="tasks")):
        waits[number] = data.draw(st.lists(st.integers(0, number - 1), max_size=2) if number else st.just([]))
    known = data.draw(st.sets(st.sampled_from([*waits]))) if waits else set()
    for workers in over(two_workers, tmp_path_factory.mktemp("mark")):
        notes, alone = Notes(waits, known), Notes(waits, known)
        notes.do(workers, squared)
        alone.do(InProcess(), squared)
        assert sorted(notes.ended) == sorted(notes.begun) == sorted(waits)
        assert notes.made == alone.made


def test_the_task_of_a_bundle_that_fails_is_named_and_those_before_it_count(workers: DaskWorkers) -> None:
    notes = Notes({number: [] for number in range(100)})
    with pytest.raises(ValueError, match="thirteen"):
        notes.do(workers, odd_at_thirteen)
    assert 13 not in notes.made
    assert {10, 11, 12} <= {*notes.made}
    assert notes.told[-1].latest == 13
    assert notes.told[-1].failed == 1


def test_the_task_of_a_bundle_that_kills_processes_is_named_and_no_other(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    for _ in range(2):
        cluster.start_worker()
    notes = Notes({number: [] for number in range(40)})
    for workers in over(cluster, tmp_path):
        with pytest.raises(ClusterError, match=r"^13: 3 worker processes ended"):
            notes.do(workers, deadly_at_thirteen)
    assert 13 not in notes.made


def test_the_task_that_kills_processes_is_named_and_not_one_that_waited_behind_it(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    cluster.start_worker()
    for workers in over(cluster, tmp_path):
        for first in (10, 11, 12, 13):
            notes = Notes({number: [] for number in range(first, first + 4)})
            with pytest.raises(ClusterError, match=r"^13: 3 worker processes ended"):
                notes.do(workers, deadly_at_thirteen)
            assert 13 not in notes.made


def test_what_waited_behind_a_task_that_killed_processes_is_done_with_nothing_beside_it(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    cluster.start_worker()
    for workers in over(cluster, tmp_path):
        deadly = partial(deadly_for_a_while_at_thirteen, tmp_path / "deaths")
        # Nine that wait for none, and a chain behind the deadly one, which therefore comes first.
        notes = Notes(
            {number: [] for number in range(12, 21)} | {21: [13]} | {n: [n - 1] for n in range(22, 30)}
        )
        notes.do(workers, deadly)
        # Bundles come back with the dead; then each of their tasks is sent by itself, and nothing of the chain before all are back.
        beside = workers.client.beside
        assert beside[:5] == [0, 1, 2, 3, 4]
        assert len(beside) > 12
        assert {*beside[5:]} == {0}
        assert sorted(notes.ended) == sorted(notes.begun) == [*range(12, 30)]
        assert notes.told[-1] == Progress(18, 0, 0, 18, notes.told[-1].latest)
