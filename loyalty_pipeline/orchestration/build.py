"""Everything that Dagster loads, as one explicit list."""

from collections.abc import Mapping
from typing import Any
from warnings import catch_warnings, simplefilter

import dagster as dg
from dagster import BetaWarning

from loyalty_pipeline.catalogue import tables
from loyalty_pipeline.orchestration.alerts import failure_sensor
from loyalty_pipeline.orchestration.jobs import ingest_job, metrics_job, metrics_sensor, nightly_schedule
from loyalty_pipeline.orchestration.landing import landing_assets
from loyalty_pipeline.orchestration.month_partitions import month_partitions
from loyalty_pipeline.orchestration.snapshot import snapshot_asset
from loyalty_pipeline.orchestration.tables import asset_of
from loyalty_pipeline.orchestration.warehouse import WAREHOUSE, warehouse
from loyalty_pipeline.settings import Settings


def build_defs(settings: Settings, overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Assets, checks, jobs, schedule and sensors under some settings; `overrides` are resources for tests."""
    with catch_warnings():
        # One run for a range of months, and a first month that reads a month before it: both are meant.
        simplefilter("ignore", BetaWarning)
        return _definitions(settings, overrides or {})


def _definitions(settings: Settings, overrides: Mapping[str, Any]) -> dg.Definitions:
    catalogue, months = tables(), month_partitions(settings)
    ingest, metrics = ingest_job(), metrics_job()
    return dg.Definitions(
        assets=[
            landing_assets(settings),
            *(asset_of(table, catalogue, months) for table in catalogue.values()),
            snapshot_asset(),
        ],
        jobs=[ingest, metrics],
        schedules=[nightly_schedule(settings, ingest)],
        sensors=[metrics_sensor(settings, ingest, metrics, months), failure_sensor(settings)],
        resources={WAREHOUSE: warehouse(settings), **overrides},
        executor=dg.in_process_executor,
    )
