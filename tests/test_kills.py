"""Runs that are killed: yesterday's publication stays, and the next run ends as if nothing had happened.

Kills are real (SIGKILL to a process in the middle of `loyalty run`), at moments spread over a run and at those at which
something has just appeared in the data folder.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.landing.company import customer, invoice, line

pytestmark = pytest.mark.slow
AS_OF = date(2024, 5, 10)
HERE = Path(__file__).parents[1]
RUNS = """
import json, os, sys
import great_expectations
import loyalty_pipeline.landing.table, loyalty_pipeline.cli.night
from loyalty_pipeline.cli import main

for words in sys.stdin:
    # One import for all: a child of a process that has not computed anything may fork.
    if not (child := os.fork()):
        sys.argv = ["loyalty", *json.loads(words)]
        with open(os.devnull, "w") as quiet:
            os.dup2(quiet.fileno(), 1)
        main()
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Runs:
    """A process that starts runs; each is a process of its own that can be killed."""

    server: "subprocess.Popen[str]"
    source: Path

    def start(self, data: Path) -> int:
        words = ["run", "--source", str(self.source), "--data-dir", str(data), "--as-of", str(AS_OF)]
        assert self.server.stdin is not None
        self.server.stdin.write(json.dumps(words) + "\n")
        self.server.stdin.flush()
        return self.answer()

    def answer(self) -> int:
        assert self.server.stdout is not None
        return int(self.server.stdout.readline())

    def finish(self, data: Path) -> int:
        self.start(data)
        return self.answer()

    def kill(self, data: Path, when: Callable[[], bool]) -> int:
        run = self.start(data)
        deadline = time.monotonic() + 60
        while not when() and time.monotonic() < deadline and not _is_over(run):
            time.sleep(0.001)
        os.kill(run, signal.SIGKILL)
        return self.answer()


@dataclass(frozen=True)
class Before:
    """The data folder of yesterday's run, the source of today, and what an undisturbed run makes of both."""

    data: Path
    runs: Runs
    seconds: float
    published: dict[str, bytes]
    lake: set[str]

    def copy(self, folder: Path) -> Path:
        shutil.copytree(self.data, folder, symlinks=True)
        return folder


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    folder = tmp_path_factory.mktemp("kills")
    source, data = folder / "source", folder / "yesterday"
    source.mkdir()
    write(source, customers=2, until=4)
    command = [sys.executable, "-c", RUNS]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=HERE, **pipes) as server:
        runs, undisturbed = Runs(server, source), folder / "undisturbed"
        assert runs.finish(data) == 0
        write(source, customers=3, until=5)
        shutil.copytree(data, undisturbed, symlinks=True)
        began = time.monotonic()
        assert runs.finish(undisturbed) == 0
        took = time.monotonic() - began
        assert current(undisturbed) != current(data)
        yield Before(data, runs, took, published(undisturbed), lake_files(undisturbed))
        assert server.stdin is not None
        server.stdin.close()


def write(source: Path, *, customers: int, until: int) -> None:
    """Customers who pay for each month from February on; the first one's February is corrected later."""
    invoices, lines = [], []
    for number in range(customers * (until - 2)):
        start = datetime(2024, 2 + number // customers, 1, tzinfo=UTC)
        paid = {
            "issued_at": start,
            "paid_at": start,
            "updated_at": start,
            "customer_id": f"c{number % customers}",
        }
        served = {"period_start": start, "period_end": start.replace(month=start.month + 1)}
        identity = f"{number % customers}-{start.month}"
        invoices.append(invoice(**paid) | {"invoice_id": identity})
        corrected = (
            {"amount": f"{100 + until}.00", "updated_at": datetime(2024, 5, until, tzinfo=UTC)}
            if not number
            else {}
        )
        lines.append(
            line(**served) | {"line_id": identity, "invoice_id": identity, "updated_at": start} | corrected
        )
    tables = {
        "customers": [customer(n) for n in range(customers)],
        "invoices": invoices,
        "invoice_lines": lines,
    }
    for table, rows in tables.items():
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(source / f"{table}.parquet")


def current(data: Path) -> str:
    return str(json.loads((data / "published" / "current.json").read_text())["snapshot"])


def published(data: Path) -> dict[str, bytes]:
    """What readers get through the pointer."""
    return metrics_in(data / "published" / "snapshots" / current(data))


def metrics_in(folder: Path) -> dict[str, bytes]:
    """The files that are the same whenever they are made: the history of checks tells of each run, when it was."""
    timely = {"validation_history.parquet", "manifest.json"}
    assert timely <= {path.name for path in folder.iterdir()}
    pl.read_parquet(folder / "validation_history.parquet")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in timely}


def lake_files(data: Path) -> set[str]:
    """The files that the lake's manifest names."""
    pointer = json.loads((data / "lake" / "current.json").read_text())["manifest"]
    tables = json.loads((data / "lake" / "manifests" / f"{pointer}.json").read_text())["tables"]
    return {entry["file"] for parts in tables.values() for entry in parts.values()}


def _is_over(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def assert_readable(data: Path, before: Before) -> None:
    """Readers get all of yesterday or all of today, and no file that has a table's name is torn."""
    assert published(data) in (published(before.data), before.published)
    assert metrics_in(data / "metrics") in (published(before.data), before.published)
    for path in data.rglob("*.parquet"):
        pl.read_parquet(path, glob=False)


def assert_recovers(data: Path, before: Before) -> None:
    assert before.runs.finish(data) == 0
    assert published(data) == before.published
    assert (data / "metrics").resolve().name == current(data)
    assert lake_files(data) == before.lake
    assert [path for path in data.rglob("*") if ".partial" in path.name or ".metrics." in path.name] == []


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_run_killed_at_any_moment_leaves_yesterday_and_the_next_run_repairs(
    before: Before, tmp_path: Path, share: float
) -> None:
    data = before.copy(tmp_path / "data")
    until = time.monotonic() + share * before.seconds
    before.runs.kill(data, lambda: time.monotonic() > until)
    assert_readable(data, before)
    assert_recovers(data, before)


def moved(path: Path) -> Callable[[], bool]:
    content = path.read_bytes()
    return lambda: path.read_bytes() != content


MARKS: dict[str, Callable[[Path], Callable[[], bool]]] = {
    "rows have landed": lambda data: moved(data / "landing" / "current.json"),
    "the lake was committed once": lambda data: moved(data / "lake" / "current.json"),
    "a snapshot is begun": lambda data: lambda: len(list((data / "published" / "snapshots").iterdir())) > 1,
    "the pointer has moved": lambda data: moved(data / "published" / "current.json"),
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_run_killed_just_after_a_step_leaves_yesterday_and_the_next_run_repairs(
    before: Before, tmp_path: Path, mark: str
) -> None:
    data = before.copy(tmp_path / "data")
    before.runs.kill(data, MARKS[mark](data))
    assert_readable(data, before)
    assert_recovers(data, before)


def test_runs_killed_one_after_the_other_do_not_add_up(before: Before, tmp_path: Path) -> None:
    data = before.copy(tmp_path / "data")
    for share in (0.5, 0.7):
        until = time.monotonic() + share * before.seconds
        before.runs.kill(data, lambda until=until: time.monotonic() > until)  # type: ignore[misc]
        assert_readable(data, before)
    assert_recovers(data, before)


def test_the_command_itself_can_be_killed_in_the_middle(before: Before, tmp_path: Path) -> None:
    data = before.copy(tmp_path / "data")
    has_landed = moved(data / "landing" / "current.json")
    command = [sys.executable, "-m", "loyalty_pipeline.cli", "run", "--as-of", str(AS_OF)]
    command += ["--source", str(before.runs.source), "--data-dir", str(data)]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.DEVNULL) as run:
        while not has_landed() and run.poll() is None:
            time.sleep(0.001)
        run.kill()
    assert run.returncode == -signal.SIGKILL
    assert published(data) == published(before.data)
    assert_readable(data, before)
    assert_recovers(data, before)
