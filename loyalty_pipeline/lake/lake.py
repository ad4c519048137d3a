"""The lake: every table between landing and publication, computed where what it is made of has changed.

A task makes one month of one table. It is stale when what it would be computed from differs from what it
was computed from; when its rows come out as they were, nothing after it is stale on its account.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from time import monotonic
from typing import Any

import polars as pl

from loyalty_pipeline.cluster.workers import InProcess, Progress, Told, Workers
from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.lake.differences import AHEAD
from loyalty_pipeline.lake.frames import frame
from loyalty_pipeline.lake.graph import ACTIVITY, Graph, Node, waves
from loyalty_pipeline.lake.index import FIRST, LAST
from loyalty_pipeline.lake.manifest import Entry, digest_of
from loyalty_pipeline.lake.outcome import Outcome, outcome_of
from loyalty_pipeline.lake.part import WHOLE, date_of, named, shards, text_of, unit_of
from loyalty_pipeline.lake.reading import Reading
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.lake.task import Made, Task, perform, perform_elsewhere
from loyalty_pipeline.periods import Calendar, instant_literal, months_from
from loyalty_pipeline.storage.faults import Locked
from loyalty_pipeline.storage.parquet import collected

COMMIT_SHARE = 20
"""Commits take no more than one in so many seconds of a run."""


def _always(_: str) -> bool:
    return True


def _never(_: str) -> bool:
    return False


def _silent(_: Progress) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Wanted:
    """Which tasks of a table are computed: of `units`, or of all, those that are stale, and those `again` says yes to."""

    units: Collection[str] | None = None
    again: Callable[[str], bool] = _never

    def among(self, planned: list[str]) -> list[str]:
        """Of some tasks those that are looked at, in their order."""
        if self.units is None:
            return planned
        units = {*self.units}
        return [unit for unit in planned if unit in units]


STALE, ALL = Wanted(), Wanted(again=_always)


class Lake:
    """The tables of a catalogue over what landed, under one policy, kept in some number of shards.

    `commit_every` seconds lie between two commits of a run, or more where a commit itself takes long: a manifest names every file.
    What a killed run had not committed is done again.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that a lake is made of
        self,
        store: Store,
        landing: Store,
        tables: dict[str, Specification],
        calendar: Calendar,
        policy: dict[str, Any],
        shard_count: int = 1,
    ) -> None:
        """`policy` has the settings that tables may name as parameters."""
        self.store, self.landing, self.tables = store, landing, tables
        self.calendar, self.policy, self.shards = calendar, policy, shards(shard_count)
        self.manifest, self.landed = store.read(), landing.read()
        self.reading = Reading(self.manifest, self.landed, calendar, policy, shards=shard_count)
        self.workers: Workers = InProcess()
        self.commit_every, self._committed_at, self._commit_took, self._is_dirty = (
            0.0,
            monotonic(),
            0.0,
            False,
        )

    def units(self, table: Specification, planned: Mapping[str, list[str]] | None = None) -> list[str]:
        """The tasks of a table, in the order in which they can be done; `planned` are those of tables yet to be computed."""
        if table.name in self.unfed:
            return []
        if table.unit == WHOLE:
            return [WHOLE]
        if table.unit == "home":
            return sorted(
                {
                    month
                    for read in table.reads
                    if read.reach == "same"
                    for month in self.reading.home_months(read, self.tables, planned or {})
                }
            )
        months = self.months[-1:] if table.contract.is_of_newest_month else self.months
        return [named(month, s) for month in months for s in (self.shards if table.is_sharded else [""])]

    @cached_property
    def unfed(self) -> dict[str, tuple[str, ...]]:
        """The tables that are empty because none of the raw tables they need ever had a row: table -> these."""
        fed = {name for name, parts in self.landed.tables.items() if parts}
        return {
            name: table.needs
            for name, table in self.tables.items()
            if table.needs and fed.isdisjoint(table.needs)
        }

    @cached_property
    def months(self) -> list[str]:
        """The months of business: from the first activity to the as-of, both in."""
        seen = [month for table in ACTIVITY for month in self.manifest.months(table)[:1]]
        last = text_of(self.calendar.last_month)
        if not seen or min(seen) > last or (min(seen) == last and not self._has_begun(last)):
            return []
        return [text_of(month) for month in months_from(date_of(min(seen)), self.calendar.last_month)]

    def stale(self, name: str) -> list[str]:
        """The tasks that would be computed from something else than they were."""
        table = self.tables[name]
        done = self.manifest.tasks.get(name, {})
        return [unit for unit in self.units(table) if done.get(unit) != self.reading.inputs(table, unit)]

    def compute(self, name: str, units: list[str] | None = None, *, is_full: bool = False) -> list[Outcome]:
        """Compute the stale tasks of a table, or of some of its units, and commit.

        With `is_full` also those that are not stale. Raises `ContractBroken` when rows do not keep the contract; what other
        tasks made before then counts.
        """
        return self.compute_all({name: replace(ALL if is_full else STALE, units=units)})[name]

    def compute_all(self, wanted: Mapping[str, Wanted], told: Told = _silent) -> dict[str, list[Outcome]]:
        """Compute what is wanted of some tables, wherever tasks are done, and commit.

        Raises `ContractBroken` or `ClusterError`; what other tasks made before then counts.
        """
        outcomes: dict[str, list[Outcome]] = {}
        try:
            for wave in waves(self.tables, wanted):
                outcomes |= self._wave({name: wanted[name] for name in wave}, told)
        except Exception:
            with suppress(OSError, SourceError, Locked):
                self.commit()
            raise
        if self._is_due:
            self.commit()
        return {name: outcomes[name] for name in self.tables if name in wanted}

    def commit(self) -> None:
        """Make what was computed count."""
        begun = monotonic()
        if self._is_dirty:
            self.store.commit(self.manifest)
        self._is_dirty, self._committed_at = False, monotonic()
        self._commit_took = self._committed_at - begun

    @property
    def _is_due(self) -> bool:
        """Whether it is time for a commit: at once where none is to wait."""
        wait = self.commit_every and max(self.commit_every, COMMIT_SHARE * self._commit_took)
        return monotonic() - self._committed_at >= wait

    def kept(self, name: str) -> list[Outcome]:
        """What the lake has of a table, task by task."""
        units = sorted(self.manifest.tasks.get(name, {}))
        written = self._written(name, units)
        return [outcome_of(name, unit, written.get(unit, {})) for unit in units]

    def scan(self, name: str) -> pl.LazyFrame:
        """A table over all months."""
        return frame(self.tables[name].contract, self.manifest.between(name, FIRST, LAST), self.store)

    def digest(self, name: str) -> str:
        """Digest of a table over all months."""
        parts = self.manifest.between(name, FIRST, LAST)
        return digest_of(*(f"{part}={entry.digest}" for part, entry in parts.items()))

    def _has_begun(self, month: str) -> bool:
        closing = instant_literal(self.calendar.month(date_of(month)).closing)
        for name, instant in ACTIVITY.items():
            if parts := self.manifest.between(name, month, month):
                rows = frame(self.tables[name].contract, parts, self.store)
                begun = rows.select((pl.col(instant) < closing).any())
                if collected(begun, self.store.root).item():
                    return True
        return False

    def _wave(self, wanted: Mapping[str, Wanted], told: Told) -> dict[str, list[Outcome]]:
        """Compute tables of which it is known what their tasks are."""
        planned: dict[str, list[str]] = {}
        known: dict[str, list[str]] = {}
        for name, want in wanted.items():
            planned[name] = self.units(self.tables[name], known)
            done = self.manifest.tasks.get(name, {})
            known[name] = [unit for unit in planned[name] if unit in done] + want.among(planned[name])
        written = {name: self._written(name, units) for name, units in planned.items()}
        for name, units in planned.items():
            # First of all: the month after one that is gone must not be computed from it.
            self._is_dirty |= self._prune(name, units, written[name])
        made: dict[Node, Outcome] = {}

        def begin(node: Node) -> Task | None:
            name, unit = node
            table, inputs = self.tables[name], self.reading.inputs(self.tables[name], unit)
            if self.manifest.tasks.get(name, {}).get(unit) != inputs or wanted[name].again(unit):
                return self.reading.task(table, unit, inputs)
            made[node] = outcome_of(name, unit, written[name].get(unit, {}))
            return None

        def end(node: Node, task: Task, came: Made) -> None:
            made[node] = self._taken(task, came, written[node[0]].get(node[1], {}))
            if self.commit_every and self._is_due:
                self.commit()

        asked = {name: wanted[name].among(units) for name, units in planned.items()}
        tasks = Graph(self.tables, asked, self.reading)
        self.workers.map(self._perform, tasks.nodes, before=tasks.before, begin=begin, end=end, told=told)
        if wanted.keys() & ACTIVITY.keys():
            self.__dict__.pop("months", None)
        return {name: [made[name, unit] for unit in units] for name, units in asked.items()}

    def _taken(self, task: Task, made: Made, before: dict[str, Entry]) -> Outcome:
        """Put what a task made into the manifest."""
        name, unit = task.table.name, task.unit
        self.reading.parts.replace(name, before, made.parts)
        done, inputs = self.manifest.tasks.setdefault(name, {}), task.inputs
        if made.reached is not None:
            done[unit] = {AHEAD: made.reached}
            inputs = self.reading.inputs(task.table, unit)
        done[unit], self._is_dirty = inputs, True
        is_changed = _digests(before) != _digests(made.parts)
        return replace(outcome_of(name, unit, made.parts), is_recomputed=True, is_changed=is_changed)

    @property
    def _perform(self) -> Callable[[Task], Made]:
        function = perform_elsewhere if self.workers.are_elsewhere else perform
        return partial(function, store=self.store, landing=self.landing)

    def _written(self, name: str, planned: list[str]) -> dict[str, dict[str, Entry]]:
        """The parts of a table by the unit whose work wrote them."""
        units = self.manifest.tasks.get(name, {}).keys() | set(planned)
        found: dict[str, dict[str, Entry]] = {}
        for part, entry in sorted(self.manifest.tables.get(name, {}).items()):
            found.setdefault(unit_of(part, units), {})[part] = entry
        return found

    def _prune(self, name: str, planned: list[str], written: dict[str, dict[str, Entry]]) -> bool:
        tasks, still = self.manifest.tasks.get(name, {}), set(planned)
        gone = [unit for unit in tasks if unit not in still]
        for unit in gone:
            self.reading.parts.replace(name, written.get(unit, {}), {})
            del tasks[unit]
        return bool(gone)


def _digests(entries: dict[str, Entry]) -> dict[str, str]:
    return {part: entry.digest for part, entry in entries.items()}
