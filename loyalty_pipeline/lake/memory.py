"""How much memory the tasks of a lake would take, were it kept in another number of shards: an estimate, from rows and columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.manifest import Entry
from loyalty_pipeline.lake.part import month_of, shard_of, work_of
from loyalty_pipeline.lake.specification import Read, Specification

WIDTHS: dict[type[pl.DataType], int] = {
    pl.Boolean: 1, pl.Date: 4, pl.Int64: 8, pl.Float64: 8, pl.Datetime: 8, pl.Decimal: 16, pl.String: 24,
}  # fmt: skip
"""Bytes of a value in memory. A word is a view of 16 that holds twelve letters, and what is longer lies beside it: 8 on average."""
PROCESS = 240_000_000
"""Bytes of a process that has imported what tasks need and done some."""
COPIES = 1.5
"""Peak memory beyond that, over the bytes of all columns that a task reads and writes. Half of the tables take less than a third of it,
for they read only some columns; few take more, where joins make many rows before they are added up (`benchmarks/results/cluster.md`)."""
MOST, NO_LESS = 1 << 14, 0.95
"""Of more shards nobody is told; and memory is said to fall where twice the shards take less than that share of it."""


@dataclass(frozen=True)
class Need:
    """What the task of a month reads and writes whatever the shards, and what it does of a shard of so much."""

    table: str
    month: str
    common: int
    parted: int
    is_sharded: bool

    def peak(self, shards: int) -> int:
        """Bytes of memory where there are so many shards."""
        return PROCESS + round(COPIES * (self.common + self.parted / shards))


@dataclass(frozen=True)
class Memory:
    """The task of each table that takes most. `kept_in` are the shards that the lake is kept in now, `shards` those asked for."""

    needs: tuple[Need, ...]
    kept_in: int
    shards: int

    @property
    def largest(self) -> list[Need]:
        """The greediest first, with the shards asked for."""
        return sorted(self.needs, key=lambda need: (-need.peak(self.shards), need.table))

    @property
    def enough(self) -> int:
        """With more shards than these the largest task takes hardly less."""
        shards = 1
        while shards < MOST and self._peak(2 * shards) < NO_LESS * self._peak(shards):
            shards *= 2
        return shards

    @property
    def limiting(self) -> str:
        """What takes most where there are more: a table whose tasks are of all shards, or else the process itself."""
        need = max(self.needs, key=lambda one: one.peak(MOST))
        return need.table if need.common > need.parted / MOST and need.peak(MOST) > PROCESS / NO_LESS else ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        told = [
            {"table": n.table, "month": n.month, "bytes": n.peak(self.shards), "is_sharded": n.is_sharded}
            for n in self.largest
        ]
        return {"shards": self.shards, "kept_in": self.kept_in, "enough": self.enough, "tasks": told}

    def _peak(self, shards: int) -> int:
        return max((need.peak(shards) for need in self.needs), default=0)


def memory_of(lake: Lake, shards: int) -> Memory:
    """What the tasks that were done would take in so many shards.

    The rows of a sharded table are taken to part evenly. Tables of sums have more rows in more shards than is counted here; they are small.
    """
    needs = [max(found, key=lambda need: need.peak(shards)) for found in map(list, _tables(lake)) if found]
    parts = (part for table in lake.manifest.tables.values() for part in table)
    kept_in = max((int(of) for part in parts if (of := shard_of(part).partition("of")[2])), default=1)
    return Memory(tuple(needs), kept_in, shards)


def _tables(lake: Lake) -> Iterator[Iterator[Need]]:
    for table in lake.tables.values():
        units: dict[str, list[str]] = {}
        for unit in lake.manifest.tasks.get(table.name, {}):
            units.setdefault(month_of(unit), []).append(unit)
        written: dict[str, int] = {}
        for part, entry in lake.manifest.tables.get(table.name, {}).items():
            written[work_of(part)] = written.get(work_of(part), 0) + entry.rows
        yield (_need(lake, table, month, found, written.get(month, 0)) for month, found in units.items())


def _need(lake: Lake, table: Specification, month: str, units: list[str], written: int) -> Need:
    is_parted = table.is_sharded and table.unit == "month"
    out = written * width(table.contract)
    common, parted = (0, out) if is_parted else (out, 0)
    for read in table.reads:
        if read.reach == "counted until":
            continue
        size = sum(entry.rows for entry in _read(lake, table, read, units)) * width(read.contract)
        if is_parted and read.is_sharded:
            parted += size
        else:
            common += size
    return Need(table.name, month, common, parted, is_parted)


def _read(lake: Lake, table: Specification, read: Read, units: list[str]) -> list[Entry]:
    spans = [lake.reading.span(table, read, unit) for unit in units]
    index = lake.reading.raw_parts if read.is_raw else lake.reading.parts
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    return list(index.between(read.table, first, last).values())


@cache
def width(contract: type[dy.Schema]) -> int:
    """Bytes of a row of a table in memory."""
    return sum(WIDTHS[dtype.base_type()] for dtype in polars_schema(contract).values())
