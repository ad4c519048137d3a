"""A scheduler and workers on the loopback, as processes of their own, and the CPU seconds that the kernel counts for them."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from distributed import Client

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120.0
"""Seconds in which a process must be there."""


class LocalCluster:
    """One scheduler and some workers with one thread each, of polars too."""

    def __init__(self, folder: Path, workers: int) -> None:
        """`folder` is for their logs and local files."""
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        told = self.folder / "scheduler.json"
        told.unlink(missing_ok=True)
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
        self.processes = {"scheduler": self._started("scheduler", ["scheduler", *options])}
        _await(told.exists, "the scheduler")
        self.client = Client(scheduler_file=str(told), set_as_default=False, timeout=PATIENCE)
        self.address = str(self.client.scheduler.address)
        for number in range(1, workers + 1):
            name = f"worker-{number}"
            options = ["--name", name, "--nthreads", "1", "--no-dashboard", "--local-directory"]
            self.processes[name] = self._started(name, ["worker", self.address, *options, str(folder / name)])
        self.client.wait_for_workers(workers, timeout=PATIENCE)

    def warm_up(self) -> None:
        """Let every worker import what tasks need: that is what it costs to start one, not to do tasks."""
        self.client.run(imported)

    def cpu(self) -> dict[str, float]:
        """CPU seconds of each process and its children until now."""
        return {name: cpu_of(process.pid) for name, process in self.processes.items()}

    def stop(self) -> None:
        """End them all."""
        self.client.close()
        for process in reversed(self.processes.values()):
            process.terminate()
            process.wait(PATIENCE)

    def _started(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        environment = os.environ | {"POLARS_MAX_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(Path(__file__).parents[1]), environment.get("PYTHONPATH", "")]
        )
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
            )


def imported() -> None:
    """What a worker's first task would import, and digest of its own code."""
    from loyalty_pipeline.catalogue import tables  # noqa: PLC0415 - in the worker

    tables()


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and all below it, those that ended among them."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        one = int(stat.parent.name)
        parents.setdefault(int(fields[1]), []).append(one)
        used[one] = sum(map(int, fields[11:15])) / TICKS
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return sum(used.get(one, 0.0) for one in found)


def _await(is_there: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not is_there():
        if time.monotonic() > until:
            message = f"{what} did not come up within {PATIENCE:g} s"
            raise TimeoutError(message)
        time.sleep(0.1)
