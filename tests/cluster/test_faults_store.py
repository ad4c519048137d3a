"""An object store that goes away: for a moment, for all, or for one worker only."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from tests.cluster.yard import Expected, Yard, expected, meanwhile, over
from tests.servers.dask_cluster import DaskCluster, cluster
from tests.servers.objects import BUCKET
from tests.servers.seaweed import Seaweed, seaweed, seaweed_server

__all__ = ["cluster", "expected", "seaweed", "seaweed_server"]

pytestmark = pytest.mark.slow
PACE = 0.2
SOME_SECONDS = 2.0
"""Shorter than a request is tried again."""


class Forwarder:
    """A way to a server that can be cut."""

    def __init__(self, to: int) -> None:
        self._to, self._open, self._pipes, self.refused = to, threading.Event(), [], 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._open.set()
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """From now on nobody comes through."""
        self._open.clear()
        for one in self._pipes:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._open.set()

    def close(self) -> None:
        self.cut()
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                self._connect(self._server.accept()[0])

    def _connect(self, come: socket.socket) -> None:
        try:
            if not self._open.is_set():
                raise ConnectionRefusedError
            gone = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            self.refused += 1
            come.close()
            return
        self._pipes += [come, gone]
        threading.Thread(target=_pump, args=(come, gone), daemon=True).start()


def _pump(*ends: socket.socket) -> None:
    """Carry what comes at either end to the other, until one is closed."""
    with suppress(OSError), ends[0], ends[1]:
        while True:
            for one in select.select(ends, [], [])[0]:
                if not (content := one.recv(65536)):
                    return
                ends[one is ends[0]].sendall(content)


@pytest.fixture
def way(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forwarder]:
    """The way to the store that the environment tells of."""
    forwarder = Forwarder(seaweed.ports["s3"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{forwarder.port}")
    yield forwarder
    forwarder.close()


@pytest.fixture
def remote(
    way: Forwarder, cluster: DaskCluster, expected: Expected, tmp_path: Path, request: pytest.FixtureRequest
) -> Yard:
    """Shops in the store, and a cluster of one worker."""
    cluster.start_worker(environment={"AWS_ENDPOINT_URL": f"http://127.0.0.1:{way.port}"})
    place = place_of(f"s3://{BUCKET}/{''.join(filter(str.isalnum, request.node.name))}")
    assert isinstance(place, ObjectPath)
    return over(tmp_path, cluster, expected, place)


def test_a_store_that_is_away_for_a_moment_costs_time_only(remote: Yard, way: Forwarder) -> None:
    remote.trouble.hold()

    def restart() -> None:
        remote.until(lambda: remote.trouble.begun)
        way.cut()
        remote.trouble.go_on()
        time.sleep(SOME_SECONDS)
        way.mend()

    with meanwhile(restart):
        remote.assert_right(remote.run())
    assert way.refused > 0


def test_a_store_that_stays_away_is_said_and_the_next_run_ends_what_was_begun(
    remote: Yard, seaweed: Seaweed
) -> None:
    remote.trouble.pace(PACE)
    run = remote.start()
    remote.until(lambda: len(remote.trouble.ended) > 4, run)
    seaweed.kill()
    code, told = remote.finish(run)
    seaweed.start()
    assert code == 3, told
    [first, second] = told.splitlines()
    assert first.startswith("loyalty: s3://")
    assert "the store cannot be reached. Check the endpoint and the network, then run again." in first
    assert second == "Nothing was published."
    remote.assert_recovers()


@pytest.fixture
def other_way(seaweed: Seaweed) -> Iterator[Forwarder]:
    """A way to the store of somebody's own."""
    forwarder = Forwarder(seaweed.ports["s3"])
    yield forwarder
    forwarder.close()


def test_a_store_that_one_worker_cannot_reach_is_reached_by_another(
    remote: Yard, other_way: Forwarder
) -> None:
    odd = remote.cluster.start_worker(environment={"AWS_ENDPOINT_URL": f"http://127.0.0.1:{other_way.port}"})
    remote.trouble.pace(PACE)
    remote.trouble.hold()

    def cut() -> None:
        remote.until(lambda: remote.is_busy(odd))
        other_way.cut()
        remote.trouble.go_on()

    with meanwhile(cut):
        remote.assert_right(remote.run())
    [process] = remote.cluster.processes(odd)
    assert (
        remote.trouble.ended.count(next(task for by, task in remote.trouble.lines("begun") if by == process))
        == 2
    )
