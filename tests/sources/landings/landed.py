"""What a connector would have landed: rows of a test as CSV files, and the raw tables that a shipped mapping makes of them."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.settings import TableMapping
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.conversion import typed_rows
from loyalty_pipeline.sources.extract import Extract
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.shipped import shipped

Rows = Iterable[Mapping[str, Any]]


def lay(folder: Path, **tables: Rows) -> Path:
    """A landing with these tables, each with the columns that its rows name."""
    folder.mkdir(exist_ok=True)
    for name, given in tables.items():
        rows = list(given)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def read(landing: str, folder: Path, table: str) -> list[dict[str, Any]] | None:
    """The rows of a raw table with the contract's types, by its key; None where the landing lacks it."""
    contract, mappings = RAW_TABLES[table], shipped(landing)
    scratch = folder.with_name(folder.name + ".scratch")
    scratch.mkdir(exist_ok=True)
    origin = FileSource.of(folder, mappings).find(table)
    if origin is None:
        return None
    extract = Extract.of(origin, contract, scratch)
    rows, unreadable = typed_rows(extract.slice(0), contract)
    assert not any(unreadable.sum().row(0)), f"{table} has values that its contract cannot read"
    return rows.select(contract.column_names()).sort(contract.primary_key()).to_dicts()


def by_key(landing: str, folder: Path, table: str) -> dict[str, dict[str, Any]]:
    """The same, each row under its key."""
    rows = read(landing, folder, table)
    assert rows is not None
    (key,) = RAW_TABLES[table].primary_key()
    return {row[key]: row for row in rows}


def made_of_nothing(mapping: TableMapping) -> pl.DataFrame:
    """What a mapping's query makes of tables without rows."""
    types = {
        "text": pl.String(),
        "whole": pl.Int64(),
        "number": pl.Float64(),
        "instant": pl.Datetime("us", "UTC"),
        "flag": pl.Boolean(),
    }
    frames = {
        name: pl.DataFrame(schema={column: types[kind] for column, kind in columns.items()})
        for name, columns in mapping.reads.items()
    }
    return pl.SQLContext(frames).execute(mapping.query, eager=True)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def money(text: str) -> Decimal:
    """An amount."""
    return Decimal(text)
