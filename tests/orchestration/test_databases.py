"""Databases as sources in Dagster: the check that source and landing agree, mending it, and secrets."""

import dagster as dg
import pytest

from loyalty_pipeline.landing.checks import AGREES
from loyalty_pipeline.orchestration.landing import landing_assets
from loyalty_pipeline.orchestration.month_partitions import raw_key
from loyalty_pipeline.settings import Settings
from tests.landing.company import at, customer
from tests.landing.shop import Shop
from tests.sources.databases.shops import SqliteShop

from .conftest import QUIET, Company

SECRET = "hidden-in-the-environment"  # noqa: S105 - of a test


@pytest.fixture
def shop(tmp_path):
    file = SqliteShop(tmp_path / "shop.db")
    return Shop(tmp_path, file.address, file.execute)


@pytest.fixture(autouse=True)
def _tried_once(monkeypatch):
    """Nobody waits for a source that never comes."""
    monkeypatch.setattr(
        "loyalty_pipeline.orchestration.build.landing_assets",
        lambda settings: landing_assets(settings, dg.RetryPolicy(max_retries=0)),
    )


@pytest.fixture
def company(shop, tmp_path, instance):
    settings = Settings.load(source=shop.settings.source, data_dir=tmp_path / "data", reconcile="never")
    return Company(settings, instance)


def agreements(run):
    checks = [
        event.asset_check_evaluation_data for event in run.all_events if event.is_asset_check_evaluation
    ]
    return {check.asset_key: check for check in checks if check.check_name == AGREES.name}


def test_whether_source_and_landing_agree_is_a_check_of_each_table_of_a_database(company):
    run = company.run("ingest")
    assert run.success
    assert set(agreements(run)) == {raw_key(name) for name in ("customers", "invoices", "invoice_lines")}
    assert all(check.passed for check in agreements(run).values())


def test_a_disagreement_is_a_warning_with_both_figures_and_reconciling_in_a_run_mends_it(company, shop):
    company.run("ingest")
    shop.insert("customers", customer(2, updated_at=at("2020-01-01")))
    run = company.run("ingest")
    assert run.success
    found = agreements(run)[raw_key("customers")]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    told = found.metadata["observed"].value
    assert "the source has 2 keys" in told
    assert "read were 1 keys" in told
    definitions = company.definitions()
    mended = definitions.resolve_job_def("ingest").execute_in_process(
        instance=company.instance, run_config={**QUIET, "ops": {"landing": {"config": {"reconcile": True}}}}
    )
    assert agreements(mended)[raw_key("customers")].passed


def test_a_source_whose_secret_is_not_set_loads_and_fails_with_the_name_of_the_variable(tmp_path, instance):
    settings = Settings.load(
        source="postgresql://reader:${NOBODY_SET_THIS}@127.0.0.1/shop", data_dir=tmp_path
    )
    run = Company(settings, instance).run("ingest")
    assert not run.success
    told = " ".join(
        event.step_failure_data.error.to_string() for event in run.all_events if event.is_step_failure
    )
    assert "the environment has no NOBODY_SET_THIS" in told


def test_no_event_of_a_run_holds_the_password(tmp_path, instance, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    settings = Settings.load(
        source="postgresql://reader:${SHOP_PASSWORD}@127.0.0.1:1/shop", data_dir=tmp_path
    )
    run = Company(settings, instance).run("ingest")
    assert not run.success
    assert SECRET not in repr(run.all_events)
    assert SECRET not in repr(settings)
