"""The lake: every table between landing and publication, computed where what it is made of has changed.

A task makes one month of one table. It is stale when what it would be computed from differs from what it
was computed from; when its rows come out as they were, nothing after it is stale on its account.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.audit import ContractBroken, breaches
from loyalty_pipeline.lake.manifest import Entry, Inputs, digest_of
from loyalty_pipeline.lake.specification import Read, Specification
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, months_from, plus

FIRST, LAST = "", "~"
ACTIVITY = ("recurring_lines", "payments")
"""The tables whose earliest month is the first there are metrics for."""


@dataclass(frozen=True)
class Outcome:
    """What became of one task. `is_changed` is false where new rows equal the old ones."""

    table: str
    month: str
    is_recomputed: bool
    is_changed: bool
    rows: int
    bytes: int
    digest: str


class Lake:
    """The tables of a catalogue over what landed, under one policy."""

    def __init__(
        self,
        store: Store,
        landing: Store,
        tables: dict[str, Specification],
        calendar: Calendar,
        policy: dict[str, Any],
    ) -> None:
        """`policy` has the settings that tables may name as parameters."""
        self.store, self.landing, self.tables = store, landing, tables
        self.calendar, self.policy = calendar, policy
        self.manifest, self.landed = store.read(), landing.read()

    def units(self, table: Specification) -> list[str]:
        """The tasks of a table, in the order in which they can be done."""
        if table.unit == "whole":
            return ["whole"]
        if table.unit == "home":
            return sorted(
                {month for read in table.reads if read.reach == "same" for month in self._home_months(read)}
            )
        return self.months

    @cached_property
    def months(self) -> list[str]:
        """The months of business: from the first activity to the as-of, both in."""
        seen = [month for table in ACTIVITY for month in self.manifest.months(table)[:1]]
        last = text_of(self.calendar.last_month)
        if not seen or min(seen) > last:
            return []
        return [text_of(month) for month in months_from(date_of(min(seen)), self.calendar.last_month)]

    def stale(self, name: str) -> list[str]:
        """The tasks that would be computed from something else than they were."""
        table = self.tables[name]
        done = self.manifest.tasks.get(name, {})
        return [unit for unit in self.units(table) if done.get(unit) != self._inputs(table, unit)]

    def compute(self, name: str, units: list[str] | None = None, *, is_full: bool = False) -> list[Outcome]:
        """Compute the stale tasks of a table, or of some of its units, and commit.

        Raises `ContractBroken` when rows do not keep the contract; then nothing of the table is committed.
        """
        if name in ACTIVITY:
            self.__dict__.pop("months", None)
        table, outcomes = self.tables[name], []
        planned = self.units(table)
        for unit in planned if units is None else [unit for unit in planned if unit in units]:
            inputs = self._inputs(table, unit)
            is_stale = is_full or self.manifest.tasks.get(name, {}).get(unit) != inputs
            outcomes.append(self._computed(table, unit, inputs) if is_stale else self._kept(table, unit))
        is_pruned = self._prune(table, planned)
        if is_pruned or any(outcome.is_recomputed for outcome in outcomes):
            self.store.commit(self.manifest)
        return outcomes

    def scan(self, name: str) -> pl.LazyFrame:
        """A table over all months."""
        return self._frame(self.tables[name].contract, self.manifest.between(name, FIRST, LAST), self.store)

    def digest(self, name: str) -> str:
        """Digest of a table over all months."""
        parts = self.manifest.between(name, FIRST, LAST)
        return digest_of(*(f"{part}={entry.digest}" for part, entry in parts.items()))

    def _computed(self, table: Specification, unit: str, inputs: Inputs) -> Outcome:
        arguments, ahead = self._arguments(table, unit)
        rows = in_order(table.contract.cast(table.function(**arguments)).collect(), table.contract)
        if broken := breaches(rows, table.contract, table=table.name, month=unit):
            raise ContractBroken(broken)
        before = self._written(table, unit)
        after = {
            part: self.store.write(table.name, part, piece, inputs=inputs)
            for part, piece in _pieces(table, unit, rows)
        }
        entries = self.manifest.tables.setdefault(table.name, {})
        for part in before:
            del entries[part]
        entries.update(after)
        if ahead is not None:
            self.manifest.tasks.setdefault(table.name, {})[unit] = {"ahead": ahead.reached}
            inputs = self._inputs(table, unit)
        self.manifest.tasks.setdefault(table.name, {})[unit] = inputs
        is_changed = _digests(before) != _digests(after)
        return replace(self._kept(table, unit), is_recomputed=True, is_changed=is_changed)

    def _kept(self, table: Specification, unit: str) -> Outcome:
        entries = self._written(table, unit)
        digests = list(_digests(entries).values())
        return Outcome(
            table.name,
            unit,
            is_recomputed=False,
            is_changed=False,
            rows=sum(entry.rows for entry in entries.values()),
            bytes=sum(entry.bytes for entry in entries.values()),
            digest=digests[0] if len(digests) == 1 else digest_of(*digests),
        )

    def _written(self, table: Specification, unit: str) -> dict[str, Entry]:
        entries = self.manifest.tables.get(table.name, {})
        if not table.is_split:
            return {unit: entries[unit]} if unit in entries else {}
        return {part: entries[part] for part in sorted(entries) if part.partition("/")[2] == unit}

    def _prune(self, table: Specification, planned: list[str]) -> bool:
        tasks = self.manifest.tasks.get(table.name, {})
        gone = [unit for unit in tasks if unit not in planned]
        for unit in gone:
            for part in self._written(table, unit):
                del self.manifest.tables[table.name][part]
            del tasks[unit]
        return bool(gone)

    def _inputs(self, table: Specification, unit: str) -> Inputs:
        inputs = {"code": table.code, **{name: digest_of(repr(self.policy[name])) for name in table.settings}}
        if table.unit == "month":
            inputs["window"] = digest_of(repr(self.calendar.month(date_of(unit))))
        for read in table.reads:
            if read.reach == "counted until":
                inputs[read.reach] = self._counted_until(table, unit).isoformat()
                continue
            if read.reach == "later":
                inputs["ahead"] = self.manifest.tasks.get(table.name, {}).get(unit, {}).get("ahead", "")
            label = "raw " if read.is_raw else ""
            parts = self._parts(table, read, unit)
            inputs |= {f"{label}{read.table}@{part}": entry.digest for part, entry in parts.items()}
        return inputs

    def _arguments(self, table: Specification, unit: str) -> tuple[dict[str, Any], "_Ahead | None"]:
        arguments: dict[str, Any] = {name: self.policy[name] for name in table.settings}
        ahead = None
        if table.unit == "month":
            arguments["window"] = self.calendar.month(date_of(unit))
        for read in table.reads:
            if read.reach == "counted until":
                arguments[read.parameter] = self._counted_until(table, unit)
            elif read.reach == "later":
                ahead = arguments[read.parameter] = _Ahead(self, read, unit)
            else:
                arguments[read.parameter] = self._frame(
                    read.contract, self._parts(table, read, unit), self._home(read), is_raw=read.is_raw
                )
        return arguments, ahead

    def _parts(self, table: Specification, read: Read, unit: str) -> dict[str, Entry]:
        first, last = FIRST, LAST
        if read.reach == "same":
            first, last = unit, unit
        elif read.reach in ("previous", "following"):
            first = last = text_of(plus(date_of(unit), -1 if read.reach == "previous" else 1))
        elif read.reach == "through":
            last = unit
        elif read.reach == "period months":
            first, last = text_of(self.calendar.month(date_of(unit)).first_opening_month), unit
        elif read.reach == "later":
            first = text_of(plus(date_of(unit), 1))
            last = self.manifest.tasks.get(table.name, {}).get(unit, {}).get("ahead", FIRST)
        return (self.landed if read.is_raw else self.manifest).between(read.table, first, last)

    def _counted_until(self, table: Specification, unit: str) -> datetime:
        parts = [self._parts(table, read, unit) for read in table.reads if read.is_raw]
        latest = max((entry.latest for entries in parts for entry in entries.values()), default="")
        as_of = self.calendar.boundary(self.calendar.as_of)
        return min(as_of, datetime.fromisoformat(latest) + timedelta(microseconds=1)) if latest else as_of

    def _home(self, read: Read) -> Store:
        return self.landing if read.is_raw else self.store

    def _home_months(self, read: Read) -> set[str]:
        if read.is_raw:
            return set(self.landed.months(read.table))
        if self.tables[read.table].is_split:
            return set(self.manifest.months(read.table))
        return set(self.manifest.tasks.get(read.table, {}))

    def _frame(
        self, contract: Any, parts: dict[str, Entry], store: Store, *, is_raw: bool = False
    ) -> pl.LazyFrame:
        schema = polars_schema(contract) | ({"_batch": pl.String()} if is_raw else {})
        if not parts:
            return pl.LazyFrame(schema=schema)
        return store.scan(parts.values()).select(*schema)


class _Ahead(Iterator[pl.LazyFrame]):
    """The months after one, which notes how far it was read."""

    def __init__(self, lake: Lake, read: Read, unit: str) -> None:
        self.lake, self.read = lake, read
        months = {part.partition("/")[0] for part in lake.manifest.tables.get(read.table, {})}
        self.months = iter(sorted(month for month in months if month > unit))
        self.reached = unit

    def __next__(self) -> pl.LazyFrame:
        try:
            self.reached = next(self.months)
        except StopIteration:
            self.reached = LAST
            raise
        parts = self.lake.manifest.between(self.read.table, self.reached, self.reached)
        return self.lake._frame(self.read.contract, parts, self.lake.store)  # noqa: SLF001 - one thing in two halves


def _pieces(table: Specification, unit: str, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    if not table.is_split:
        yield unit, rows
        return
    for (month,), piece in rows.partition_by("month", as_dict=True, maintain_order=True).items():
        yield f"{text_of(month)}/{unit}", piece


def in_order(rows: pl.DataFrame, contract: Any) -> pl.DataFrame:
    """The rows in the order of their key, in which equal rows have equal files."""
    key = contract.primary_key()
    # Sorting words costs more than most tables: many come in order, and to see that is cheap.
    is_tied, is_ordered = pl.lit(value=True), pl.lit(value=True)
    for name in key:
        column, before = pl.col(name).slice(1), pl.col(name).slice(0, pl.len() - 1)
        is_ordered &= ~is_tied | (column >= before)
        is_tied &= column == before
    return rows if rows.height < 2 or rows.select(is_ordered.all()).item() else rows.sort(key)  # noqa: PLR2004


def _digests(entries: dict[str, Entry]) -> dict[str, str]:
    return {part: entry.digest for part, entry in entries.items()}


def text_of(month: date) -> str:
    """A month as parts are named: 2024-05."""
    return f"{month:%Y-%m}"


def date_of(month: str) -> date:
    """The month of a part's name."""
    return date.fromisoformat(f"{month}-01")
