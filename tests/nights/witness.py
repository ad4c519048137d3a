"""Whether a lake is what a full rebuild would be, told without computing anything again.

A rebuild computes every task from what the tasks before it made. So a lake is one if it has the tasks that it should, and of each
what its function makes of what the lake hands to it now. What functions made of which arguments was seen when they were called.
That they make the same again, and that no part is left over, real rebuilds show (`rebuild`).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import wraps
from typing import Any

import polars as pl

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.outcome import Outcome
from loyalty_pipeline.lake.specification import Specification, TableFunction
from loyalty_pipeline.lake.task import arguments
from loyalty_pipeline.reads import Months

Identity = tuple[object, ...]


@dataclass
class Taking(Iterator[pl.LazyFrame]):
    """An argument that is read month by month: what was taken from it, None where there was no more."""

    months: Iterator[pl.LazyFrame]
    taken: list[object] = field(default_factory=list)

    def __next__(self) -> pl.LazyFrame:
        month = next(self.months, None)
        self.taken.append(None if month is None else identity(month))
        if month is None:
            raise StopIteration
        return month

    @property
    def all(self) -> list[object]:
        """What would be taken at most."""
        list(self)
        return self.taken


@dataclass
class Witness:
    """What became of every task that was computed, by its arguments and the number of shards it was kept in."""

    calls: list[tuple[Identity, list[Taking]]] = field(default_factory=list)
    seen: dict[tuple[str, str, int, Identity], list[tuple[list[object], str]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def tables(self, tables: dict[str, Specification]) -> dict[str, Specification]:
        """The tables, whose functions are watched."""
        return {
            name: replace(table, function=self._watched(table.function)) for name, table in tables.items()
        }

    def _watched(self, function: TableFunction) -> TableFunction:
        @wraps(function)
        def called(**arguments: Any) -> pl.LazyFrame:
            takings = {
                name: Taking(value) for name, value in arguments.items() if isinstance(value, Iterator)
            }
            self.calls.append((identities(arguments), list(takings.values())))
            return function(**(arguments | takings))

        return called

    def compute(self, lake: Lake, name: str, units: list[str] | None = None) -> None:
        """Compute the stale tasks of a table, or of some of its units, and remember what came of them."""
        self.calls.clear()
        made = [outcome for outcome in lake.compute(name, units) if outcome.is_recomputed]
        for outcome, (called, takings) in zip(made, self.calls, strict=True):
            taken = [month for taking in takings for month in taking.taken]
            self.seen[name, outcome.month, buckets(lake, name), called].append((taken, result(outcome)))

    def difference(self, lake: Lake) -> dict[str, str]:
        """What a rebuild would not have as the lake has it: table and task -> why."""
        told = {}
        for name, table in lake.tables.items():
            kept, units = {outcome.month: outcome for outcome in lake.kept(name)}, lake.units(table)
            if kept.keys() != set(units):
                told[name] = f"has tasks {sorted(kept.keys() ^ set(units))} too many or too few"
                continue
            rows = sum(entry.rows for entry in lake.manifest.tables.get(name, {}).values())
            if rows != sum(outcome.rows for outcome in kept.values()):
                told[name] = "has rows that no task made"
            for unit in units:
                if fault := self._fault(lake, table, kept[unit]):
                    told[f"{name} {unit}"] = fault
        return told

    def _fault(self, lake: Lake, table: Specification, kept: Outcome) -> str:
        told = arguments(lake.reading.task(table, kept.month, {}), lake.store, lake.landing)
        ahead = [
            month for value in told.values() if isinstance(value, Iterator) for month in Taking(value).all
        ]
        made = {
            outcome
            for taken, outcome in self.seen[
                table.name, kept.month, buckets(lake, table.name), identities(told)
            ]
            if taken == ahead[: len(taken)]
        }
        if not made:
            return "not stale, though never computed from what it would be computed from"
        return "" if made == {result(kept)} else f"{result(kept)} instead of {made}"


def identities(arguments: dict[str, Any]) -> Identity:
    """Equal for equal arguments, those aside that are read month by month."""
    return tuple(
        (name, identity(value)) for name, value in arguments.items() if not isinstance(value, Iterator)
    )


def identity(argument: Any) -> object:
    """Of a frame its plan, which names its files, whose names are digests."""
    if isinstance(argument, Months):
        return "months", argument.since(date.min).serialize()
    return argument.serialize() if isinstance(argument, pl.LazyFrame) else repr(argument)


def buckets(lake: Lake, name: str) -> int:
    """In how many the lake keeps a table."""
    return len(lake.shards) if lake.tables[name].is_sharded else 1


def result(outcome: Outcome) -> str:
    """What became of a task."""
    return f"{outcome.digest} with {outcome.rows} rows"
