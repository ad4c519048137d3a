"""Real runs of the command line on a small company, in processes of their own that can be killed at any step."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tests.landing.company import customer, invoice, line

AS_OF = date(2024, 5, 10)
HERE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Runs:
    """A process that starts runs over one source."""

    server: "subprocess.Popen[str]"
    source: Path

    def start(self, data: Path, words: Sequence[str] = (), **order: Any) -> int:
        """Start a run, or another command, and return its process id."""
        told = [*(words or self.run()), "--data-dir", str(data)]
        settings = {"LOYALTY_MAX_BAD_SHARE": "0.5"}
        places = {"data": str(data), "err": f"{data}.err"}
        return self._ask({"words": told, "settings": settings, **places, **order})

    def run(self, as_of: date = AS_OF) -> list[str]:
        """What a run is told, but for its data folder."""
        return ["run", "--source", str(self.source), "--as-of", str(as_of)]

    def wait(self, run: int) -> int:
        """The exit code of a run; that of a killed one is the signal's number below zero."""
        return self._ask({"wait": run})

    def finish(self, data: Path, words: Sequence[str] = (), **order: Any) -> int:
        """Run to the end and return the exit code."""
        return self.wait(self.start(data, words, **order))

    def told(self, data: Path) -> str:
        """What the last run of a data folder wrote to stderr."""
        return Path(f"{data}.err").read_text()

    def kill_at(self, data: Path, point: int, words: Sequence[str] = ()) -> int:
        """Kill a run before one of its steps; at every other one the file that is being written is left half-written."""
        return self.finish(data, words, **{"kill at": point, "torn": bool(point % 2)})

    def kill_when(self, data: Path, when: Callable[[], bool]) -> int:
        """Kill a run at a moment."""
        run = self.start(data)
        while not when() and state_of(run) != "Z":
            time.sleep(0.001)
        os.kill(run, signal.SIGKILL)
        return self.wait(run)

    def stop_at(self, data: Path, *points: int) -> int:
        """Start a run that stops at some steps, and return its process id once it has stopped at the first."""
        run = self.start(data, **{"stop at": points})
        until_stopped(run)
        return run

    def call(self, *command: str) -> int:
        """Run a program where the server runs, and return its exit code."""
        return self.wait(self._ask({"command": command}))

    def points(self, data: Path, notes: Path, words: Sequence[str] = ()) -> list[str]:
        """Run to the end and return the names of the steps."""
        assert self.finish(data, words, **{"note in": str(notes)}) == 0
        return notes.read_text().splitlines()

    def _ask(self, order: dict[str, Any]) -> int:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        return int(self.server.stdout.readline())


@contextmanager
def runs_over(source: Path, within: Sequence[str] = ()) -> Iterator[Runs]:
    """A process that starts runs, itself started by another command if need be."""
    command = [*within, sys.executable, "-m", "tests.faults.server"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=HERE, **pipes) as server:
        yield Runs(server, source)
        assert server.stdin is not None
        server.stdin.close()


def until_stopped(run: int) -> None:
    """Wait for a run to come to a step at which it stops."""
    while state_of(run) != "T":
        time.sleep(0.001)


def go_on(run: int) -> None:
    """Let a stopped run go on."""
    os.kill(run, signal.SIGCONT)
    while state_of(run) == "T":
        time.sleep(0.001)


def state_of(process: int) -> str:
    """How Linux calls what a process is doing: T stopped, Z ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def write_first(source: Path) -> None:
    """Two customers, and one line of February's."""
    source.mkdir()
    starts = [datetime(2024, month, 1, tzinfo=UTC) for month in (2, 3, 4)]
    invoices = [
        invoice(
            invoice_id=f"{n}-{start.month}",
            customer_id=f"c{n}",
            issued_at=start,
            paid_at=start,
            updated_at=start,
        )
        for n in (0, 1)
        for start in starts
    ]
    pl.DataFrame(invoices).write_parquet(source / "invoices.parquet")
    pl.DataFrame([customer(n) for n in (0, 1)]).write_parquet(source / "customers.parquet")
    _write_lines(source, [_paid(0, 2) | {"amount": "90.00", "updated_at": datetime(2024, 1, 9, tzinfo=UTC)}])


def write_yesterday(source: Path) -> None:
    """The customers pay from February to March; one line is set aside, one waits, one will be gone."""
    gone = _paid(1, 3) | {"line_id": "gone", "amount": "7.00"}
    _write_lines(source, [*(_paid(n, month) for n in (0, 1) for month in (2, 3)), gone, *_odd(1)])


def write_today(source: Path) -> None:
    """April's lines; a correction of one of February's; a line is gone, and one more is set aside."""
    paid = [_paid(n, month) for n in (0, 1) for month in (2, 3, 4)]
    paid[0] |= {"amount": "105.00", "updated_at": datetime(2024, 5, 5, tzinfo=UTC)}
    _write_lines(source, [*paid, *_odd(2)])


def _paid(number: int, month: int) -> dict[str, Any]:
    start = datetime(2024, month, 1, tzinfo=UTC)
    identity = {"line_id": f"{number}-{month}", "invoice_id": f"{number}-{month}"}
    return line(period_start=start, period_end=start.replace(month=month + 1), updated_at=start) | identity


def _odd(count: int) -> list[dict[str, Any]]:
    bad = [
        _paid(0, 2) | {"line_id": f"bad{n}", "period_end": datetime(2024, 1, 1, tzinfo=UTC)}
        for n in range(count)
    ]
    return [*bad, _paid(0, 3) | {"line_id": "waits", "invoice_id": "nobody's"}]


def _write_lines(source: Path, lines: list[dict[str, Any]]) -> None:
    # Text is copied before it is read, which Parquet is not.
    pl.DataFrame(lines, infer_schema_length=None).write_csv(source / "invoice_lines.csv")
