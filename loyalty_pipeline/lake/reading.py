"""What a task reads: which parts of which tables, their digests, and the frames its function is called with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.manifest import Entry, Inputs, Manifest, digest_of
from loyalty_pipeline.lake.specification import Read, Specification
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, plus

FIRST, LAST = "", "~"
"""Before and after every month's name."""


@dataclass(frozen=True)
class Reading:
    """Landing and lake as tasks see them, under one calendar and policy."""

    store: Store
    landing: Store
    manifest: Manifest
    landed: Manifest
    calendar: Calendar
    policy: dict[str, Any]

    def inputs(self, table: Specification, unit: str) -> Inputs:
        """Digests of all that the task would be computed from: code, settings, calendar and rows."""
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

    def arguments(self, table: Specification, unit: str) -> tuple[dict[str, Any], "Ahead | None"]:
        """What the function is called with, and the iterator of later months if it takes one."""
        arguments: dict[str, Any] = {name: self.policy[name] for name in table.settings}
        ahead = None
        if table.unit == "month":
            arguments["window"] = self.calendar.month(date_of(unit))
        for read in table.reads:
            if read.reach == "counted until":
                arguments[read.parameter] = self._counted_until(table, unit)
            elif read.reach == "later":
                ahead = arguments[read.parameter] = Ahead(self, read, unit)
            else:
                parts = self._parts(table, read, unit)
                arguments[read.parameter] = self.frame(read.contract, parts, is_raw=read.is_raw)
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

    def home_months(self, read: Read, tables: dict[str, Specification]) -> set[str]:
        """The months of a table that a task of home months goes by."""
        if read.is_raw:
            return set(self.landed.months(read.table))
        if tables[read.table].is_split:
            return set(self.manifest.months(read.table))
        return set(self.manifest.tasks.get(read.table, {}))

    def frame(
        self, contract: type[dy.Schema], parts: dict[str, Entry], *, is_raw: bool = False
    ) -> pl.LazyFrame:
        """The rows of some parts; none are an empty table."""
        schema = polars_schema(contract) | ({"_batch": pl.String()} if is_raw else {})
        if not parts:
            return pl.LazyFrame(schema=schema)
        return (self.landing if is_raw else self.store).scan(parts.values()).select(*schema)


class Ahead(Iterator[pl.LazyFrame]):
    """The months after one, which notes how far it was read."""

    def __init__(self, reading: Reading, read: Read, unit: str) -> None:
        """`reached` is the month itself until one is taken."""
        self.reading, self.read = reading, read
        months = {part.partition("/")[0] for part in reading.manifest.tables.get(read.table, {})}
        self.months = iter(sorted(month for month in months if month > unit))
        self.reached = unit

    def __next__(self) -> pl.LazyFrame:
        """The next month; after the last, all there may ever be counts as read."""
        try:
            self.reached = next(self.months)
        except StopIteration:
            self.reached = LAST
            raise
        parts = self.reading.manifest.between(self.read.table, self.reached, self.reached)
        return self.reading.frame(self.read.contract, parts)


def text_of(month: date) -> str:
    """A month as parts are named: 2024-05."""
    return f"{month:%Y-%m}"


def date_of(month: str) -> date:
    """The month of a part's name."""
    return date.fromisoformat(f"{month}-01")
