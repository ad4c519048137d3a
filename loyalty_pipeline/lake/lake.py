"""The lake: every table between landing and publication, computed where what it is made of has changed.

A task makes one month of one table. It is stale when what it would be computed from differs from what it
was computed from; when its rows come out as they were, nothing after it is stale on its account.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from time import monotonic
from typing import Any

import polars as pl

from loyalty_pipeline.lake.audit import ContractBroken, breaches
from loyalty_pipeline.lake.differences import AHEAD
from loyalty_pipeline.lake.index import FIRST, LAST
from loyalty_pipeline.lake.manifest import Entry, Inputs, digest_of
from loyalty_pipeline.lake.order import in_order
from loyalty_pipeline.lake.outcome import Outcome, outcome_of
from loyalty_pipeline.lake.part import WHOLE, named, shards, unit_of
from loyalty_pipeline.lake.reading import Reading, date_of, text_of
from loyalty_pipeline.lake.sharding import by_shard
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, instant_literal, months_from
from loyalty_pipeline.storage.parquet import collected, reading

ACTIVITY = {"recurring_lines": "starts_at", "payments": "occurred_at"}
"""The tables whose earliest month is the first there are metrics for, and when their rows happen."""


class Lake:
    """The tables of a catalogue over what landed, under one policy, kept in some number of shards.

    `commit_every` seconds at most lie between two commits of a run; what a killed run had not committed is done again.
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
        self.reading = Reading(
            store, landing, self.manifest, self.landed, calendar, policy, shards=shard_count
        )
        self.commit_every, self._committed_at, self._is_dirty = 0.0, monotonic(), False

    def units(self, table: Specification) -> list[str]:
        """The tasks of a table, in the order in which they can be done."""
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
                    for month in self.reading.home_months(read, self.tables)
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

        With `is_full` also those that are not stale. Raises `ContractBroken` when rows do not keep the contract; then
        nothing of the table is committed.
        """
        if name in ACTIVITY:
            self.__dict__.pop("months", None)
        table, outcomes = self.tables[name], []
        planned = self.units(table)
        written = self._written(name, planned)
        # First of all: the month after one that is gone must not be computed from it.
        is_pruned = self._prune(name, planned, written)
        wanted = None if units is None else set(units)
        for unit in planned if wanted is None else [unit for unit in planned if unit in wanted]:
            inputs, before = self.reading.inputs(table, unit), written.get(unit, {})
            is_stale = is_full or self.manifest.tasks.get(name, {}).get(unit) != inputs
            outcomes.append(
                self._computed(table, unit, inputs, before) if is_stale else outcome_of(name, unit, before)
            )
        self._is_dirty |= is_pruned or any(outcome.is_recomputed for outcome in outcomes)
        if monotonic() - self._committed_at >= self.commit_every:
            self.commit()
        return outcomes

    def commit(self) -> None:
        """Make what was computed count."""
        if self._is_dirty:
            self.store.commit(self.manifest)
        self._is_dirty, self._committed_at = False, monotonic()

    def kept(self, name: str) -> list[Outcome]:
        """What the lake has of a table, task by task."""
        units = sorted(self.manifest.tasks.get(name, {}))
        written = self._written(name, units)
        return [outcome_of(name, unit, written.get(unit, {})) for unit in units]

    def scan(self, name: str) -> pl.LazyFrame:
        """A table over all months."""
        return self.reading.frame(self.tables[name].contract, self.manifest.between(name, FIRST, LAST))

    def digest(self, name: str) -> str:
        """Digest of a table over all months."""
        parts = self.manifest.between(name, FIRST, LAST)
        return digest_of(*(f"{part}={entry.digest}" for part, entry in parts.items()))

    def _has_begun(self, month: str) -> bool:
        closing = instant_literal(self.calendar.month(date_of(month)).closing)
        for name, instant in ACTIVITY.items():
            if parts := self.manifest.between(name, month, month):
                rows = self.reading.frame(self.tables[name].contract, parts)
                begun = rows.select((pl.col(instant) < closing).any())
                if collected(begun, self.store.root).item():
                    return True
        return False

    def _computed(self, table: Specification, unit: str, inputs: Inputs, before: dict[str, Entry]) -> Outcome:
        arguments, ahead = self.reading.arguments(table, unit)
        with reading(self.store.root):
            computed = table.contract.cast(table.function(**arguments)).collect()
        rows = in_order(computed, table.contract.primary_key())
        if broken := breaches(rows, table.contract, table=table.name, month=unit):
            raise ContractBroken(broken)
        after = {
            part: self.store.write(table.name, part, piece, inputs=inputs)
            for part, piece in self._pieces(table, unit, rows)
        }
        self.reading.parts.replace(table.name, before, after)
        if ahead is not None:
            self.manifest.tasks.setdefault(table.name, {})[unit] = {AHEAD: ahead.reached}
            inputs = self.reading.inputs(table, unit)
        self.manifest.tasks.setdefault(table.name, {})[unit] = inputs
        is_changed = _digests(before) != _digests(after)
        return replace(outcome_of(table.name, unit, after), is_recomputed=True, is_changed=is_changed)

    def _written(self, name: str, planned: list[str]) -> dict[str, dict[str, Entry]]:
        """The parts of a table by the unit whose work wrote them."""
        units = self.manifest.tasks.get(name, {}).keys() | set(planned)
        found: dict[str, dict[str, Entry]] = {}
        for part, entry in sorted(self.manifest.tables.get(name, {}).items()):
            found.setdefault(unit_of(part, units), {})[part] = entry
        return found

    def _pieces(
        self, table: Specification, unit: str, rows: pl.DataFrame
    ) -> Iterator[tuple[str, pl.DataFrame]]:
        by_month = {unit: rows}
        if table.is_split:
            months = rows.partition_by("month", as_dict=True, maintain_order=True)
            by_month = {named(text_of(month), work=unit): piece for (month,), piece in months.items()}
        if not table.is_sharded or table.unit == "month":
            yield from by_month.items()
            return
        for part, piece in by_month.items():
            yield from ((named(part, shard), bucket) for shard, bucket in by_shard(piece, self.shards))

    def _prune(self, name: str, planned: list[str], written: dict[str, dict[str, Entry]]) -> bool:
        tasks, still = self.manifest.tasks.get(name, {}), set(planned)
        gone = [unit for unit in tasks if unit not in still]
        for unit in gone:
            self.reading.parts.replace(name, written.get(unit, {}), {})
            del tasks[unit]
        return bool(gone)


def _digests(entries: dict[str, Entry]) -> dict[str, str]:
    return {part: entry.digest for part, entry in entries.items()}
