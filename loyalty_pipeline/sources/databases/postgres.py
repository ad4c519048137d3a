"""PostgreSQL through ADBC: one connection, one read-only transaction, streams of Arrow batches.

A column that Parquet has a type for keeps it: `numeric(p, s)` is a decimal where it fits 38 digits, `timestamptz` an
instant in UTC, `timestamp` one without a zone. All else is text as the database writes it, under settings that do not depend
on the server: ISO dates, intervals in words, bytes in hexadecimal, `money` as a plain number, `char(n)` without its padding.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from loyalty_pipeline.faults import Carried, SourceError
from loyalty_pipeline.sources.databases import postgres_catalogue
from loyalty_pipeline.sources.databases.database import Relation, Selection, Summary
from loyalty_pipeline.sources.databases.parquet_file import parquet_file
from loyalty_pipeline.sources.databases.postgres_selection import ASCII_BLANKS, BLANKS, Asked, Query
from loyalty_pipeline.sources.databases.postgres_session import Session
from loyalty_pipeline.sources.databases.postgres_types import placed

if TYPE_CHECKING:
    from loyalty_pipeline.sources.databases.postgres_catalogue import Described

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNREADABLE = "cannot be read"


class Postgres:
    """One look at a PostgreSQL database: all that it tells is of the instant at which it was connected to."""

    def __init__(self, session: Session) -> None:
        """Use `connect`."""
        self._session = session
        self._described: dict[str, Described] = {}
        with session.faults(UNREADABLE):
            encoding = session.rows("SELECT pg_catalog.current_setting('server_encoding')")[0][0]
        self._blanks = BLANKS if encoding == "UTF8" else ASCII_BLANKS

    @classmethod
    def connect(cls, address: str) -> "Postgres":
        """Open the database at a libpq URI. Raises `SourceError`, never with a password."""
        return cls(Session(address))

    def __repr__(self) -> str:
        """The place."""
        return f"Postgres({self.place})"

    @property
    def place(self) -> str:
        """Where it is, for people: no password, and no user."""
        return self._session.address.place

    def relation(self, name: str) -> Relation | None:
        """The table or view of that name (`table` or `schema.table`) with the columns that may be read."""
        described = postgres_catalogue.described(self._session, name)
        if described is None:
            return None
        self._described[name] = described
        return described.relation

    def relations(self) -> list[str]:
        """The names of all tables and views that may be read; of partitioned tables only the whole."""
        return postgres_catalogue.listed(self._session)

    def summary(self, chosen: Selection) -> Summary:
        """What the whole relation amounts to, in one aggregate on the server.

        Only instants of the years 1 to 9999 count, keys are trimmed text, and a blank one is none.
        """
        query, name = self._query(chosen), chosen.relation.name
        key = set(chosen.relation.primary_key)
        is_grouped = not key or not key <= set(chosen.key)
        with self._session.faults(f"{name} {UNREADABLE}"):
            told = self._session.rows(query.summary(is_grouped=is_grouped))[0]
            if not is_grouped and told[3]:
                # What the database tells apart by blanks is one key to those who trim it.
                told = self._session.rows(query.summary(is_grouped=True))[0]
            self._check_snapshot(name)
        newest = None if told[2] is None else EPOCH + timedelta(microseconds=told[2])
        return Summary(told[0], int(told[1]), newest)

    def write(self, chosen: Selection, path: Path) -> int:
        """Write the rows to a Parquet file, batch by batch, and return how many they are."""
        return self._write(chosen, Query.rows, path)

    def write_keys(self, chosen: Selection, path: Path) -> int:
        """Write the key (every column as text, trimmed) and `updated_at` of every row, under the relation's names."""
        return self._write(replace(chosen, since=None, keys=None), Query.keys, path)

    def close(self) -> None:
        """End the transaction and the connection."""
        self._session.close()

    def _query(self, chosen: Selection) -> Query:
        name = chosen.relation.name
        if name not in self._described and self.relation(name) is None:
            message = f"{self.place}: {name} is not there"
            raise SourceError(message)
        return Query(self._described[name], chosen, self._blanks)

    def _write(self, chosen: Selection, asked: Callable[[Query, frozenset[str]], Asked], path: Path) -> int:
        query, as_text = self._query(chosen), frozenset[str]()
        while True:
            try:
                return self._stream(chosen.relation.name, query, asked(query, as_text), path)
            except _NoPlaceError as found:
                as_text |= found.columns

    def _stream(self, name: str, query: Query, asked: Asked, path: Path) -> int:
        with self._session.faults(f"{name} {UNREADABLE}"):
            query.bind(self._session)
        with parquet_file(path, asked.schema) as file:
            with self._session.stream(asked.statement, f"{name} {UNREADABLE}") as batches:
                for batch in batches:
                    file.add(self._placed(batch, asked.schema, name))
            self._check_snapshot(name)
        return file.rows

    def _check_snapshot(self, name: str) -> None:
        with self._session.faults(f"{name} {UNREADABLE}"):
            table = postgres_catalogue.rewritten(self._session, self._described[name])
        self._session.release()
        if table:
            raise self._changed(name, f"{table} was truncated, replaced or rewritten")

    def _placed(self, batch: pa.RecordBatch, schema: pa.Schema, name: str) -> pa.RecordBatch:
        try:
            return _placed(batch, schema)
        except (pa.ArrowException, ValueError):
            raise self._changed(name, "a column was given another type") from None

    def _changed(self, name: str, what: str) -> SourceError:
        return SourceError(f"{self.place}: {name} {UNREADABLE}: {what} meanwhile. Read it again")


class _NoPlaceError(Carried):
    """Some values have no place in the type of their column."""

    def __init__(self, columns: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(columns)))
        self.columns = columns


def _placed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = {f.name: placed(values, f.type) for f, values in zip(schema, batch.columns, strict=True)}
    if unplaced := frozenset(name for name, values in columns.items() if values is None):
        raise _NoPlaceError(unplaced)
    return pa.record_batch(list(columns.values()), schema=schema)
