"""Any database that SQLAlchemy speaks to, as a source: read in batches, with the types that its columns are declared as."""

import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Relation, Selection, Summary
from loyalty_pipeline.sources.databases.parquet_file import parquet_file
from loyalty_pipeline.sources.databases.sql_dialect import AnyDialect, Described
from loyalty_pipeline.sources.databases.sql_failures import failing, parsed
from loyalty_pipeline.sources.databases.sql_mariadb import MariaDbDialect
from loyalty_pipeline.sources.databases.sql_reading import Reading
from loyalty_pipeline.sources.databases.sql_sqlite import SqliteDialect
from loyalty_pipeline.sources.databases.sql_summary import summary_of

DIALECTS = {"sqlite": SqliteDialect, "mysql": MariaDbDialect, "mariadb": MariaDbDialect}


class SqlDatabase:
    """One look at a database through SQLAlchemy: a `Database`.

    SQLite, MariaDB and MySQL are read in one read-only transaction, so that all tables are of one instant (of MariaDB's and
    MySQL's engines: InnoDB's). Others are read in a plain transaction.
    """

    def __init__(self, dialect: AnyDialect, connection: sa.Connection) -> None:
        """Of an open connection in its transaction; `connect` makes one."""
        self._dialect, self._connection = dialect, connection
        self._described: dict[str, Described | None] = {}

    @classmethod
    def connect(cls, address: str) -> Self:
        """Open the database of a SQLAlchemy URL in which nothing is left to be filled in.

        Raises `SourceError`: no server or file there, user or password refused, unknown database, driver not installed.
        """
        url = parsed(address)
        dialect = DIALECTS.get(url.get_backend_name(), AnyDialect)(url)
        with failing(dialect, kind=Exception):
            connection = dialect.engine().connect()
            try:
                dialect.begin(connection)
            except BaseException:
                connection.close()
                raise
        return cls(dialect, connection)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Where it is."""
        return f"SqlDatabase({self.place!r})"

    @property
    def place(self) -> str:
        """The address without user, password and options."""
        return self._dialect.place

    def relation(self, name: str) -> Relation | None:
        """The table or view of that name with the columns that may be read; None where it is not there."""
        described = self._look_up(name)
        return described.relation if described else None

    def relations(self) -> list[str]:
        """The names of all tables and views that may be read, in order."""
        with failing(self._dialect):
            return self._dialect.names(self._connection)

    def summary(self, chosen: Selection) -> Summary:
        """What the whole relation amounts to, counted by the database where it can do that exactly."""
        reading = self._reading(chosen)
        if not chosen.key:
            return Summary(0, 0, None)
        with failing(self._dialect, chosen.relation.name):
            counted = self._dialect.summary(self._connection, reading.described, chosen)
            return counted or summary_of(reading.keys(), chosen.key, reading.instant)

    def write(self, chosen: Selection, path: Path) -> int:
        """Write the rows to a Parquet file, and return how many they are.

        Where a value does not fit the declared type, all rows are read once more with that column as text.
        """
        return self._write(self._reading(chosen), set(), path)

    def write_keys(self, chosen: Selection, path: Path) -> int:
        """Write the key as trimmed text and `updated_at` of every row."""
        columns = tuple(name for name in dict.fromkeys((*chosen.key, chosen.updated_at)) if name)
        everything = Selection(chosen.relation, columns, chosen.key, chosen.updated_at)
        reading = replace(self._reading(everything), trims_key=True)
        return self._write(reading, set(chosen.key), path)

    def close(self) -> None:
        """Let go of it; that the server is gone by then is no failure."""
        with suppress(sa.exc.SQLAlchemyError):
            self._connection.close()

    def _write(self, reading: Reading, texts: set[str], path: Path) -> int:
        with failing(self._dialect, reading.chosen.relation.name):
            while (rows := _written(reading, texts, path)) is None:
                # What was found to be text is named now.
                continue
        return rows

    def _reading(self, chosen: Selection) -> Reading:
        name = chosen.relation.name
        described = self._look_up(name)
        if described is None:
            message = f"{self.place}: there is no table or view `{name}` any more."
            raise SourceError(message)
        asked = filter(None, (*chosen.columns, *chosen.key, chosen.updated_at))
        if missing := sorted(set(asked) - set(described.forms)):
            message = f"{self.place}: `{name}` has no column `{missing[0]}`."
            raise SourceError(message)
        return Reading(self._connection, self._dialect, described, chosen)

    def _look_up(self, name: str) -> Described | None:
        if name not in self._described:
            with failing(self._dialect, name), warnings.catch_warnings():
                # A type that SQLAlchemy does not know is read as text.
                warnings.simplefilter("ignore", sa.exc.SAWarning)
                self._described[name] = self._dialect.describe(self._connection, name)
        return self._described[name]


class _NotAsDeclared(Exception):
    """Some columns turned out to be text; what was written is of no use."""


def _written(reading: Reading, texts: set[str], path: Path) -> int | None:
    schema = reading.schema(texts)
    with suppress(_NotAsDeclared), parquet_file(path, schema) as groups:
        is_declared = True
        for batch in reading.batches(texts):
            is_declared = is_declared and batch is not None
            # The rest is only looked at: what else is text shall be known before all is read again.
            if is_declared:
                groups.add(batch)
        if not is_declared:
            raise _NotAsDeclared
        return groups.rows
    return None
