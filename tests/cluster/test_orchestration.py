"""Dagster and `loyalty backfill` on a cluster: the same outcome as in one process, and a log that says how far tasks are."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from loyalty_pipeline.lake.audit import Breach
from loyalty_pipeline.lake.manifest import Inputs
from loyalty_pipeline.lake.reading import Reading
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.lake.task import Task
from loyalty_pipeline.pipeline import backfill, nightly, open_lake
from tests.cluster.conftest import Expected, settings
from tests.cluster.made import Made
from tests.orchestration.conftest import Company
from tests.servers.dask_cluster import DaskCluster

pytestmark = pytest.mark.slow
MONTHS = "2026-07", "2026-10"
BROKEN = """
from loyalty_pipeline.lake import task
from loyalty_pipeline.lake.audit import Breach

# It may be loaded twice.
task.sound = sound = getattr(task, "sound", task.breaches)


def breaches(rows, contract, *, table, month):
    return [Breach(table, month, "key_is_unique", 2)] if table == "nps" else sound(rows, contract, table=table, month=month)


task.breaches = breaches
"""
"""What makes rows of one table break their contract, wherever it is loaded."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def counted(patch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often each task is sent to a worker from now on; this process may do none itself."""
    sent: Counter[tuple[str, str]] = Counter()
    told = Reading.task

    def sends(self: Reading, table: Specification, unit: str, inputs: Inputs) -> Task:
        sent[table.name, unit] += 1
        return told(self, table, unit, inputs)

    patch.setattr(Reading, "task", sends)
    patch.setattr("loyalty_pipeline.lake.lake.perform", lambda *_, **__: pytest.fail("it is done here"))
    return sent


def words(instance: dg.DagsterInstance, run: dg.ExecuteInProcessResult) -> list[str]:
    """What a person reads in the log of a run."""
    return [entry.user_message for entry in instance.all_logs(run.run_id)]


def verdicts(run: dg.ExecuteInProcessResult) -> dict[tuple[str, str], bool]:
    found = run.get_asset_check_evaluations()
    return {(check.asset_key.to_user_string(), check.check_name): check.passed for check in found}


def test_a_run_of_dagster_computes_all_at_once_and_publishes_the_same(
    two_workers: DaskCluster,
    data: Path,
    expected: Expected,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, sent = expected(1), counted(monkeypatch)
    run = Company(settings(data, cluster=two_workers.address), instance).run("metrics", MONTHS)
    assert run.success
    assert Made.of(data) == here
    lake = Store(data / "lake").read()
    assert sent == {(name, unit): 1 for name, tasks in lake.tasks.items() for unit in tasks}
    told = [
        re.match(r"([\d,]+) of ([\d,]+) tasks done, \d+ running, 0 failed", line)
        for line in words(instance, run)
    ]
    totals = [match[2] for match in told if match]
    assert totals
    assert all(verdicts(run).values())


def some_tables(company: Company) -> None:
    """Some tables of some months, one of which lacks what it is made of."""
    assert company.run("metrics", assets=["merges", "customer_changes"]).success
    assert company.run("metrics", ("2026-07", "2026-08"), assets=["met_merges", "billed_invoices"]).success
    assert not company.run("metrics", ("2026-08", "2026-08"), assets=["line_state"]).success


def test_some_tables_of_some_months_are_computed_by_workers_as_well(
    two_workers: DaskCluster, data: Path, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    here = shutil.copytree(data, tmp_path / "here")
    some_tables(Company(settings(here), instance))
    with pytest.MonkeyPatch.context() as patch:
        sent = counted(patch)
        some_tables(Company(settings(data, cluster=two_workers.address), instance))
    made = Store(data / "lake").read()
    assert sent == {(name, unit): 1 for name, tasks in made.tasks.items() for unit in tasks}
    assert {name for name, _ in sent} == {"merges", "customer_changes", "met_merges", "billed_invoices"}
    assert made == Store(here / "lake").read()
    assert not (data / "published").exists()


def test_a_contract_that_breaks_on_a_worker_is_a_failed_check_of_its_own_table(
    cluster: DaskCluster,
    data: Path,
    tmp_path: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(BROKEN)
    for _ in range(2):
        cluster.start_worker("--preload", str(broken))
    here = shutil.copytree(data, tmp_path / "here")
    there = Company(settings(data, cluster=cluster.address), instance).run("metrics", MONTHS)
    monkeypatch.setattr("loyalty_pipeline.lake.task.breaches", breach_of_nps)
    alone = Company(settings(here), instance).run("metrics", MONTHS)
    assert not there.success
    assert {check: passed for check, passed in verdicts(there).items() if not passed} == {
        ("nps", "key_is_unique"): False
    }
    assert verdicts(there) == verdicts(alone)
    assert failed_steps(there) == failed_steps(alone) == ["nps"]
    assert not (data / "published").exists()


def breach_of_nps(rows: pl.DataFrame, _: object, *, table: str, month: str) -> list[Breach]:
    del rows
    return [Breach(table, month, "key_is_unique", 2)] if table == "nps" else []


def failed_steps(run: dg.ExecuteInProcessResult) -> list[str | None]:
    return [event.step_key for event in run.all_events if event.is_step_failure]


def test_months_are_computed_again_on_a_cluster_as_in_one_process(
    two_workers: DaskCluster, data: Path, tmp_path: Path, expected: Expected
) -> None:
    nightly(settings(data))
    here = shutil.copytree(data, tmp_path / "here", symlinks=True)
    alone, _ = backfill(settings(here), "2026-09", "2026-10")
    told: list[tuple[str, int, int]] = []
    done, publication = backfill(
        settings(data, cluster=two_workers.address), "2026-09", "2026-10", told=lambda *say: told.append(say)
    )
    assert done.to_dict() == alone.to_dict()
    assert done.differing == done.damaged == []
    assert not publication.is_changed
    assert Made.of(data) == expected(1)
    assert told[-1][1] == told[-1][2] > 0


def test_a_damaged_file_is_found_and_made_again_on_a_cluster(
    two_workers: DaskCluster, data: Path, expected: Expected
) -> None:
    nightly(settings(data))
    lake = open_lake(settings(data))
    entry = lake.manifest.tables["churn"]["2026-08"]
    path = lake.store.path(entry)
    sound = path.read_bytes()
    path.write_bytes(sound.replace(sound[20:24], b"\0\0\0\0", 1))
    done, _ = backfill(settings(data, cluster=two_workers.address), "2026-08", "2026-08")
    assert done.damaged == [("churn", "2026-08")]
    assert path.read_bytes() == sound
    assert Made.of(data) == expected(1)
