"""What the tests of faults share: shops, runs over them on a cluster, and what an undisturbed run makes."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from loyalty_pipeline.cluster.workers import ClusterError
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import Place
from tests.cluster.troubled import Trouble, sell, troubled_lake
from tests.cluster.troubled_run import Ran, counted, run
from tests.lake.toy import digests
from tests.servers.dask_cluster import HERE, DaskCluster

CONNECT = 12.0
"""Longer than a scheduler of the tests takes to give a silent worker up."""
WAIT = 240.0
"""Seconds that no run may take, however busy the machine is: what takes longer hangs."""


@dataclass(frozen=True)
class Expected:
    """What an undisturbed run in one process makes, and of how many tasks."""

    digests: dict[str, str]
    tasks: int


@dataclass
class Yard:
    """One data folder, its trouble, and a cluster that runs over it are done on."""

    data: Place
    trouble: Trouble
    cluster: DaskCluster
    expected: Expected
    connect: float = CONNECT
    task: float = 60.0
    out: str = ""

    def run(self) -> Ran:
        """Run in this process."""
        return run(self.data, self.trouble.folder, self.cluster.address, connect=self.connect, task=self.task)

    def start(self) -> "subprocess.Popen[str]":
        """Start a run in a process of its own."""
        places = [str(self.data), str(self.trouble.folder), self.cluster.address]
        numbers = [str(self.connect), str(self.task)]
        command = [sys.executable, "-m", "tests.cluster.troubled_run", *places, *numbers]
        return subprocess.Popen(
            command,
            cwd=HERE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self, process: "subprocess.Popen[str]") -> tuple[int, str]:
        """Wait for a run to end, and return its exit code and what it said."""
        try:
            out, err = process.communicate(timeout=WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        self.out = out
        return process.returncode, err

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """Kill a run at what it is at."""
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL

    def counted(self) -> int:
        """How many tasks count."""
        return counted(troubled_lake(self.data, self.trouble.folder))

    def until(self, is_so: Callable[[], object], process: "subprocess.Popen[str] | None" = None) -> None:
        """Wait for something to come about, while a process still runs."""
        until = time.monotonic() + WAIT
        while not is_so():
            assert time.monotonic() < until
            assert process is None or process.poll() is None, process.communicate()
            time.sleep(0.02)

    def assert_right(self, ran: Ran, before: int = 0) -> None:
        """The lake is as it should be, and what counted before was not done again."""
        assert ran.digests == self.expected.digests
        assert len(ran.recomputed) == self.expected.tasks - before
        assert leftovers(self.data) == []

    def assert_right_told(self, before: int = 0) -> None:
        """The same of the last run that was waited for."""
        self.assert_right(Ran(*json.loads(self.out)), before)

    def assert_recovers(self) -> None:
        """What counts is a part of what should be, and the next run does the rest and no more."""
        before = self.counted()
        assert before < self.expected.tasks
        self.trouble.over()
        self.assert_right(self.run(), before)

    @property
    def workers(self) -> list[str]:
        """The workers that live."""
        return living(self.cluster)

    def is_busy(self, worker: str) -> bool:
        """Whether a worker is at a task that may have trouble."""
        return any(self.trouble.at(process) for process in self.cluster.processes(worker))

    def assert_fails(self, words: str) -> None:
        """A run ends in an error of these words."""
        with pytest.raises(ClusterError, match=words):
            self.run()


def leftovers(data: Place) -> list[str]:
    """Files that a run should have taken away."""
    paths = (path for path, _ in data.below()) if isinstance(data, ObjectPath) else data.rglob("*")
    return [str(path) for path in paths if ".partial" in path.name or path.parent.name == "cluster"]


@contextmanager
def meanwhile(call: Callable[[], None]) -> Iterator[None]:
    """Something that happens beside the run."""
    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    folder = tmp_path_factory.mktemp("expected")
    sell(folder)
    lake = troubled_lake(folder, folder)
    for name in lake.tables:
        lake.compute(name)
    return Expected(digests(lake), counted(lake))


@pytest.fixture(scope="module")
def shared() -> Iterator[DaskCluster]:
    """A cluster that tests may kill workers of: whoever asks for a yard gets two that are well."""
    cluster = DaskCluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def yard(tmp_path: Path, shared: DaskCluster, expected: Expected) -> Iterator[Yard]:
    """Shops, and a cluster of two workers."""
    assert shared.scheduler is not None
    if shared.scheduler.poll() is not None:
        for worker in living(shared):
            shared.kill_worker(worker)
        shared.start_scheduler()
    while len(living(shared)) < 2:
        shared.start_worker()
    yard = over(tmp_path, shared, expected)
    yield yard
    # What still waits on a worker would wait there for ever.
    yard.trouble.over()


def living(cluster: DaskCluster) -> list[str]:
    """The workers that nobody killed for good."""
    return [name for name, process in cluster.workers.items() if process.poll() is None]


def over(folder: Path, cluster: DaskCluster, expected: Expected, place: Place | None = None) -> Yard:
    """Shops that nothing was computed of yet, there or in a folder of this machine, and a cluster."""
    trouble, data = Trouble(folder / "trouble"), place or folder / "data"
    trouble.folder.mkdir()
    sell(data)
    return Yard(data, trouble, cluster, expected)
