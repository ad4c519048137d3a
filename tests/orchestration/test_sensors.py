import json
import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import dagster as dg
import polars as pl
import pytest

from loyalty_pipeline.lake.plan import Plan, TablePlan, plan_of
from loyalty_pipeline.orchestration import build_defs
from loyalty_pipeline.orchestration.jobs import LONGEST, in_short, stale_range
from loyalty_pipeline.pipeline import nightly, open_lake, plan
from loyalty_pipeline.settings import Settings

MONTHS = [f"2026-{month:02}" for month in range(6, 12)]


@pytest.fixture
def webhook():
    """A server on this machine, and what was posted to it."""
    posted = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", posted
        server.shutdown()


def test_a_failed_run_is_posted_with_what_a_person_needs(tmp_path, instance, webhook):
    address, posted = webhook
    settings = Settings(data_dir=tmp_path / "data", source=str(tmp_path / "nowhere"), alert_webhook=address)
    definitions = build_defs(settings)
    run = definitions.resolve_job_def("metrics").execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey("merges")], raise_on_error=False
    )
    context = dg.build_run_status_sensor_context(
        "alert_on_failure", run.get_run_failure_event(), instance, run.dagster_run
    ).for_run_failure()
    alert = next(sensor for sensor in definitions.sensors if sensor.name == "alert_on_failure")
    alert(context)
    (told,) = posted
    assert told["job"] == "metrics"
    assert told["run_id"] == run.run_id
    assert "nothing has landed yet" in told["text"]


def test_an_alert_that_cannot_be_posted_is_logged_without_its_secret_address(tmp_path, instance, caplog):
    settings = Settings(data_dir=tmp_path, source="nowhere", alert_webhook="http://127.0.0.1:9/secret")
    definitions = build_defs(settings)
    run = definitions.resolve_job_def("metrics").execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey("merges")], raise_on_error=False
    )
    event = run.get_run_failure_event()
    context = dg.build_run_status_sensor_context("alert_on_failure", event, instance, run.dagster_run)
    alert = next(sensor for sensor in definitions.sensors if sensor.name == "alert_on_failure")
    alert(context.for_run_failure())
    assert "secret" not in caplog.text


def after_ingest(settings, instance):
    """What the sensor answers once an ingest has succeeded."""
    definitions = build_defs(settings)
    run = definitions.resolve_job_def("ingest").execute_in_process(instance=instance)
    context = dg.build_run_status_sensor_context(
        "metrics_after_ingest", run.get_run_success_event(), instance, run.dagster_run
    )
    sensor = next(sensor for sensor in definitions.sensors if sensor.name == "metrics_after_ingest")
    return run, sensor(context)


@pytest.mark.slow
def test_after_an_ingest_only_the_months_from_the_first_stale_one_are_asked_for(source, tmp_path, instance):
    mine = tmp_path / "source"
    shutil.copytree(source, mine)
    settings = Settings.load(source=str(mine), data_dir=tmp_path / "data")
    nightly(settings)
    _, answer = after_ingest(settings, instance)
    assert "nothing" in answer.skip_message or "no month is stale" in answer.skip_message
    invoices = pl.read_parquet(mine / "invoices.parquet")
    august = invoices.filter(pl.col("issued_at").dt.month() == 8).head(1)["invoice_id"].item()
    changed = invoices.with_columns(
        paid_at=pl.when(pl.col("invoice_id") == august).then(pl.col("issued_at")).otherwise("paid_at"),
        updated_at=pl.when(pl.col("invoice_id") == august)
        .then(pl.col("updated_at").max())
        .otherwise("updated_at"),
    )
    changed.write_parquet(mine / "invoices.parquet")
    run, answer = after_ingest(settings, instance)
    assert answer.run_key == run.run_id
    assert answer.tags == {
        "dagster/asset_partition_range_start": "2026-08",
        "dagster/asset_partition_range_end": "2026-10",
        "loyalty/why": "invoices 2026-08 new",
    }
    told = plan(settings).recompute
    assert told.months == ("2026-08", "2026-10")
    assert told.causes == ["invoices 2026-08 new"]


def test_where_nothing_was_ever_computed_every_month_is_stale(source, landed):
    lake = open_lake(Settings.load(source=str(source), data_dir=landed))
    first, last = stale_range(plan_of(lake), MONTHS)
    assert (first, last) == ("2026-06", "2026-10")


def planned(*stale, newest="2026-10", dropped=()):
    """A plan of one table."""
    table = TablePlan("churn", "month", 6, certain=dict.fromkeys(stale, ()), dropped=list(dropped))
    return Plan({"churn": table}, newest)


@pytest.mark.parametrize(
    ("plan", "asked"),
    [
        (planned("2026-08", "2026-09"), ("2026-08", "2026-10")),
        (planned("2026-08.2of4"), ("2026-08", "2026-10")),
        (planned("whole"), ("2026-10", "2026-10")),
        (planned("2020-01"), ("2026-06", "2026-10")),
        (planned("2026-12", newest="2026-12"), ("2026-11", "2026-11")),
        (planned("2026-08", newest="2020-01"), ("2026-06", "2026-06")),
        (planned(dropped=["2026-11"]), ("2026-10", "2026-10")),
        (planned(), None),
    ],
)
def test_a_run_asks_for_the_months_of_the_plan_within_the_partitions(plan, asked):
    assert stale_range(plan, MONTHS) == asked


def test_a_tag_has_as_many_causes_as_it_has_room_for():
    assert in_short([]) == ""
    assert in_short(["invoices 2026-08 new", "setting mrr_floor changed"]) == (
        "invoices 2026-08 new; setting mrr_floor changed"
    )
    many = in_short([f"table_number_{number} 2026-08 new" for number in range(40)])
    assert many.startswith("table_number_0 2026-08 new; table_number_1")
    assert many.endswith(" more")
    assert len(many) <= LONGEST
    assert len(in_short(["x" * 1000])) == LONGEST
