"""Raw tables that are made of several tables of a source, by a query in SQL that the settings have.

What is read of each table is listed with its types, so that the query sees the same whatever the source is: text in a CSV
file, a number in a database. A column or table that the source lacks is null or empty, but for the first table, or all of those
that `one_of` names: without them the raw table is absent. The query is run by polars, never by the source.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from loyalty_pipeline.faults import SourceError, writing
from loyalty_pipeline.sources.conversion import typed
from loyalty_pipeline.sources.minor_units import in_major_units
from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.sources.table_mapping import TableMapping, digest

TYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "whole": pl.Int64(),
    "number": pl.Float64(),
    "amount": pl.Decimal(18, 4),
    "instant": pl.Datetime("us", "UTC"),
    "day": pl.Date(),
    "flag": pl.Boolean(),
}
"""What `reads` may say of a column."""


class Part(Protocol):
    """A table of a source that a query reads."""

    @property
    def place(self) -> str:
        """Where it is."""

    def fingerprint(self, terms: str) -> str:
        """Equal as long as its rows do not change; empty where only reading would tell."""

    def is_as_found(self) -> bool:
        """Whether nothing changed since it was found."""

    def parquet(self, scratch: Path) -> Path:
        """Its rows."""


@dataclass(frozen=True)
class QueriedTable:
    """A raw table, the query that makes it, and where the tables are that it reads; None for those that the source lacks."""

    table: str
    contract: type[RawTable]
    mapping: TableMapping
    parts: Mapping[str, Part | None]

    @property
    def place(self) -> str:
        """Where the first of its tables is."""
        return next(part.place for part in self.parts.values() if part)

    @property
    def states_types(self) -> bool:
        """The list does."""
        return True

    def fingerprint(self, terms: str) -> str:
        """Made of those of its tables."""
        told = {name: part.fingerprint("") if part else "absent" for name, part in self.parts.items()}
        if not all(told.values()):
            return ""
        return digest(*told.values(), *self.stated(terms).values())

    def is_as_found(self) -> bool:
        """Whether none of its tables changed since it was found."""
        return all(part.is_as_found() for part in self.parts.values() if part)

    def stated(self, terms: str) -> dict[str, str]:
        """Places, mapping and rules."""
        places = "\n".join(part.place if part else "" for part in self.parts.values())
        return {"place": digest(places), "mapping": digest(self.mapping.to_json()), "rules": digest(terms)}

    def parquet(self, scratch: Path) -> Path:
        """The rows that the query makes, in the order of the key. Raises `SourceError` where it cannot be run."""
        path, reads = scratch / f"{self.table}.query.parquet", self.mapping.reads
        frames = {name: self._read(name, types, scratch) for name, types in reads.items()}
        try:
            rows = pl.SQLContext(frames).execute(self.mapping.query, eager=False).collect()
        except pl.exceptions.PolarsError as error:
            message = f"{self.table}: its query cannot be run: {str(error).splitlines()[0]}. Correct `query` in [tables.{self.table}]."
            raise SourceError(message) from error
        for column, currency in self.mapping.minor_units.items():
            rows = in_major_units(rows, column, currency, self.mapping.minor_digits)
        key = [column for column in self.contract.primary_key() if column in rows.columns]
        with writing(path):
            rows.sort(key, maintain_order=True).write_parquet(path, compression="lz4", row_group_size=250_000)
        return path

    def _read(self, name: str, types: Mapping[str, str], scratch: Path) -> pl.LazyFrame:
        part, schema = self.parts[name], {column: TYPES[kind] for column, kind in types.items()}
        if part is None:
            return pl.LazyFrame(schema=schema)
        rows = pl.read_parquet(part.parquet(scratch), glob=False)
        return pl.DataFrame(
            [self._column(rows, name, column, dtype) for column, dtype in schema.items()]
        ).lazy()

    def _column(self, rows: pl.DataFrame, name: str, column: str, dtype: pl.DataType) -> pl.Series:
        if column not in rows.columns:
            return pl.Series(column, [None], dtype=dtype).new_from_index(0, rows.height)
        values = typed(rows[column], dtype)
        given = rows[column].is_not_null() & (
            rows[column].cast(pl.String, strict=False).str.strip_chars() != ""
        )
        if bad := int((given & values.is_null()).sum()):
            part = self.parts[name]
            message = (
                f"{self.table}: {bad} of {rows.height} values of {part.place if part else name} {column} cannot be "
                f"read as {self.mapping.reads[name][column]}. Correct `reads` in [tables.{self.table}]."
            )
            raise SourceError(message)
        return values


def queried(
    table: str, contract: type[RawTable], mapping: TableMapping, part: Callable[[str], Part | None]
) -> QueriedTable | None:
    """The table that a mapping's query makes of the parts that a source has; None where it lacks those that it needs."""
    parts = {name: part(name) for name in mapping.reads}
    is_there = any(parts[name] for name in mapping.one_of or list(parts)[:1])
    return QueriedTable(table, contract, mapping, parts) if is_there else None
