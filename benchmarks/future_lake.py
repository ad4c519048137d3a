"""A lake that nobody has yet: of more customers, in more shards, as its tasks would read and write it.

How many rows a month of a table has grows in a line with customers, as measured at some sizes. A shard is like a company of as many
customers as it has.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.task_costs import linear
from benchmarks.task_records import read_files
from loyalty_pipeline.lake.graph import Graph, Node, waves
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.manifest import Entry, Manifest
from loyalty_pipeline.lake.memory import COPIES, PROCESS, width
from loyalty_pipeline.lake.part import WHOLE, month_of, named, shard_of, shards, work_of
from loyalty_pipeline.lake.reading import Reading
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.lake.task import Made, Task

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """Tasks of a lake in one shard, by customers, with what had landed."""

    runs: Mapping[int, list[Record]]
    raw: Mapping[int, Mapping[str, Mapping[str, int]]]
    """Customers -> raw table -> month -> rows."""

    @cached_property
    def lines(self) -> dict[tuple[str, str], tuple[float, float]]:
        """Table, part -> how its rows grow with customers."""
        found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        for customers, records in self.runs.items():
            for record in records:
                for part, rows in record["written"].items():
                    found[record["table"], part][customers] = rows
        return {key: linear((c, rows.get(c, 0.0)) for c in self.runs) for key, rows in found.items()}

    @cached_property
    def raw_lines(self) -> dict[tuple[str, str], tuple[float, float]]:
        """Raw table, month -> how its rows grow with customers."""
        keys = {
            (table, month) for raw in self.raw.values() for table, months in raw.items() for month in months
        }
        return {
            (table, month): linear((c, raw.get(table, {}).get(month, 0)) for c, raw in self.raw.items())
            for table, month in keys
        }

    @cached_property
    def units(self) -> dict[str, list[str]]:
        """Table -> the units of its tasks."""
        found: dict[str, set[str]] = defaultdict(set)
        for records in self.runs.values():
            for record in records:
                found[record["table"]].add(record["unit"])
        return {table: sorted(units) for table, units in found.items()}

    @cached_property
    def reached(self) -> dict[Node, str]:
        """How far a task read later months, at most."""
        found: dict[Node, str] = {}
        for records in self.runs.values():
            for record in records:
                if record.get("reached"):
                    node = record["table"], record["unit"]
                    found[node] = max(found.get(node, ""), record["reached"])
        return found


@dataclass(frozen=True)
class Size:
    """What a task reads and writes: rows, files, and bytes of all columns in memory."""

    rows_read: int
    rows_written: int
    files: int
    in_memory: int

    @property
    def peak(self) -> int:
        """Bytes that it takes, as `loyalty plan --shards` estimates it."""
        return PROCESS + round(COPIES * self.in_memory)


class FutureLake:
    """The tasks of a lake of so many customers in so many shards."""

    def __init__(self, lake: Lake, measured: Measured, customers: int, shard_count: int) -> None:
        """`lake` says which tables there are, under which calendar and settings."""
        self.tables, self.measured, self.customers = lake.tables, measured, customers
        self.shards = shards(shard_count)
        manifest = Manifest(tables=self._tables())
        landed = Manifest(tables=self._landed())
        self.reading = Reading(manifest, landed, lake.calendar, lake.policy, shards=shard_count)
        self._sizes: dict[Node, Size] = {}

    @cached_property
    def units(self) -> dict[str, list[str]]:
        """Table -> the units of its tasks, in the catalogue's order."""
        return {
            name: [
                unit for month in self.measured.units.get(name, []) for unit in self._of_month(table, month)
            ]
            for name, table in self.tables.items()
        }

    def waves(self, *, is_one: bool = False) -> list[dict[Node, list[Node]]]:
        """The runs of a night: task -> the tasks it waits for. `is_one` is as if all tasks were known before any is done."""
        found = []
        for names in [list(self.tables)] if is_one else waves(self.tables, self.tables):
            graph = Graph(
                self.tables, {name: self.units[name] for name in self.tables if name in names}, self.reading
            )
            found.append({node: graph.before(node) for node in graph.nodes})
        return found

    def task(self, node: Node) -> tuple[Task, Made]:
        """A task with the files that it would read and write; all shards of a month are alike."""
        name, unit = node
        table = self.tables[name]
        task = self.reading.task(table, unit, {})
        parts = self.reading.manifest.tables.get(name, {})
        shard, work = shard_of(unit), month_of(unit)
        own = {p: e for p, e in parts.items() if work_of(p) == work and (not shard or shard_of(p) == shard)}
        return task, Made(own, self.measured.reached.get((name, work)))

    def size(self, node: Node) -> Size:
        """What a task reads and writes."""
        table, month = self.tables[node[0]], month_of(node[1])
        if (table.name, month) not in self._sizes:
            task, made = self.task((table.name, self._of_month(table, month)[0]))
            read, written = read_files(task, made), list(made.parts.values())
            contracts = {one.parameter: one.contract for one in table.reads}
            wide = sum(_rows(parts) * width(contracts[name]) for name, parts in read.items())
            files = [entry for parts in read.values() for entry in parts]
            self._sizes[table.name, month] = Size(
                _rows(files),
                _rows(written),
                len(files) + len(written),
                wide + _rows(written) * width(table.contract),
            )
        return self._sizes[table.name, month]

    def _of_month(self, table: Specification, month: str) -> list[str]:
        is_parted = table.is_sharded and table.unit == "month" and month != WHOLE
        return [named(month, shard) for shard in (self.shards if is_parted else [""])]

    def _tables(self) -> dict[str, dict[str, Entry]]:
        found: dict[str, dict[str, Entry]] = {}
        for (table, part), (least, each) in self.measured.lines.items():
            is_parted = self.tables[table].is_sharded
            rows = least + each * self.customers / (len(self.shards) if is_parted else 1)
            for shard in self.shards if is_parted else [""]:
                found.setdefault(table, {})[f"{part}.{shard}" if shard else part] = _entry(rows)
        return found

    def _landed(self) -> dict[str, dict[str, Entry]]:
        found: dict[str, dict[str, Entry]] = {}
        for (table, month), (least, each) in self.measured.raw_lines.items():
            found.setdefault(table, {})[month] = _entry(least + each * self.customers)
        return found


def raw_rows(landed: Manifest) -> dict[str, dict[str, int]]:
    """Raw table -> month -> rows."""
    found: dict[str, dict[str, int]] = {}
    for table, parts in landed.tables.items():
        months = found.setdefault(table, {})
        for part, entry in parts.items():
            months[month_of(part)] = months.get(month_of(part), 0) + entry.rows
    return found


def _rows(entries: Iterable[Entry]) -> int:
    return sum(entry.rows for entry in entries)


def _entry(rows: float) -> Entry:
    return Entry("", round(rows), 0, "")
