"""Two publications compared: only what their manifests name differently is read."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.manifest import Entry, Manifest
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.publication.causes import Edition, Lineage, reason, verdict
from loyalty_pipeline.publication.cells import DIFFERING, MONTH, PERIOD_END, differing, placed
from loyalty_pipeline.publication.files import columns_of
from loyalty_pipeline.publication.news import Moved, News
from loyalty_pipeline.storage.files import size_of
from loyalty_pipeline.storage.parquet import read_parquet
from loyalty_pipeline.storage.place import Place

NAMES = ("cause", "reason", "raw_tables", "batches")
LOST = (OSError, pl.exceptions.PolarsError, ValueError, KeyError)
"""What reading a file raises that somebody deleted or damaged."""


@dataclass(frozen=True)
class Earlier:
    """What readers had: a snapshot, its settings as text, and by their digests the manifests it was made of."""

    folder: Place
    settings: dict[str, str]
    lake: str
    landing: str

    @property
    def as_of(self) -> date | None:
        """The first day that did not count; None where nobody knows it any more."""
        return date.fromisoformat(self.settings["as_of"]) if "as_of" in self.settings else None


@dataclass(frozen=True)
class Comparison:
    """What readers had against what a lake has now, under settings as text."""

    earlier: Earlier
    lake: Lake
    settings: dict[str, str]

    def changed(self, tables: list[str]) -> pl.DataFrame:
        """Each cell of a period that was complete and that differs, with its cause; tables of the newest month tell of none.

        Without the lake's old manifest, or a file of it, published files are compared and the causes are unknown. What
        cannot be read of the old publication at all is not compared.
        """
        lasting = [name for name in tables if not self.lake.tables[name].contract.is_of_newest_month]
        found = [self._of_table(name) for name in lasting] if self.earlier.as_of else []
        return pl.concat([self.empty(), *(rows.drop(MONTH) for rows in found)])

    @staticmethod
    def empty() -> pl.DataFrame:
        """No cell."""
        lineage = dict.fromkeys(NAMES, pl.String())
        return pl.DataFrame(schema={"table": pl.String(), **DIFFERING, **lineage}).drop(MONTH)

    def _of_table(self, name: str) -> pl.DataFrame:
        old, new = (
            placed(rows, name, self.lake.tables[name].contract.primary_key()).filter(
                pl.col(PERIOD_END) <= self.earlier.as_of
            )
            for rows in self._read(name)
        )
        units = {column: about["unit"] for column, about in columns_of(self.lake.tables[name]).items()}
        cells = differing(old, new, units)
        causes = [(month, *self._cause(name, month)) for month in cells[MONTH].unique().sort()]
        found = pl.DataFrame(causes, schema=dict.fromkeys((MONTH, *NAMES), pl.String()), orient="row")
        return cells.select(pl.lit(name).alias("table"), *DIFFERING).join(found, on=MONTH, how="left")

    def _read(self, name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The old and the new rows that may differ. Of a table that nobody could read before these are none."""
        now = self.lake.manifest.tables.get(name, {})
        published = self.earlier.folder / f"{name}.parquet"
        before = self._manifest.tables.get(name) if self._manifest else None
        if before is None and self._manifest and size_of(published) >= 0:
            before = {}
        if before is not None:
            parts = sorted(before.keys() | now.keys())
            differing = [part for part in parts if _digest(before, part) != _digest(now, part)]
            try:
                return self._rows(name, before, differing), self._rows(name, now, differing)
            except LOST:
                pass
        new = self._rows(name, now, sorted(now)).with_columns(pl.lit("").alias(MONTH))
        try:
            return read_parquet(published).with_columns(pl.lit("").alias(MONTH)), new
        except LOST:
            return new.clear(), new.clear()

    def _rows(self, name: str, entries: dict[str, Entry], parts: list[str]) -> pl.DataFrame:
        """The rows of some parts, as they were written: another version of the code may have had other columns."""
        found = {part: entries[part] for part in parts if part in entries}
        kept = [
            rows.with_columns(pl.lit(month_of(part)).alias(MONTH))
            for part, rows in zip(found, self.lake.store.each(found.values()), strict=True)
        ]
        empty = pl.DataFrame(schema={**polars_schema(self.lake.tables[name].contract), MONTH: pl.String()})
        return pl.concat(kept, how="diagonal_relaxed") if kept else empty

    def _cause(self, name: str, month: str) -> tuple[str, str | None, str | None, str | None]:
        try:
            found = self._lineage.of(name, month) if self._lineage and month else frozenset()
        except LOST:
            found = frozenset()
        cause, evidence = verdict(found, is_forward=not self._moved or self._moved.is_forward)
        tables = sorted({one.name for one in evidence if one.batch})
        batches = sorted({one.batch for one in evidence if one.batch})
        return cause, reason(evidence), ", ".join(tables) or None, ", ".join(batches) or None

    @cached_property
    def _manifest(self) -> Manifest | None:
        return manifest_of(self.lake.store, self.earlier.lake)

    @cached_property
    def _moved(self) -> Moved | None:
        old, calendar = self.earlier.as_of, self.lake.calendar
        return Moved(old, calendar.as_of, calendar.timezone) if old and old != calendar.as_of else None

    @cached_property
    def _lineage(self) -> Lineage | None:
        landing = manifest_of(self.lake.landing, self.earlier.landing)
        if self._manifest is None or landing is None:
            return None
        raw = {
            read.table: read.contract
            for table in self.lake.tables.values()
            for read in table.reads
            if read.is_raw
        }
        return Lineage(
            Edition(self._manifest, landing, self.earlier.settings),
            Edition(self.lake.manifest, self.lake.landed, self.settings),
            News(self.lake.landing, landing, self.lake.landed, raw, self._moved),
            {name: table.needs for name, table in self.lake.tables.items()},
        )


def manifest_of(store: Store, digest: str) -> Manifest | None:
    """A manifest by its digest; None where it is gone or cannot be read."""
    try:
        return Manifest.from_json((store.root / "manifests" / f"{digest}.json").read_text())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(entries: dict[str, Entry], part: str) -> str:
    return entries[part].digest if part in entries else ""
