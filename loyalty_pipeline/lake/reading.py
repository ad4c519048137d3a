"""What a task reads: which parts of which tables, their digests, and the frames its function is called with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.differences import AHEAD, CALENDAR, CODE, COUNTED_UNTIL, RAW, SETTING, SHARDS
from loyalty_pipeline.lake.index import FIRST, LAST, Index
from loyalty_pipeline.lake.manifest import Entry, Inputs, Manifest, digest_of
from loyalty_pipeline.lake.part import month_of, shard_of
from loyalty_pipeline.lake.specification import Read, Specification
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, Window, plus
from loyalty_pipeline.reads import Months

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

    store: Store
    landing: Store
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

    def arguments(self, table: Specification, unit: str) -> tuple[dict[str, Any], "Ahead | None"]:
        """What the function is called with, and the iterator of later months if it takes one."""
        arguments: dict[str, Any] = {name: self.policy[name] for name in table.settings}
        ahead = None
        if table.unit == "month":
            arguments["window"] = self._window(month_of(unit))[0]
        for read in table.reads:
            if read.reach == "counted until":
                arguments[read.parameter] = self._counted_until(table, unit)
            elif read.reach == "later":
                ahead = arguments[read.parameter] = Ahead(self, read, unit)
            elif read.reach == "period months":
                arguments[read.parameter] = self._months(table, read, unit)
            else:
                parts = self._parts(table, read, unit)
                arguments[read.parameter] = self.frame(read.contract, parts, is_raw=read.is_raw)
        return arguments, ahead

    def _months(self, table: Specification, read: Read, unit: str) -> Months[Any]:
        months: dict[str, dict[str, Entry]] = {}
        for part, entry in self._parts(table, read, unit).items():
            months.setdefault(month_of(part), {})[part] = entry
        frames = {date_of(month): self.frame(read.contract, parts) for month, parts in months.items()}
        return Months(frames, read.contract)

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

    def _parts(self, table: Specification, read: Read, unit: str) -> dict[str, Entry]:
        first, last = self.span(table, read, unit)
        is_bucket = read.is_sharded and table.is_sharded and table.unit == "month"
        index = self.raw_parts if read.is_raw else self.parts
        return index.between(read.table, first, last, shard_of(unit) if is_bucket else None)

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

    def home_months(self, read: Read, tables: dict[str, Specification]) -> set[str]:
        """The months of a table that a task of home months goes by."""
        if read.is_raw:
            return set(self.landed.months(read.table))
        if tables[read.table].is_split:
            return set(self.manifest.months(read.table))
        return {month_of(unit) for unit in self.manifest.tasks.get(read.table, {})}

    def frame(
        self, contract: type[dy.Schema], parts: dict[str, Entry], *, is_raw: bool = False
    ) -> pl.LazyFrame:
        """The rows of some parts; none are an empty table."""
        schema = polars_schema(contract) | ({"_batch": pl.String()} if is_raw else {})
        if not parts:
            return pl.LazyFrame(schema=schema)
        rows = (self.landing if is_raw else self.store).scan(parts.values()).select(*schema)
        order = [name for name in contract.primary_key() if name != "month"]
        # In one file rows are in the order of their key: joins of two such files need no hash table.
        return rows.set_sorted(order[0]) if len(parts) == 1 and order and not is_raw else rows


class Ahead(Iterator[pl.LazyFrame]):
    """The months after one, which notes how far it was read."""

    def __init__(self, reading: Reading, read: Read, unit: str) -> None:
        """`reached` is the month itself until one is taken."""
        self.reading, self.read = reading, read
        self.shard = shard_of(unit) if read.is_sharded else None
        self.reached = month_of(unit)
        months = reading.parts.months(read.table, self.shard)
        self.months = iter([month for month in months if month > self.reached])

    def __next__(self) -> pl.LazyFrame:
        """The next month; after the last, all there may ever be counts as read."""
        try:
            self.reached = next(self.months)
        except StopIteration:
            self.reached = LAST
            raise
        parts = self.reading.parts.between(self.read.table, self.reached, self.reached, self.shard)
        return self.reading.frame(self.read.contract, parts)


def text_of(month: date) -> str:
    """A month as parts are named: 2024-05."""
    return f"{month:%Y-%m}"


def date_of(month: str) -> date:
    """The month of a part's name."""
    return date.fromisoformat(f"{month}-01")
