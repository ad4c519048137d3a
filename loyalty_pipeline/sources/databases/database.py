"""What every database as a source can do, whatever it is made by.

A database is opened for one landing and closed after it. All that it tells in between is of one instant, as far as the
database can do that, and nothing is ever written to it. Names are quoted by the driver's own rules, values are bound.
Every failure is a `SourceError` that names the relation, where there is one, and never a password.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import polars as pl

Kind = Literal["text", "number", "instant", "day", "flag", "other"]
"""What a column holds: `other` is what is read as text (ranges, addresses, JSON, arrays)."""


@dataclass(frozen=True)
class Column:
    """A column of a relation: the type as the database calls it, and what that is."""

    type: str
    kind: Kind


@dataclass(frozen=True)
class Relation:
    """A table or view. `name` is as settings write it, `primary_key` empty where none is declared, as in views."""

    name: str
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """Some rows of a relation, and which of its columns; `key` and `updated_at` are names of the relation.

    With `since` those that changed at or after it, or do not say when, or have no whole key; with `keys` (every key column
    as text) those too that have one of these keys. With neither all rows.
    """

    relation: Relation
    columns: tuple[str, ...]
    key: tuple[str, ...]
    updated_at: str = ""
    since: datetime | None = None
    keys: pl.DataFrame | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Summary:
    """What a relation amounts to: how many keys it has, and when they changed.

    Counted over the keys that are whole and whose last change is known and finite: their number, the sum of the
    microseconds since 1970 at which they changed last, and the newest of these instants.
    """

    keys: int
    microseconds: int
    newest: datetime | None


class Database(Protocol):
    """One look at a database."""

    @property
    def place(self) -> str:
        """Where it is, for people: no password, and no user."""

    def relation(self, name: str) -> Relation | None:
        """The table or view of that name (`table` or `schema.table`); None where it is not there.

        Raises `SourceError` where it may not be read.
        """

    def relations(self) -> list[str]:
        """The names of all tables and views that may be read, in order, as `relation` takes them."""

    def summary(self, chosen: Selection) -> Summary:
        """What the whole relation amounts to; `since` and `keys` are ignored, `updated_at` must be given."""

    def write(self, chosen: Selection, path: Path) -> int:
        """Write the rows to a Parquet file, batch by batch, and return how many they are.

        The file has the columns in the order asked for, under the relation's names, also where there is no row. Numbers
        are exact, instants have microseconds (UTC where the database knows the zone), what Parquet has no type for is
        text as the database writes it. A column in which some value has no place in its type (NaN, infinity) is text as a whole.
        """

    def write_keys(self, chosen: Selection, path: Path) -> int:
        """Write the key (every column as text, trimmed) and `updated_at` of every row, under the relation's names."""

    def close(self) -> None:
        """Let go of it. Nothing that was written to files is lost."""
