"""History: what the lake has, told to a Dagster that did not compute it.

`loyalty run` needs no Dagster. Before the page opens, its months are reported as events without a run, so
that both ways of running share one history. Nothing is decided by it: the lake alone says what is stale.
"""

from collections.abc import Iterator

import dagster as dg

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.outcome import by_month
from loyalty_pipeline.orchestration.computing import SNAPSHOT, facts_by_month
from loyalty_pipeline.orchestration.month_partitions import month_partitions, raw_key
from loyalty_pipeline.orchestration.trend import trend
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.publication.snapshot import Publisher
from loyalty_pipeline.settings import Settings


def tell(instance: dg.DagsterInstance, settings: Settings) -> int:
    """Report what Dagster has not been told of, and return how many events that were."""
    lake = open_lake(settings)
    events = [*_raw(instance, lake), *_months(instance, lake, settings), *_snapshot(instance, settings)]
    for event in events:
        instance.report_runless_asset_event(event)
    return len(events)


def _raw(instance: dg.DagsterInstance, lake: Lake) -> Iterator[dg.AssetMaterialization]:
    for name, parts in lake.landed.tables.items():
        rows = sum(entry.rows for entry in parts.values())
        if _is_news(instance, raw_key(name), "dagster/row_count", rows):
            yield dg.AssetMaterialization(raw_key(name), metadata={"dagster/row_count": rows})


def _months(
    instance: dg.DagsterInstance, lake: Lake, settings: Settings
) -> Iterator[dg.AssetMaterialization]:
    partitions = set(month_partitions(settings).get_partition_keys())
    for name, table in lake.tables.items():
        key, outcomes = dg.AssetKey(name), by_month(lake.kept(name))
        told = instance.get_materialized_partitions(key)
        facts = facts_by_month(lake, outcomes)
        for outcome in outcomes:
            month = outcome.month
            is_newest = outcome is outcomes[-1]
            picture = {"trend": dg.MetadataValue.md(trend(lake, table))} if is_newest else {}
            if table.unit == "whole" and _is_news(instance, key, "digest", outcome.digest):
                yield dg.AssetMaterialization(key, metadata=facts[month] | picture)
            elif month in partitions and (
                month not in told or (is_newest and _is_news(instance, key, "digest", outcome.digest))
            ):
                yield dg.AssetMaterialization(key, partition=month, metadata=facts[month] | picture)


def _snapshot(instance: dg.DagsterInstance, settings: Settings) -> Iterator[dg.AssetMaterialization]:
    snapshot = Publisher(settings.data_dir).current().get("snapshot")
    if snapshot and _is_news(instance, SNAPSHOT, "snapshot", snapshot):
        yield dg.AssetMaterialization(SNAPSHOT, metadata={"snapshot": snapshot})


def _is_news(instance: dg.DagsterInstance, key: dg.AssetKey, name: str, value: object) -> bool:
    """Whether the last event of an asset says something else."""
    event = instance.get_latest_materialization_event(key)
    last = event.asset_materialization if event else None
    return last is None or name not in last.metadata or last.metadata[name].value != value
