"""One partition is one calendar month of business time, never of load time; its key is the lake's name for it."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from loyalty_pipeline.lake import part
from loyalty_pipeline.lake.graph import ACTIVITY
from loyalty_pipeline.lake.part import text_of
from loyalty_pipeline.lake.reading import OFFSETS
from loyalty_pipeline.lake.specification import Read, Specification
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import month_of, plus
from loyalty_pipeline.settings import Settings

FORMAT = "%Y-%m"
DEFAULT_MONTHS = 60
BUSINESS = ("subscription_items", "invoices", "invoice_lines", "refunds")
"""The raw tables whose first month is the first there can be metrics for."""
STEPS = {reach: months for reach, months in OFFSETS.items() if reach != "following"} | {
    "period months": (-12, 0)
}
"""Not `following`: of a table that also reads its own month before, a backfill would start with the newest month."""


def month_partitions(settings: Settings) -> dg.MonthlyPartitionsDefinition:
    """From the first landed month of business, or five years before the as-of, to the running month.

    A fixed as-of whose month is over ends them there: later months could never be computed. What is older than the
    first partition is computed with it, and what lies after the last one with that.
    """
    landed = Store(settings.data_dir / "landing").read()
    seen = [month for table in BUSINESS for month in landed.months(table)[:1]]
    default = text_of(plus(month_of(settings.as_of_date()), -DEFAULT_MONTHS))
    this_month = text_of(month_of(settings.as_of_date()))
    start = min([*seen, this_month]) if seen else default
    after = plus(month_of(settings.as_of_date() - timedelta(days=1)), 1)
    if after <= datetime.now(ZoneInfo(settings.timezone)).date():
        return dg.MonthlyPartitionsDefinition(
            start, end_date=text_of(after), fmt=FORMAT, timezone=settings.timezone
        )
    return dg.MonthlyPartitionsDefinition(start, fmt=FORMAT, timezone=settings.timezone, end_offset=1)


def dependencies(table: Specification, catalogue: dict[str, Specification]) -> list[dg.AssetDep]:
    """What a table reads, each with the months that it reads of it."""
    reaches: dict[str, set[str]] = {}
    for read in _tables(table):
        reaches.setdefault(read.table, set()).add(read.reach)
    raw = {read.table for read in table.reads if read.is_raw}
    deps = [dg.AssetDep(raw_key(name)) for name in reaches if name in raw]
    deps += [
        dg.AssetDep(name, partition_mapping=_mapping(table, catalogue[name], reaches[name]))
        for name in reaches
        if name not in raw
    ]
    if table.unit == "month":
        # They decide which months there are, also for a table that reads neither.
        others = set(ACTIVITY) - set(_upstream(table.name, catalogue))
        deps += [dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping()) for name in sorted(others)]
    return deps


def raw_key(table: str) -> dg.AssetKey:
    """The asset of a raw table."""
    return dg.AssetKey(["landing", table])


def selected_units(selected: Iterable[str], units: list[str], months: list[str]) -> list[str]:
    """The tasks that selected months stand for, the first and the last of all months with what lies outside."""
    chosen = set(selected)
    with_older, with_newer = months[0] in chosen, months[-1] in chosen
    return [
        unit
        for unit in units
        if (month := part.month_of(unit)) in chosen
        or (with_older and month < months[0])
        or (with_newer and month > months[-1])
    ]


def month_range(first: date | str, last: date | str) -> dict[str, str]:
    """The tags that ask a run for a range of months, both ends in."""
    return {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}


def _mapping(table: Specification, upstream: Specification, reaches: set[str]) -> dg.PartitionMapping | None:
    if table.unit == "whole" or upstream.unit == "whole":
        return None
    # The tasks of a split table file rows in any month.
    if upstream.is_split or not reaches <= STEPS.keys():
        return dg.AllPartitionMapping()
    offsets = [offset for reach in reaches for offset in STEPS[reach]]
    return dg.TimeWindowPartitionMapping(
        start_offset=min(offsets), end_offset=max(offsets), allow_nonexistent_upstream_partitions=True
    )


def _tables(table: Specification) -> list[Read]:
    return [read for read in table.reads if read.table]


def _upstream(name: str, catalogue: dict[str, Specification]) -> Iterator[str]:
    for read in _tables(catalogue[name]):
        if not read.is_raw and read.table != name:
            yield read.table
            yield from _upstream(read.table, catalogue)
