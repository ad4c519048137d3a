"""Databases with a shop in them, and what is read of them."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from loyalty_pipeline.sources.databases.database import Selection
from loyalty_pipeline.sources.databases.sql import SqlDatabase


@dataclass(frozen=True)
class SqliteShop:
    """An SQLite file."""

    path: Path

    @property
    def address(self) -> str:
        return f"sqlite:///{self.path}"

    def execute(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            for statement in statements:
                connection.execute(statement)

    def insert(self, table: str, rows: list[tuple]) -> None:
        places = ", ".join("?" * len(rows[0]))
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - our own
            connection.commit()


def selection(look: SqlDatabase, name: str, key: tuple[str, ...] = ("id",), **asked) -> Selection:
    """A selection of all columns, unless others are asked for."""
    relation = look.relation(name)
    assert relation is not None
    columns = asked.pop("columns", tuple(relation.columns))
    return Selection(relation, columns, key, **asked)


def rows_of(shop, name: str, key: tuple[str, ...] = ("id",), **asked) -> pl.DataFrame:
    """What is written of a relation."""
    with SqlDatabase.connect(shop.address) as look:
        return rows_in(look, name, key, **asked)


def rows_in(look: SqlDatabase, name: str, key: tuple[str, ...] = ("id",), **asked) -> pl.DataFrame:
    """What is written of a relation in an open look."""
    return _read(lambda path: look.write(selection(look, name, key, **asked), path))


def keys_of(shop, name: str, key: tuple[str, ...] = ("id",), **asked) -> pl.DataFrame:
    """What is written of the keys."""
    with SqlDatabase.connect(shop.address) as look:
        return _read(lambda path: look.write_keys(selection(look, name, key, **asked), path))


def summary_of(shop, name: str, key: tuple[str, ...] = ("id",), updated_at: str = "updated_at"):
    """What a relation amounts to."""
    with SqlDatabase.connect(shop.address) as look:
        return look.summary(selection(look, name, key, updated_at=updated_at))


def _read(write) -> pl.DataFrame:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        rows = write(path)
        read = pl.read_parquet(path)
        assert read.height == rows
        assert [file.name for file in Path(folder).iterdir()] == ["rows.parquet"]
    return read
