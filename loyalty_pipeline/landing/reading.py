"""The reading of an extract: every value gets its type once; of the rows' content only a ledger stays in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import polars as pl

from loyalty_pipeline.faults import SourceError, writing
from loyalty_pipeline.landing.history import HOME
from loyalty_pipeline.landing.row_hash import row_hash
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.sources.conversion import typed_rows
from loyalty_pipeline.sources.extract import SLICE_ROWS, Extract
from loyalty_pipeline.validation.rule import unreadable

Progress = Callable[[str, int, int], None]
"""Called with a table, the rows read so far and all its rows."""

INSTANT = pl.Datetime("us", "UTC")


@dataclass
class Reading:
    """How a table is read: its extract, the instant of the extraction, the reporting time zone, a folder for typed rows.

    A table of one slice stays in memory; each slice of a longer one becomes a file, which validation and filing read.
    """

    extract: Extract
    extracted_at: datetime
    timezone: str
    scratch: Path
    _slices: list[pl.DataFrame | Path] = field(default_factory=list)

    @property
    def table(self) -> str:
        """The table's name."""
        return self.extract.origin.table

    @property
    def is_versioned(self) -> bool:
        """Whether the source says when a row changed; if not, a row changed when it first differs."""
        return self.extract.has("updated_at")

    @cached_property
    def key(self) -> list[str]:
        """The columns of the key."""
        return self.extract.contract.primary_key()

    def read(self, progress: Progress) -> pl.DataFrame:
        """Read all rows, and return the ledger: one row a row, in the file's order.

        Row number, key, references, `updated_at`, `_hash` and `_home`, the row's own business month. Raises `SourceError` when
        the file's count is not what was read.
        """
        ledgers = []
        for offset, raw in self.extract.slices():
            ledgers.append(self._take(raw))
            progress(self.table, offset + raw.height, self.extract.rows)
        if not ledgers:
            return self._take(self.extract.slice(0))
        if (read := sum(ledger.height for ledger in ledgers)) != self.extract.rows:
            message = f"{self.extract.origin.place} says it has {self.extract.rows} rows, {read} were read. Write it anew."
            raise SourceError(message)
        return pl.concat(ledgers)

    def rows(self) -> pl.LazyFrame:
        """All rows with the contract's types, and for each column but text a flag: its value cannot be read."""
        return pl.concat(
            [
                part.lazy() if isinstance(part, pl.DataFrame) else pl.scan_parquet(part, glob=False)
                for part in self._slices
            ]
        )

    def slice(self, number: int) -> pl.DataFrame:
        """The typed rows of one slice of the extract, without flags."""
        part = self._slices[number]
        rows = part if isinstance(part, pl.DataFrame) else pl.read_parquet(part, glob=False)
        return rows.drop(unreadable(name) for name in self._flagged)

    @cached_property
    def _flagged(self) -> list[str]:
        return [name for name, column in self.extract.contract.columns().items() if column.dtype != pl.String]

    def _take(self, raw: pl.DataFrame) -> pl.DataFrame:
        rows, flags = typed_rows(raw, self.extract.contract, self.extract.origin.mapping.date_format)
        if not self.is_versioned:
            rows = rows.with_columns(pl.lit(self.extracted_at, dtype=INSTANT).alias("updated_at"))
        flagged = rows.hstack([flags[name].alias(unreadable(name)) for name in self._flagged])
        if self.extract.rows <= SLICE_ROWS:
            self._slices.append(flagged)
        else:
            path = self.scratch / f"{self.table}.typed.{len(self._slices):04d}.parquet"
            with writing(path):
                flagged.write_parquet(path, compression="lz4", statistics=False)
            self._slices.append(path)
        return self._ledger(rows)

    def _ledger(self, rows: pl.DataFrame) -> pl.DataFrame:
        contract = self.extract.contract
        said = [name for name in contract.columns() if name != "updated_at" or self.is_versioned]
        earliest = [contract.month_of] if self.extract.origin.mapping.distinct and contract.month_of else []
        needed = dict.fromkeys(["_row", *self.key, *references(contract), "updated_at", *earliest])
        return rows.select(*needed).with_columns(row_hash(rows, said), self._home(rows))

    def _home(self, rows: pl.DataFrame) -> pl.Series:
        contract = self.extract.contract
        if not contract.month_of:
            return pl.Series(HOME, [None], dtype=pl.Int32).new_from_index(0, rows.height)
        column = pl.col(contract.month_of)
        local = (
            column.dt.convert_time_zone(self.timezone)
            if rows.schema[contract.month_of] == INSTANT
            else column
        )
        month = local.dt.year().cast(pl.Int32) * 100 + local.dt.month().cast(pl.Int32)
        return rows.select(month.alias(HOME)).to_series()
