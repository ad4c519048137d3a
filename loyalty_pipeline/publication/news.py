"""What landed between two publications: rows nobody had seen, other versions of known ones, rows that are gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.lake.manifest import Entry, Manifest
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import midnight

LATE, CORRECTED, AS_OF = "late data", "corrected data", "as-of"
GONE = "gone"
"""How the files of tombstones are called."""


@dataclass(frozen=True)
class Moved:
    """An as-of that moved. Both instants are the beginnings of their days."""

    before: date
    after: date
    timezone: str

    @property
    def is_forward(self) -> bool:
        """Whether days were added."""
        return self.before < self.after

    @property
    def earlier(self) -> datetime:
        """Where the earlier of the two cuts."""
        return midnight(min(self.before, self.after), self.timezone)

    @property
    def told(self) -> str:
        """In words."""
        return f"{self.before} to {self.after}"


@dataclass
class News:
    """The landed files that only one of two manifests has. Each is read once, and only its keys.

    Who comes with a new file is *late* when no file of its home month had its key, and *corrected* when one had. It is
    neither, but a matter of the *as-of*, when it is of the days by which that moved on: it could not have come before.
    """

    store: Store
    old: Manifest
    new: Manifest
    contracts: Mapping[str, type[dy.Schema]]
    moved: Moved | None = None
    _found: dict[tuple[str, str], set[tuple[str, str]]] = field(default_factory=dict)

    def of(self, table: str, part: str) -> set[tuple[str, str]]:
        """The cause and the batch for each kind of row that the part has and that is news; empty where none is."""
        if (table, part) not in self._found:
            self._found[table, part] = set(self._of(table, part))
        return self._found[table, part]

    def _of(self, table: str, part: str) -> Iterator[tuple[str, str]]:
        before, after = (manifest.tables.get(table, {}).get(part) for manifest in (self.old, self.new))
        _, _, piece = part.partition("/")
        batch, _, kind = piece.partition("-")
        if before == after:
            return
        if before or after is None or kind == GONE:
            yield CORRECTED, batch
            return
        key = self.contracts[table].primary_key()
        rows = self._keys(table, [after])
        known = rows.join(self._known(table, part), on=key, how="semi")
        if known.height:
            yield CORRECTED, batch
        if known.height < rows.height:
            unknown = rows.join(known, on=key, how="anti")
            yield from ((cause, batch) for cause in self._dated(table, month_of(part), (after, unknown)))

    def _keys(self, table: str, entries: list[Entry], *more: str) -> pl.DataFrame:
        columns = [*self.contracts[table].primary_key(), *more]
        schema = {name: self.contracts[table].columns()[name].dtype for name in columns}
        files = self.store.each(entries, columns)
        return pl.concat([pl.DataFrame(schema=schema), *(file.select(columns) for file in files)])

    def _known(self, table: str, part: str) -> pl.DataFrame:
        """The keys that had landed before. A row that moved to another home month left a tombstone in the old one."""
        month = month_of(part)
        graves = [
            entry
            for name, entry in self.new.tables.get(table, {}).items()
            if name.endswith(f"-{GONE}") and name not in self.old.tables.get(table, {})
        ]
        return self._keys(table, [*self.old.between(table, month, month).values(), *graves]).unique()

    def _dated(self, table: str, month: str, fresh: tuple[Entry, pl.DataFrame]) -> Iterator[str]:
        """Whether rows of unknown keys are of the days before the old as-of, of those after, or of both."""
        if self.moved is None or not self.moved.is_forward or month < f"{self.moved.before:%Y-%m}":
            yield LATE
        elif month > f"{self.moved.before:%Y-%m}":
            yield AS_OF
        else:
            is_new_day = self._is_from(self._days(table, month, fresh), self.moved)
            if not is_new_day.all():
                yield LATE
            if is_new_day.any():
                yield AS_OF

    def _days(self, table: str, month: str, fresh: tuple[Entry, pl.DataFrame]) -> pl.Series:
        """What files the rows: a column of their own, or of the row of another table that they go with."""
        entry, unknown = fresh
        contract: Any = self.contracts[table]
        column, parent = getattr(contract, "month_of", ""), getattr(contract, "filed_with", "")
        key = contract.primary_key()
        if column:
            return self._keys(table, [entry], column).join(unknown, on=key, how="semi")[column]
        if parent not in self.contracts:
            return pl.Series([None])
        parents: Any = self.contracts[parent]
        (reference,) = parents.primary_key()
        homes = self._keys(
            parent, list(self.new.between(parent, month, month).values()), parents.month_of
        ).unique(reference)
        rows = self._keys(table, [entry], reference).join(unknown, on=key, how="semi")
        found: pl.Series = rows.join(homes, on=reference, how="left")[parents.month_of]
        return found

    @staticmethod
    def _is_from(days: pl.Series, moved: Moved) -> pl.Series:
        """A row without a day counts as one of before: late."""
        start = moved.before if days.dtype == pl.Date() else moved.earlier
        is_from = days >= start if days.dtype.is_temporal() else days.is_not_null()
        return is_from.fill_null(value=False)
