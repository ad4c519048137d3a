"""The quarantine as it lies on disk: what is set aside now, what was before, and what a refused landing left.

A table whose file changed is read whole again, so what is set aside now is what its last reading set aside. Nothing here
takes the run's lock: files are whole or not there, and a batch counts from when its landing is committed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import Any

import polars as pl

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.lake.manifest import Manifest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing.land import LANDED
from loyalty_pipeline.landing.quarantine import FAILED
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.storage.files import names_in
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.validation.history import validation_history

REASONS, WAITING, BATCH, ROW = "_reasons", "_waiting", "_batch", "_row"
ABOUT = {REASONS: pl.List(pl.String), WAITING: pl.Boolean(), BATCH: pl.String(), ROW: pl.Int64()}
"""What stands beside the source's columns, and its types."""

JOINED_BY = "; "
"""Between reasons where they are one text, as in files of earlier releases."""


@dataclass(frozen=True)
class Evidence:
    """What a landing that was refused would have set aside of a table."""

    batch: str
    table: str
    rows: int


@dataclass(frozen=True)
class Folder:
    """The quarantine of a data folder."""

    data_dir: Place

    @property
    def root(self) -> Place:
        """Where it lies."""
        return self.data_dir / "quarantine"

    @cached_property
    def manifest(self) -> Manifest:
        """The landing that counts."""
        return Store(self.data_dir / "landing").read()

    @cached_property
    def notes(self) -> dict[str, dict[str, Any]]:
        """What is known of each table's last reading."""
        return dict(self.manifest.notes.get(LANDED, {}))

    def last_batch(self, table: str) -> str:
        """The batch in which a table was last read; empty where it never was."""
        return str(self.notes.get(table, {}).get("batch", ""))

    def current(self) -> dict[str, pl.DataFrame]:
        """The tables of which rows are set aside now, parents first, with these rows."""
        found = {table: self.rows(table, self.last_batch(table)) for table in RAW_TABLES}
        return {table: rows for table, rows in found.items() if rows.height}

    def rows(self, table: str, batch: str) -> pl.DataFrame:
        """What a batch set aside of a table; no row where it set none aside."""
        return _read(self.root / table / f"{batch}.parquet", table)

    def batches(self, table: str) -> list[str]:
        """The batches that set rows of a table aside, in order."""
        last = self.last_batch(table)
        found = (name.removesuffix(".parquet") for name in names_in(self.root / table))
        return sorted(batch for batch in found if batch <= last)

    def evidence(self) -> list[Evidence]:
        """What the last landing left that did not come to its end: refused, killed, or running right now."""
        failed = self.root / FAILED
        found = [
            (batch, name.removesuffix(".parquet"))
            for batch in names_in(failed)
            for name in names_in(failed / batch)
            if name.endswith(".parquet")
        ]
        return [Evidence(*place, self.failed(*place).height) for place in sorted(found)]

    def failed(self, batch: str, table: str) -> pl.DataFrame:
        """The evidence on a table that a landing left."""
        return _read(self.root / FAILED / batch / f"{table}.parquet", table)

    def landed_at(self, batch: str) -> datetime | None:
        """When a batch was extracted, where a record of it is left."""
        return self._runs.get(batch) or _checked_at(self.data_dir, batch)

    @cached_property
    def _runs(self) -> dict[str, datetime]:
        runs = validation_history(self.data_dir).select("batch", "run_at").unique("batch")
        return dict(runs.iter_rows())


def _checked_at(data_dir: Place, batch: str) -> datetime | None:
    """From the record that earlier releases kept of each batch."""
    path = data_dir / "landing" / "checks" / f"{batch}.json"
    try:
        return datetime.fromisoformat(json.loads(path.read_text())["extracted_at"])
    except (OSError, ValueError, KeyError):
        return None


def _read(path: Place, table: str) -> pl.DataFrame:
    columns = RAW_TABLES[table].column_names()
    try:
        found = pl.read_parquet(BytesIO(path.read_bytes()))
    except FileNotFoundError:
        return pl.DataFrame(schema={**dict.fromkeys(columns, pl.String()), **ABOUT})
    except pl.exceptions.PolarsError as error:
        message = f"{path} cannot be read as Parquet: {error}. Move it away; the next landing of {table} writes it anew."
        raise SourceError(message) from error
    return found.select(
        *_texts(columns, found.columns),
        *(name for name in found.columns if name not in columns and name not in ABOUT),
        _reasons(found.schema[REASONS]),
        *(pl.col(name).cast(dtype) for name, dtype in ABOUT.items() if name != REASONS),
    )


def _texts(columns: Iterable[str], there: list[str]) -> list[pl.Expr]:
    """The contract's columns; those that a file of an earlier release lacks are null."""
    return [(pl.col(name) if name in there else pl.lit(None)).cast(pl.String).alias(name) for name in columns]


def _reasons(dtype: pl.DataType) -> pl.Expr:
    if dtype != pl.String:
        return pl.col(REASONS).cast(pl.List(pl.String)).fill_null([])
    told = pl.col(REASONS).fill_null("")
    return told.str.split(JOINED_BY).list.eval(pl.element().filter(pl.element() != ""))
