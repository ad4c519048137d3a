"""What a run must name, and what must have been computed before a month can be: a missing table would otherwise pass for an empty one."""

import dagster as dg

from loyalty_pipeline.lake.graph import ACTIVITY
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.specification import Read, Specification


def refuse_a_run_without_months(context: dg.AssetExecutionContext) -> None:
    """Raise a `dg.Failure` where a run of all tables names no month.

    Dagster would only fail where a table of months reads another, and what goes before may take hours.
    """
    if not (context.has_partition_key or context.has_partition_key_range):
        message = (
            "this run names no month, and most tables are computed month by month: choose a range of months, as in "
            'dg launch --job metrics --partition-range "2026-01...2026-10"'
        )
        raise dg.Failure(message, allow_retries=False)


def refuse_what_is_missing(lake: Lake, table: Specification, units: list[str]) -> None:
    """Raise a `dg.Failure` that names the first table, and its months, that a run must compute first."""
    if not lake.landed.tables:
        message = "nothing has landed yet: run the job ingest first"
        raise dg.Failure(message, allow_retries=False)
    for name, months in missing(lake, table, units).items():
        few = ", ".join(months[:3]) + (f" and {len(months) - 3} more" if len(months) > 3 else "")  # noqa: PLR2004
        message = f"{table.name} needs {name} of {few}, never computed: materialise {name} first, or with it"
        raise dg.Failure(message, allow_retries=False)


def missing(lake: Lake, table: Specification, units: list[str]) -> dict[str, list[str]]:
    """What some tasks of a table need and the lake never computed: table -> months, whatever their shards."""
    tasks = sorted({month_of(unit) for unit in units})
    found = {name: _never_computed(lake, name) for name in ACTIVITY if table.unit == "month"}
    for read in table.reads:
        if read.table and not read.is_raw:
            lacking = _never_computed(lake, read.table)
            if read.table == table.name:
                lacking = [month for month in lacking if month not in tasks]
            needed = [
                month for month in lacking if any(_reads(lake, table, read, month, task) for task in tasks)
            ]
            found[read.table] = sorted({*found.get(read.table, []), *needed})
    return {name: months for name, months in found.items() if months}


def _never_computed(lake: Lake, name: str) -> list[str]:
    done = lake.manifest.tasks.get(name, {})
    return list(dict.fromkeys(month_of(u) for u in lake.units(lake.tables[name]) if u not in done))


def _reads(lake: Lake, table: Specification, read: Read, unit: str, task: str) -> bool:
    """Whether a task reads what another task of the table it reads has made."""
    upstream = lake.tables[read.table]
    if "whole" in (table.unit, upstream.unit) or upstream.is_split or read.reach == "whole":
        return True
    if read.reach == "later":
        return unit > task
    first, last = lake.reading.span(table, read, task)
    return first <= unit <= last
