"""How far changes may ripple: which parts of each table may change when its tasks are computed, and who reads them."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from loyalty_pipeline.lake.differences import AHEAD, Difference
from loyalty_pipeline.lake.graph import ACTIVITY
from loyalty_pipeline.lake.index import FIRST, LAST
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.manifest import Entry
from loyalty_pipeline.lake.part import WHOLE, date_of, month_of, named, shard_of, text_of, work_of
from loyalty_pipeline.lake.specification import Read, Specification
from loyalty_pipeline.lake.touched import Touched
from loyalty_pipeline.periods import months_from, plus


class Ripple:
    """What may change, table after table in the order of computing.

    Always too much rather than too little: a task that is computed may change all its rows. Tables that file their rows in
    months of any kind are taken to write where they wrote before, and between their own month and the last event of
    what is new; that they could write elsewhere is what `begin` returns.
    """

    def __init__(self, lake: Lake) -> None:
        """Nothing is touched."""
        self.lake = lake
        self.computed: dict[str, Touched] = {}
        """Table -> the tasks that may be computed or dropped."""
        self.touched: dict[str, Touched] = {}
        """Table -> the months whose rows may change."""
        self.moves: dict[str, tuple[str, ...]] = {}

    def upstream(self, table: Specification) -> list[str]:
        """The tables of the lake on which a table depends at once: which months there are depends on some too."""
        read = [read.table for read in table.reads if read.table and not read.is_raw]
        activity = [name for name in ACTIVITY if name in self.lake.tables and table.unit == "month"]
        return [name for name in dict.fromkeys([*read, *activity]) if name != table.name]

    def expected(self, table: Specification, units: list[str]) -> list[str]:
        """The tasks that there may be once the tables before are computed, beside those there are."""
        found: set[str] = set()
        if table.name in self.lake.unfed:
            return []
        if table.contract.is_of_newest_month:
            found = {text_of(self.lake.calendar.last_month)} if self._activity else set()
        elif table.unit == "month" and self._activity:
            touched = {month for name in self._activity for month in self.touched[name]}
            first = min({*touched, *self.lake.months[:1]})
            found = {text_of(m) for m in months_from(date_of(first), self.lake.calendar.last_month)}
        elif table.unit == "home":
            sources = [read.table for read in table.reads if read.reach == "same" and not read.is_raw]
            found = {month for name in sources for month in self.touched[name]}
        shards = self.lake.shards if table.unit == "month" and table.is_sharded else [""]
        return [named(month, shard) for month in sorted(found - {*map(month_of, units)}) for shard in shards]

    def begin(self, table: Specification, units: list[str]) -> tuple[str, ...]:
        """Start with a table: what may be dropped may change. Returns whose rows could move to any month."""
        name = table.name
        self.computed[name], self.touched[name] = Touched(), Touched()
        moves = [source for upstream in self.upstream(table) for source in self._movers(upstream)]
        self.moves[name] = tuple(dict.fromkeys(moves))
        for unit in self.lake.manifest.tasks.get(name, {}):
            is_going = table.unit == "month" and month_of(unit) < self._first_sure_month
            if is_going or unit not in units:
                self._note(table, unit, self._written(table, unit))
        return self.moves[name]

    def through(self, table: Specification, unit: str) -> tuple[str, ...]:
        """The tables that a task reads where they may change; its own is among them where it reads itself."""
        found = [
            read.table
            for read in table.reads
            if read.table
            and not read.is_raw
            and self.touched[read.table].meet(*self.lake.reading.span(table, read, unit), shard_of(unit))
        ]
        return tuple(dict.fromkeys(found))

    def making(self, table: Specification) -> tuple[str, ...]:
        """The tables that decide which tasks a table has."""
        return tuple(name for name in self.upstream(table) if self.touched[name])

    def is_certain(self, table: Specification, unit: str, reasons: Iterable[Difference]) -> bool:
        """Whether a stale task stays stale, and stays a task, whatever the tables before come out as."""
        found = list(reasons)
        is_never = unit not in self.lake.manifest.tasks.get(table.name, {})
        return self._stays(table, month_of(unit)) and (is_never or any(self._holds(one) for one in found))

    def touch(self, table: Specification, unit: str, reasons: Iterable[Difference]) -> None:
        """A task may be computed."""
        written = self._written(table, unit)
        self._note(table, unit, written | self._reachable(table, unit, list(reasons)))

    def _note(self, table: Specification, unit: str, months: set[str]) -> None:
        self.computed[table.name].add(month_of(unit), shard_of(unit))
        for month in months:
            self.touched[table.name].add(month, shard_of(unit))

    def _movers(self, name: str) -> tuple[str, ...]:
        own = (name,) if self.lake.tables[name].is_split and self.computed[name] else ()
        return self.moves[name] + own

    def _written(self, table: Specification, unit: str) -> set[str]:
        if not table.is_split:
            return {month_of(unit)}
        parts = self.lake.manifest.tables.get(table.name, {})
        return {month_of(part) for part in parts if work_of(part) == month_of(unit)}

    def _reachable(self, table: Specification, unit: str, reasons: list[Difference]) -> set[str]:
        """The months in which a task of a split table may come to write."""
        if not table.is_split:
            return set()
        entries = self._raw_entries(table, unit, reasons)
        own = {month_of(unit)} - {WHOLE}
        first = min(own | {month_of(part) for part in entries}, default="")
        if not first:
            return set()
        newest = text_of(plus(self.lake.calendar.last_month, 1))
        latest = [self._month_at(entry.latest) if entry.latest else newest for entry in entries.values()]
        last = max(own | {min(month, newest) for month in latest}, default=first)
        return {text_of(month) for month in months_from(date_of(first), date_of(last))}

    def _raw_entries(self, table: Specification, unit: str, reasons: list[Difference]) -> dict[str, Entry]:
        """The raw files that changed for a task, or all that it reads where something else did as well."""
        landed = self.lake.landed
        if reasons and all(reason.kind == "raw" for reason in reasons):
            parts = [(reason.part, landed.tables.get(reason.name, {}).get(reason.part)) for reason in reasons]
            return {part: entry for part, entry in parts if entry is not None}
        raw = [read for read in table.reads if read.is_raw]
        found = [landed.between(read.table, *self.lake.reading.span(table, read, unit)) for read in raw]
        return {part: entry for entries in found for part, entry in entries.items()}

    def _month_at(self, instant: str) -> str:
        return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(self.lake.calendar.timezone)):%Y-%m}"

    @property
    def _activity(self) -> list[str]:
        return [name for name in ACTIVITY if self.computed.get(name)]

    @cached_property
    def _first_sure_month(self) -> str:
        """The first month of which it is sure that business had begun; the first of all where nothing may change that."""
        if not self._activity:
            return FIRST
        sure = [
            month_of(part)
            for name in ACTIVITY
            for part, entry in self.lake.manifest.tables.get(name, {}).items()
            if entry.rows and not self._may_write(name, part)
        ]
        first = min(sure, default=LAST)
        return first if first < text_of(self.lake.calendar.last_month) else LAST

    def _may_write(self, name: str, part: str) -> bool:
        return self.computed[name].meet(work_of(part), work_of(part), shard_of(part))

    def _stays(self, table: Specification, month: str) -> bool:
        if table.unit != "home":
            return table.unit == "whole" or month >= self._first_sure_month
        return any(self._keeps(read, month) for read in table.reads if read.reach == "same")

    def _keeps(self, read: Read, month: str) -> bool:
        if read.is_raw:
            return month in self.lake.landed.months(read.table)
        upstream = self.lake.tables[read.table]
        if not upstream.is_split:
            return month in map(month_of, self.lake.units(upstream)) and self._stays(upstream, month)
        parts = self.lake.manifest.between(read.table, month, month)
        return any(entry.rows and not self._may_write(read.table, part) for part, entry in parts.items())

    def _holds(self, reason: Difference) -> bool:
        """Whether a difference is there whatever the tables before come out as."""
        if reason.kind != "table":
            return reason.kind != AHEAD
        may_appear = reason.change == "gone" and self._movers(reason.name)
        return not may_appear and not self._may_write(reason.name, reason.part)
