"""Whole nights in a store: as on a disk, whatever is killed and whoever else writes.

`LOYALTY_SOAK_REQUESTS="20 40 60" pytest tests/storage/test_nights.py` also kills at the requests of these numbers.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event

import dagster as dg
import pytest
from typer.testing import CliRunner

from loyalty_pipeline.cli.app import app
from loyalty_pipeline.demo import write_company
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.pipeline import nightly, open_lake
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.storage.files import remove_files
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from tests.faults.kept import TIMELY, Kept
from tests.faults.runs import AS_OF, runs_over, write_first, write_today, write_yesterday
from tests.orchestration.conftest import Company as Scheduled
from tests.servers.objects import BUCKET, KEY_ID, SECRET, Objects, Request, tell_clients
from tests.storage.nights import Nights, When

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Company:
    """`yesterday` is the folder in the store after yesterday's run; `before` and `after` what a local one keeps around today's."""

    nights: Nights
    yesterday: ObjectPath
    before: Kept
    after: Kept


@pytest.fixture(scope="session")
def company(objects_server: Objects, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    here = tmp_path_factory.mktemp("nights")
    source, local, remote = here / "source", here / "local", place_of(f"s3://{BUCKET}/yesterday")
    assert isinstance(remote, ObjectPath)
    write_first(source)
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        tell_clients(patch, objects_server.endpoint)
        runs = stack.enter_context(runs_over(source))
        nights = Nights(runs, objects_server, here)
        for days in (1, 0):
            for data in (local, remote):
                nights.run(data, AS_OF - timedelta(days))
            write_yesterday(source)
        for data in (local, remote):
            nights.run(data)
        before = Kept.of(local)
        write_today(source)
        nights.run(local)
        yield Company(nights, remote, before, Kept.of(local))


@pytest.fixture
def data(company: Company, folder: ObjectPath) -> ObjectPath:
    """Yesterday's folder once more."""
    return company.nights.copy(company.yesterday, folder)


def test_nights_in_a_store_keep_what_nights_on_a_disk_keep(company: Company, data: ObjectPath) -> None:
    assert company.nights.kept(data) == company.before
    company.nights.run(data)
    assert f"{data}/published/snapshots/" in company.nights.out
    assert company.nights.kept(data) == company.after


def test_a_night_without_changes_asks_little_and_writes_its_lock_alone(
    company: Company, data: ObjectPath, server: Objects
) -> None:
    company.nights.run(data)
    server.requests.clear()
    company.nights.run(data)
    written = [path for method, path in server.requests if method not in {"GET", "HEAD"}]
    assert {Path(path).name for path in written} == {".lock"}
    assert server.counts()["LIST"] <= 2
    assert len(server.requests) < 40
    files = [path for _, path in server.requests if path.endswith(".parquet") and "/lake/" in path]
    assert files == []


def puts(ending: str) -> When:
    return lambda _, request: request[0] == "PUT" and request[1].endswith(ending)


def nth(number: int) -> When:
    return lambda count, _: count == number


MOMENTS: dict[str, tuple[When, bool]] = {
    "with the lock just written": (puts(".lock"), True),
    "before what landed counts": (puts("landing/current.json"), False),
    "in the middle of computing": (lambda _, one: one[0] == "PUT" and "/lake/churn/" in one[1], True),
    "when the lake counts": (puts("lake/current.json"), True),
    "before the snapshot is shown": (puts("published/current.json"), False),
    "when the snapshot is shown": (puts("published/current.json"), True),
}
SOAK = [int(number) for number in os.environ.get("LOYALTY_SOAK_REQUESTS", "").split()]


@pytest.mark.parametrize("moment", [*MOMENTS, *SOAK])
def test_a_run_that_is_killed_leaves_yesterday_or_today_and_the_next_one_ends_it(
    company: Company, data: ObjectPath, moment: str | int
) -> None:
    when, is_answered = MOMENTS[moment] if isinstance(moment, str) else (nth(moment), bool(moment % 2))
    company.nights.kill(data, when, is_answered=is_answered)
    assert company.nights.published(data) in (company.before.published, company.after.published)
    company.nights.run(data)
    assert company.nights.kept(data) == company.after


@pytest.mark.parametrize("ending", ["landing/current.json", "/churn.parquet"])
def test_a_server_that_dies_stops_the_run_and_the_next_one_ends_it(
    company: Company, data: ObjectPath, server: Objects, ending: str
) -> None:
    def die(_: int, request: Request) -> None:
        if puts(ending)(0, request):
            server.stop()

    server.before = die
    assert company.nights.finish(data) == 3
    assert "cannot be reached" in company.nights.err
    assert "Traceback" not in company.nights.err
    server.undisturbed()
    server.start()
    assert company.nights.published(data) in (company.before.published, company.after.published)
    company.nights.run(data)
    assert company.nights.kept(data) == company.after


def test_a_store_that_refuses_for_a_moment_is_asked_again(
    company: Company, data: ObjectPath, server: Objects
) -> None:
    server.before = lambda number, _: "503 Slow Down" if number % 20 == 7 else None
    company.nights.run(data)
    server.undisturbed()
    assert company.nights.kept(data) == company.after


def test_a_second_run_is_turned_away_and_the_first_is_not_disturbed(
    company: Company, data: ObjectPath, server: Objects
) -> None:
    reached, go_on = Event(), Event()

    def wait(_: int, request: Request) -> None:
        if puts("lake/current.json")(0, request) and not reached.is_set():
            reached.set()
            assert go_on.wait(60)

    server.before = wait
    first = company.nights.start(data)
    assert reached.wait(60)
    assert company.nights.finish(data) == 4
    assert f"in use by process {first}" in company.nights.err
    go_on.set()
    assert company.nights.runs.wait(first) == 0
    assert company.nights.kept(data) == company.after


def test_a_run_that_slept_while_another_took_over_changes_nothing_more(
    company: Company, data: ObjectPath, server: Objects
) -> None:
    reached = Event()

    def note(_: int, request: Request) -> None:
        if request[0] == "PUT" and "/lake/" in request[1] and not reached.is_set():
            reached.set()
            # Before it has read the answer.
            os.kill(sleeper[0], signal.SIGSTOP)

    server.after = note
    sleeper = [company.nights.start(data)]
    assert reached.wait(60)
    server.undisturbed()
    # As if its lease had run out.
    lock = (data / ".lock").read_text().replace('"lease_seconds": 600.0', '"lease_seconds": -1')
    (data / ".lock").write_bytes(lock.encode())
    company.nights.run(data)
    os.kill(sleeper[0], signal.SIGCONT)
    assert company.nights.runs.wait(sleeper[0]) == 4
    assert "lost its lock" in company.nights.said[-3].read_text()
    assert company.nights.kept(data) == company.after


def test_snapshots_are_listed_verified_and_rolled_back(company: Company, data: ObjectPath) -> None:
    nights = company.nights
    nights.run(data)
    assert nights.finish(data, ["snapshots", "list"]) == 0
    assert nights.out.startswith("* ")
    assert nights.finish(data, ["snapshots", "verify", "--all"]) == 0
    assert nights.finish(data, ["snapshots", "rollback"]) == 0
    assert nights.published(data) == company.before.published
    assert nights.finish(data, ["snapshots", "rollback"]) == 0
    assert nights.published(data) == company.after.published
    broken = next(path for path, _ in data.below() if path.name == "churn.parquet")
    broken.write_bytes(broken.read_bytes()[:-1] + b"x")
    assert nights.finish(data, ["snapshots", "verify", "--all"]) == 1
    assert f"{broken.relative_to(data)} has other content than was written" in nights.out


def test_the_other_commands_work_on_a_store(company: Company, data: ObjectPath) -> None:
    nights = company.nights
    assert nights.finish(data, ["plan", "--source", str(nights.runs.source)]) == 0
    assert "invoice_lines" in nights.out
    assert nights.finish(data, ["quarantine", "list"]) == 0
    assert "invoice_lines" in nights.out
    assert nights.finish(data, ["quarantine", "replay", "--source", str(nights.runs.source)]) == 0, nights.err
    assert nights.finish(data, ["backfill"]) == 0, nights.err
    assert nights.finish(data, ["doctor"]) == 0, nights.out
    assert f"{data} is writable, and honours conditional writes" in nights.out
    assert "lock: free" in nights.out


def test_the_doctor_says_who_holds_the_lock_and_that_the_store_is_gone(
    company: Company, data: ObjectPath, server: Objects
) -> None:
    nights = company.nights
    with exclusive(data):
        assert nights.finish(data, ["doctor"]) == 1
    assert f"in use by process {os.getpid()}" in nights.out
    server.stop()
    assert nights.finish(data, ["doctor"]) == 1
    assert f"{data}" in nights.out
    assert "cannot be reached" in nights.out


def test_an_object_that_somebody_deleted_is_made_again_by_the_run_after_the_one_that_misses_it(
    company: Company, data: ObjectPath
) -> None:
    nights = company.nights
    remove_files(path for path, _ in (data / "lake").below() if path.name.endswith(".parquet"))
    assert nights.finish(data) == 3
    assert "there is no such object" in nights.err
    nights.run(data)
    assert "missing or cut short" in nights.err
    made = nights.kept(data)
    # Which rows it restates is counted from what was published, but why nobody knows any more.
    assert (made.published, made.lake) == (company.after.published, company.after.lake)
    assert len(made.restated) == len(company.after.restated)


def test_no_secret_is_written_or_said(company: Company, data: ObjectPath, server: Objects) -> None:
    nights = company.nights
    nights.run(data)
    assert nights.finish(data, ["snapshots", "list"]) == 0
    server.before = lambda *_: "403 Forbidden"
    assert nights.finish(data) == 3
    assert "refuses access" in nights.err
    server.undisturbed()
    told = [path.read_bytes() for path in nights.said]
    told += [path.read_bytes() for path, _ in data.below()]
    told += [str(path).encode() for path, _ in data.below()]
    for secret in (SECRET, KEY_ID):
        assert not any(secret.encode() in one for one in told)


def test_the_demo_company_comes_out_in_a_store_as_on_a_disk(folder: ObjectPath, tmp_path: Path) -> None:
    words = ["demo", "--customers", "300", "--months", "4", "--out", str(tmp_path / "demo")]
    assert CliRunner().invoke(app, words).exit_code == 0
    places = tmp_path / "local", folder
    done = [nightly(Settings.load(source=str(tmp_path / "demo"), data_dir=place)) for place in places]
    assert done[0].publication.metrics == done[1].publication.metrics
    names = {f"{name}.parquet" for name in done[0].publication.rows} - TIMELY
    for name in names:
        on_disk, in_store = ((one.publication.folder / name).read_bytes() for one in done)
        assert on_disk == in_store, name
    lakes = [Store(place / "lake").read().tables for place in places]
    assert lakes[0] == lakes[1]
    assert not nightly(Settings.load(source=str(tmp_path / "demo"), data_dir=folder)).publication.is_changed


def test_dagster_publishes_in_a_store_what_the_command_line_publishes_on_a_disk(
    folder: ObjectPath, tmp_path: Path
) -> None:
    write_company(tmp_path / "source", customers=30, months=2, seed=7)
    here, there = (
        Settings.load(source=str(tmp_path / "source"), data_dir=place)
        for place in (tmp_path / "data", folder)
    )
    done = nightly(here)
    with dg.DagsterInstance.ephemeral() as instance:
        scheduler = Scheduled(there, instance)
        assert scheduler.run("ingest").success
        months = open_lake(there).landed.months("invoices")
        run = scheduler.run("metrics", (months[0], months[-1]))
    assert run.success
    facts = run.asset_materializations_for_node("snapshot")[0].metadata
    assert facts["path"].value == f"{folder}/published/snapshots/{facts['snapshot'].value}"
    for name in {f"{name}.parquet" for name in done.publication.rows} - TIMELY:
        published = folder / "published" / "snapshots" / facts["snapshot"].value / name
        assert published.read_bytes() == (done.publication.folder / name).read_bytes(), name
    assert json.loads((folder / ".lock").read_bytes())["holder"] is None
