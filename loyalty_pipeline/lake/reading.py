"""What a task reads: which parts of which tables, and their digests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from loyalty_pipeline.lake.differences import AHEAD, CALENDAR, CODE, COUNTED_UNTIL, RAW, SETTING, SHARDS
from loyalty_pipeline.lake.frames import Parts
from loyalty_pipeline.lake.index import FIRST, LAST, Index
from loyalty_pipeline.lake.manifest import Inputs, Manifest, digest_of
from loyalty_pipeline.lake.part import date_of, month_of, shard_of, shards, text_of
from loyalty_pipeline.lake.specification import Read, Specification
from loyalty_pipeline.lake.task import Task
from loyalty_pipeline.periods import Calendar, Window, plus

HOLDOUT = "clv_holdout_months"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS = {
    "same": (0, 0),
    "previous": (-1, -1),
    "following": (1, 1),
    "past quarter": (-2, 0),
    "past year": (-12, 0),
}
"""How many months before or after its own a task begins and ends to read a table, where that is fixed."""


@dataclass(frozen=True)
class Reading:
    """Landing and lake as tasks see them, under one calendar and policy. `shards` is how many the lake is kept in."""

    manifest: Manifest
    landed: Manifest
    calendar: Calendar
    policy: dict[str, Any]
    shards: int = 1

    @cached_property
    def parts(self) -> Index:
        """The parts of the lake."""
        return Index(self.manifest)

    @cached_property
    def raw_parts(self) -> Index:
        """The parts of what landed."""
        return Index(self.landed)

    def inputs(self, table: Specification, unit: str) -> Inputs:
        """Digests of all that the task would be computed from: code, settings, calendar and rows."""
        inputs = {CODE: table.code} | {f"{SETTING}{name}": self._settings[name] for name in table.settings}
        if table.unit == "month":
            inputs[CALENDAR] = self._window(month_of(unit))[1]
        if table.is_sharded and table.unit != "month" and self.shards > 1:
            inputs[SHARDS] = str(self.shards)
        for read in table.reads:
            if read.reach == "counted until":
                inputs[COUNTED_UNTIL] = self._counted_until(table, unit).isoformat()
                continue
            if read.reach == "later":
                inputs[AHEAD] = self._reached(table, unit)
            label = RAW if read.is_raw else ""
            parts = self._parts(table, read, unit)
            inputs |= {f"{label}{read.table}@{part}": entry.digest for part, entry in parts.items()}
        return inputs

    def task(self, table: Specification, unit: str, inputs: Inputs) -> Task:
        """The task with all that its rows depend on; `inputs` are the digests of that, which its files tell."""
        values: dict[str, Any] = {name: self.policy[name] for name in table.settings}
        files: dict[str, Parts] = {}
        if table.unit == "month":
            values["window"] = self._window(month_of(unit))[0]
        for read in table.reads:
            if read.reach == "counted until":
                values[read.parameter] = self._counted_until(table, unit)
            elif read.reach == "later":
                files[read.parameter] = self._after(read, unit)
            else:
                files[read.parameter] = self._parts(table, read, unit)
        return Task(table, unit, shards(self.shards), inputs, values, files)

    @cached_property
    def _settings(self) -> Inputs:
        return {name: digest_of(repr(value)) for name, value in self.policy.items()}

    @cached_property
    def _windows(self) -> dict[str, tuple[Window, str]]:
        return {}

    def _window(self, month: str) -> tuple[Window, str]:
        if month not in self._windows:
            window = self.calendar.month(date_of(month))
            self._windows[month] = window, digest_of(repr(window))
        return self._windows[month]

    def _parts(self, table: Specification, read: Read, unit: str) -> Parts:
        first, last = self.span(table, read, unit)
        is_bucket = read.is_sharded and table.is_sharded and table.unit == "month"
        index = self.raw_parts if read.is_raw else self.parts
        return index.between(read.table, first, last, shard_of(unit) if is_bucket else None)

    def _after(self, read: Read, unit: str) -> Parts:
        """All later months of a table: how many of them are read is known when it is done."""
        later = text_of(plus(date_of(month_of(unit)), 1))
        return self.parts.between(read.table, later, LAST, shard_of(unit) if read.is_sharded else None)

    def span(self, table: Specification, read: Read, unit: str) -> tuple[str, str]:
        """From which month to which a task reads a table; of the later ones as far as it got when it was done."""
        month = month_of(unit)
        if read.reach in OFFSETS:
            first, last = OFFSETS[read.reach]
            return text_of(plus(date_of(month), first)), text_of(plus(date_of(month), last))
        match read.reach:
            case "through":
                return FIRST, month
            case "period months":
                return text_of(self._window(month)[0].first_opening_month), month
            case "held out":
                then = text_of(plus(date_of(month), -self.policy[HOLDOUT]))
                return then, then
            case "later":
                return text_of(plus(date_of(month), 1)), self._reached(table, unit) or FIRST
            case _:
                return FIRST, LAST

    def _reached(self, table: Specification, unit: str) -> str:
        return self.manifest.tasks.get(table.name, {}).get(unit, {}).get(AHEAD, "")

    def _counted_until(self, table: Specification, unit: str) -> datetime:
        parts = [self._parts(table, read, unit) for read in table.reads if read.is_raw]
        latest = max((entry.latest for entries in parts for entry in entries.values()), default="")
        as_of = self.calendar.boundary(self.calendar.as_of)
        # Where nothing happens, no day is later than another.
        after = datetime.fromisoformat(latest) + timedelta(microseconds=1) if latest else EPOCH
        return min(as_of, after)

    def home_months(
        self, read: Read, tables: dict[str, Specification], planned: Mapping[str, list[str]]
    ) -> set[str]:
        """The months of a table that a task of home months goes by; `planned` are the tasks of tables yet to be computed."""
        if read.is_raw:
            return set(self.landed.months(read.table))
        if tables[read.table].is_split:
            return set(self.manifest.months(read.table))
        done: Iterable[str] = self.manifest.tasks.get(read.table, ())
        return {month_of(unit) for unit in planned.get(read.table, done)}
