"""A real Dask cluster on the loopback: a scheduler and workers in processes of their own, which can be killed, stopped and come back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

SECONDS_TO_START = 120
HERE = Path(__file__).resolve().parents[2]
QUICK = {
    # A worker that does not answer is given up after this, not after five minutes.
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "8s",
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2",
    "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "30s",
}


class DaskCluster:
    """A scheduler and some workers; `environment` is what they are told beside what this process is.

    `prefix` is a program that starts the scheduler, `host` the address that it has there; for the protocol `tls` the environment
    names certificates.
    """

    def __init__(
        self,
        workers: int = 0,
        environment: Mapping[str, str] | None = None,
        *,
        prefix: Sequence[str] = (),
        host: str = "127.0.0.1",
        protocol: str = "tcp",
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dask-"))
        self.environment = QUICK | dict(environment or {})
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self._port, self._prefix, self._host, self._protocol = 0, prefix, host, protocol
        self.start_scheduler()
        for _ in range(workers):
            self.start_worker()

    @property
    def address(self) -> str:
        return f"{self._protocol}://{self._host}:{self._port}"

    def start_scheduler(self) -> None:
        """Start it, where it was if it was before, and wait until it answers."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        options = [
            "--host",
            self._host,
            "--port",
            str(self._port),
            "--protocol",
            self._protocol,
            "--no-dashboard",
            "--scheduler-file",
            str(file),
        ]
        self.scheduler = self._started("scheduler", ["scheduler", *options], prefix=self._prefix)
        self._await(lambda: file.exists() and file.read_text(), self.scheduler, "scheduler")
        self._port = int(json.loads(file.read_text())["address"].rpartition(":")[2])

    def start_worker(
        self,
        *options: str,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        host: str = "127.0.0.1",
    ) -> str:
        """Start a worker, wait until the scheduler knows it, and return its name. `prefix` is a program that starts it."""
        name = f"w{len(self.workers) + 1}"
        told = ["worker", self.address, "--name", name, "--host", host, "--nthreads", "1", "--no-dashboard"]
        local = ["--local-directory", str(self.folder / name)]
        self.workers[name] = self._started(name, [*told, *local, *options], environment, prefix)
        self._await(lambda: "Starting established connection" in self.log(name), self.workers[name], name)
        return name

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def listens(self, name: str) -> str:
        """The address that a worker has, since it was last started."""
        return self.log(name).split("Start worker at:")[-1].split()[0]

    def processes(self, name: str) -> list[int]:
        """The process that does a worker's tasks, or several where its nanny has just started another: not the nanny."""
        nanny = self.workers[name].pid
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[1]) == nanny and b"spawn_main" in (stat.parent / "cmdline").read_bytes():
                    found.append(int(stat.parent.name))
        return found

    def kill_process(self, name: str, signal_number: int = signal.SIGKILL) -> None:
        """Kill the process that does tasks; the worker's nanny starts another."""
        for process in self.processes(name):
            with suppress(ProcessLookupError):
                os.kill(process, signal_number)

    def kill_worker(self, name: str) -> None:
        """Kill a worker for good, with its nanny, as a machine that loses its power."""
        self._kill(self.workers[name])

    def kill_scheduler(self) -> None:
        """Kill the scheduler alone."""
        assert self.scheduler is not None
        self._kill(self.scheduler)

    def stop(self) -> None:
        for process in (*self.workers.values(), *filter(None, [self.scheduler])):
            self._kill(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _started(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> "subprocess.Popen[bytes]":
        told = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
        told |= self.environment | dict(environment or {})
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*prefix, sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=told,
                cwd=self.folder,
                start_new_session=True,
            )

    def _await(self, is_there, process: "subprocess.Popen[bytes]", name: str) -> None:
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until and process.poll() is None:
            if is_there():
                return
            time.sleep(0.05)
        message = f"{name} did not start: {self.log(name)[-3000:]}"
        raise RuntimeError(message)

    @staticmethod
    def _kill(process: "subprocess.Popen[bytes]") -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def two_workers() -> Iterator[DaskCluster]:
    """A cluster of two workers that no test harms."""
    cluster = DaskCluster(2)
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster() -> Iterator[DaskCluster]:
    """A scheduler without workers, for a test to do with what it likes."""
    cluster = DaskCluster()
    yield cluster
    cluster.stop()
