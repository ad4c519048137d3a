"""The night: land on schedule, then compute and publish for exactly the months that what landed made stale."""

from typing import Any

import dagster as dg

from loyalty_pipeline.lake.plan import Plan, plan_of
from loyalty_pipeline.orchestration.month_partitions import month_range, raw_key
from loyalty_pipeline.pipeline import is_published, open_lake
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES

HOURS = 3600
WHY = "loyalty/why"
LONGEST = 200
"""Characters of a tag's value: it is shown in a line, and databases index it to 255."""
RAW = dg.AssetSelection.assets(*(raw_key(table) for table in RAW_TABLES))


def ingest_job() -> Any:
    """Land what is new at the source."""
    return dg.define_asset_job(
        "ingest",
        selection=RAW,
        description="Lands what is new at the source: all tables or none.",
        executor_def=dg.in_process_executor,
    )


def metrics_job() -> Any:
    """Compute what is stale and publish it."""
    return dg.define_asset_job(
        "metrics",
        selection=dg.AssetSelection.all() - RAW,
        description="Computes every stale month and publishes a snapshot. Asks for a range of months.",
        executor_def=dg.in_process_executor,
        tags={"dagster/max_runtime": str(6 * HOURS)},
    )


def nightly_schedule(settings: Settings, ingest: Any) -> dg.ScheduleDefinition:
    """When the night begins."""
    started, stopped = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name="nightly",
        job=ingest,
        cron_schedule=settings.nightly_cron,
        execution_timezone=settings.timezone,
        default_status=started if settings.start_schedules else stopped,
        description="Starts the ingest; what it makes stale is computed by the sensor metrics_after_ingest.",
    )


def metrics_sensor(
    settings: Settings, ingest: Any, metrics: Any, months: dg.MonthlyPartitionsDefinition
) -> dg.SensorDefinition:
    """After an ingest, one run for the months from the first stale one to the newest."""

    @dg.run_status_sensor(
        name="metrics_after_ingest",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[ingest],
        request_job=metrics,
        minimum_interval_seconds=30,
        default_status=sensor_status(settings),
        description="Requests the months that became stale; skips, and says why, when the publication is current.",
    )
    def metrics_after_ingest(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        lake = open_lake(settings)
        plan = plan_of(lake)
        span = stale_range(plan, list(months.get_partition_keys()))
        if span is None:
            if is_published(settings, lake):
                return dg.SkipReason("no month is stale, and what is published is current")
            newest = months.get_last_partition_key() or ""
            span = newest, newest
        why = {WHY: in_short(plan.causes) or "what the lake has was not published"}
        return dg.RunRequest(run_key=context.dagster_run.run_id, tags=month_range(*span) | why)

    return metrics_after_ingest


def sensor_status(settings: Settings) -> dg.DefaultSensorStatus:
    """Sensors are stopped until a setting or a person starts them."""
    return dg.DefaultSensorStatus.RUNNING if settings.start_schedules else dg.DefaultSensorStatus.STOPPED


def stale_range(plan: Plan, keys: list[str]) -> tuple[str, str] | None:
    """The months of a plan within the partitions; None when nothing is to be done.

    A plan looks at every table, so that what a run that died half-way left is found as well.
    """
    if plan.months is None:
        return None
    first, newest = plan.months
    newest = min(max(newest, keys[0]), keys[-1])
    return min(max(first, keys[0]), newest), newest


def in_short(causes: list[str]) -> str:
    """As many causes as a tag has room for, and how many more there are."""
    for count in range(len(causes), 0, -1):
        left = f" and {len(causes) - count} more" if count < len(causes) else ""
        if len(text := "; ".join(causes[:count]) + left) <= LONGEST:
            return text
    return f"{causes[0][: LONGEST - 1]}…" if causes else ""
