import json
import shutil

import dagster as dg
import polars as pl
import pytest

from loyalty_pipeline.catalogue import STAGING
from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.lake.audit import Breach
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.orchestration.landing import landing_assets
from loyalty_pipeline.orchestration.month_partitions import raw_key
from loyalty_pipeline.orchestration.warehouse import warehouse
from loyalty_pipeline.pipeline import nightly, open_lake
from loyalty_pipeline.publication.snapshot import Publisher
from loyalty_pipeline.settings import Settings

ALL = "2026-06", "2026-10"


@pytest.fixture
def company(company, landed):
    shutil.copytree(landed, company.settings.data_dir)
    return company


def published(settings):
    """The published tables but those that tell when each data folder was filled, and what it showed before."""
    files = (settings.data_dir / "metrics").glob("*.parquet")
    logs = {"validation_history", "restatements"}
    return {path.name: path.read_bytes() for path in files if path.stem not in logs}


def failures(run):
    """What a person reads of a failed run."""
    events = [event for event in run.all_events if event.is_step_failure]
    return " ".join(str(event.step_failure_data.error.to_string()) for event in events)


def months_of(run, table):
    events = run.get_asset_materialization_events()
    found = [e.materialization for e in events if e.materialization.asset_key == dg.AssetKey(table)]
    return {m.partition: m.metadata for m in found if m.partition}


@pytest.mark.slow
def test_dagster_and_the_command_line_publish_the_same_bytes(company, source, tmp_path):
    run = company.run("metrics", ALL)
    assert run.success
    settings = Settings.load(source=str(source), data_dir=tmp_path / "by_command_line")
    night = nightly(settings)
    assert (
        night.publication.metrics
        == json.loads((company.settings.data_dir / "metrics" / "manifest.json").read_text())["metrics"]
    )
    assert published(settings) == published(company.settings)
    facts = run.asset_materializations_for_node("snapshot")[0].metadata
    assert facts["snapshot"].value == Publisher(company.settings.data_dir).current()["snapshot"]
    assert facts["is_changed"].value is True
    assert set(months_of(run, "churn")) == {f"2026-{month:02}" for month in range(6, 11)}
    october = months_of(run, "churn")["2026-10"]
    assert october["trend"].value.startswith("![customer churn rate")
    assert october["dagster/partition_row_count"].value > 0
    assert october["is_recomputed"].value is True
    assert all(check.passed for check in run.get_asset_check_evaluations())
    assert not any(open_lake(company.settings).stale(name) for name in ("churn", "clv", "customer_months"))


def test_a_month_whose_tables_were_never_computed_fails_and_names_them(company):
    run = company.run("metrics", ("2026-08", "2026-08"), assets=["line_state"])
    assert not run.success
    assert "line_state needs recurring_lines of" in failures(run)


def test_a_run_that_names_no_month_fails_before_it_computes_any(company):
    run = company.run("metrics")
    assert not run.success
    assert "this run names no month" in failures(run)
    assert "--partition-range" in failures(run)
    assert "Cannot access partition_key" not in failures(run)
    assert not open_lake(company.settings).manifest.tasks


def test_a_run_of_tables_that_have_no_months_needs_to_name_none(company):
    run = company.run("metrics", assets=["merges", "first_rates"])
    assert run.success, failures(run)


def test_months_before_the_first_stale_one_are_asked_for_by_name(company):
    """One month of a table that goes on from the month before."""
    staged = company.run("metrics", ALL, assets=[table.__name__ for table in STAGING])
    assert staged.success, failures(staged)
    assert company.run("metrics", ALL, assets=["renewals"]).success
    run = company.run("metrics", ("2026-08", "2026-08"), assets=["line_state"])
    assert "line_state needs line_state of 2026-07" in failures(run)
    assert company.run("metrics", ("2026-06", "2026-08"), assets=["line_state"]).success
    assert set(open_lake(company.settings).manifest.tasks["line_state"]) == {"2026-06", "2026-07", "2026-08"}


def test_nothing_is_computed_where_nothing_has_landed(company):
    shutil.rmtree(company.settings.data_dir)
    run = company.run("metrics", assets=["merges"])
    assert "nothing has landed yet: run the job ingest first" in failures(run)


def test_a_snapshot_of_a_stale_lake_is_refused(company):
    run = company.run("metrics", assets=["snapshot"])
    assert not run.success
    assert not (company.settings.data_dir / "published").exists()


def test_a_lake_in_use_is_a_failure_that_says_by_whom(company):
    with exclusive(company.settings.data_dir):
        run = company.run("metrics", assets=["merges"])
    assert "is in use by process" in failures(run)
    assert company.run("metrics", assets=["merges"]).success


def test_rows_that_break_a_rule_are_a_failed_check_and_change_no_file(company, monkeypatch):
    assert company.run("metrics", assets=["merges"]).success
    before = open_lake(company.settings).manifest.tables
    monkeypatch.setattr("loyalty_pipeline.lake.task.breaches", _one_breach)
    run = company.run("metrics", ALL, assets=["met_merges"])
    assert not run.success
    passed = {check.check_name: check.passed for check in run.get_asset_check_evaluations()}
    assert passed == {"columns_keep_to_the_contract": True, "key_is_unique": False}
    assert open_lake(company.settings).manifest.tables == before


def test_a_second_run_recomputes_nothing_and_says_so(company):
    assert company.run("metrics", assets=["merges"]).success
    run = company.run("metrics", assets=["merges"])
    (event,) = run.get_asset_materialization_events()
    assert event.materialization.metadata["months_recomputed"].value == 0
    notes = [check.metadata["note"].value for check in run.get_asset_check_evaluations()]
    assert set(notes) == {"nothing was recomputed: what was found before holds"}


def test_the_rows_of_a_source_that_breaks_its_rules_are_failed_checks(company, source, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(source, broken)
    customers = pl.read_parquet(source / "customers.parquet")
    customers.with_columns(country=pl.lit("Atlantis")).write_parquet(broken / "customers.parquet")
    company.settings = Settings.load(source=str(broken), data_dir=tmp_path / "fresh")
    run = company.run("ingest")
    assert not run.success
    failed = [check for check in run.get_asset_check_evaluations() if not check.passed]
    assert {check.asset_key for check in failed} == {raw_key("customers")}
    rule = next(check for check in failed if check.check_name == "country_has_the_right_shape")
    assert rule.metadata["bad_rows"].value == customers.height
    assert rule.metadata["sample_keys"].value
    assert "customers.country" in failures(run)
    assert len([event for event in run.all_events if event.is_step_failure]) == 1


def test_a_source_that_cannot_be_read_is_tried_again_and_bad_rows_are_not(company, monkeypatch):
    at_once = dg.RetryPolicy(max_retries=3)
    monkeypatch.setattr(
        "loyalty_pipeline.orchestration.build.landing_assets",
        lambda settings: landing_assets(settings, at_once),
    )
    asked = []

    def land(settings, *, is_reconciling):
        asked.append((settings, is_reconciling))
        raise_for(len(asked))

    run = company.run("ingest", overrides={"warehouse": warehouse(company.settings, land)})
    assert not run.success
    assert len(asked) == 2
    assert "the key is gone" in failures(run)


def raise_for(attempt):
    if attempt == 1:
        message = "the disk is away"
        raise SourceError(message)
    table, rule = "customers", "the key is gone"
    raise DataFault(table, rule)


def _one_breach(frame, _, *, table, month):
    return [Breach(table, month, "key_is_unique", frame.height)]
