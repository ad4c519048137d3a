"""What a database made by anybody can do through SQLAlchemy: what is here holds for all, two know more of themselves."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.sql.elements import quoted_name

from loyalty_pipeline.sources.databases.database import Column, Relation, Selection, Summary
from loyalty_pipeline.sources.databases.sql_types import Told, told
from loyalty_pipeline.sources.databases.sql_values import TEXT, UTC_INSTANT, as_declared, as_text

MARGIN = timedelta(days=2)
"""More than two zones can differ: what an unknown database compares is only ever a first sieve."""

WHOLE = re.compile(r"-?[0-9]{1,20}")

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Described:
    """A relation as the database describes it: for people, for SQL, and the type that each column is written as."""

    relation: Relation
    table: sa.TableClause
    forms: Mapping[str, pa.DataType]

    @classmethod
    def of(
        cls,
        name: tuple[str, str | None, str],
        columns: Iterable[Told],
        primary_key: Iterable[str],
        *,
        quote: bool | None = True,
    ) -> "Described":
        """From its name as asked for, its schema and its own name, and what was told of its columns.

        All names are quoted; with None SQLAlchemy quotes those that need it.
        """
        asked, schema, own = name
        known = {column.name: column for column in columns}
        table = sa.table(
            quoted_name(own, quote=quote),
            *(sa.column(quoted_name(column.name, quote=quote), column.bound) for column in known.values()),
            schema=quoted_name(schema, quote=quote) if schema else None,
        )
        shown = {column.name: Column(column.type, column.kind) for column in known.values()}
        key = tuple(primary_key)
        return cls(
            Relation(asked, shown, key if set(key) <= set(known) else ()),
            table,
            {column.name: column.form for column in known.values()},
        )


class AnyDialect:
    """A database that is only known through SQLAlchemy.

    It is read in a plain transaction: whether all tables are of one instant, and whether it could be written to, is up to the
    database's defaults and the user's rights.
    """

    keys_at_once = 1_000
    streams_by_option = True
    """Whether SQLAlchemy has to be told not to fetch all rows at once."""

    def __init__(self, url: sa.URL) -> None:
        """Nothing is opened yet."""
        self.url = url

    @property
    def place(self) -> str:
        """The address without user, password and options, which may hold one."""
        url = self.url
        return sa.URL.create(
            url.get_backend_name(), host=url.host, port=url.port, database=url.database
        ).render_as_string()

    def engine(self) -> sa.Engine:
        """What opens connections; each is closed for good."""
        return sa.create_engine(self.url, hide_parameters=True, poolclass=sa.pool.NullPool)

    def begin(self, connection: sa.Connection) -> None:
        """Begin the one transaction in which all is read."""
        connection.begin()

    def describe(self, connection: sa.Connection, name: str) -> Described | None:
        """The relation of that name, or None."""
        inspector = sa.inspect(connection)
        for schema, own in spellings(name):
            if self._has(inspector, schema, own):
                columns = [told(column) for column in inspector.get_columns(own, schema)]
                # Oracle and its like reflect ORDERS as orders, which quoted is another name.
                quote = None if connection.dialect.requires_name_normalize else True
                return Described.of((name, schema, own), columns, _key(inspector, schema, own), quote=quote)
        return None

    def names(self, connection: sa.Connection) -> list[str]:
        """All relations of the default schema."""
        inspector = sa.inspect(connection)
        return sorted({*inspector.get_table_names(), *inspector.get_view_names()})

    def value(self, described: Described, column: str) -> sa.ColumnElement[Any]:
        """How a column is selected: as the driver has it, without what SQLAlchemy makes of it."""
        return sa.type_coerce(described.table.c[column], sa.types.NullType())

    def values(self, given: Sequence[Any], form: pa.DataType) -> pa.Array:
        """What the driver handed over as the type. Raises `Misfit`."""
        return as_text(given) if form == TEXT else as_declared(given, form)

    def changed(self, described: Described, column: str, since: datetime) -> Condition | None:
        """What holds for all rows that changed since (in UTC), and for few others; None where the database cannot tell."""
        own, form = described.table.c[column], described.forms[column]
        if not (pa.types.is_timestamp(form) or pa.types.is_date(form)):
            return None
        bound = since - MARGIN
        if form != UTC_INSTANT:
            bound = bound.replace(tzinfo=None)
        return sa.or_(own >= (bound.date() if pa.types.is_date(form) else bound), own.is_(None))

    def unwhole(self, described: Described, column: str) -> Condition:
        """What holds for all rows in which a part of the key is null or blank."""
        own = described.table.c[column]
        return (
            sa.or_(own.is_(None), sa.func.trim(own) == "")
            if self._is_text(described, column)
            else own.is_(None)
        )

    def among(self, described: Described, column: str, texts: list[str]) -> Condition | None:
        """What holds for all rows whose trimmed text is one of these; None where the database cannot tell."""
        if not pa.types.is_integer(described.forms[column]):
            return None
        return described.table.c[column].in_(whole_numbers(texts))

    def summary(self, connection: sa.Connection, described: Described, chosen: Selection) -> Summary | None:  # noqa: ARG002
        """What the relation amounts to where the database can count it exactly, else None."""
        return None

    def reason(self, error: BaseException) -> str:
        """Why it failed, in words that hold neither user nor password; empty where only the driver knows."""
        del error
        return ""

    @staticmethod
    def _is_text(described: Described, column: str) -> bool:
        return described.relation.columns[column].kind == "text"

    @staticmethod
    def _has(inspector: sa.Inspector, schema: str | None, own: str) -> bool:
        if schema is not None and schema not in inspector.get_schema_names():
            return False
        return own in {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}


def _key(inspector: sa.Inspector, schema: str | None, own: str) -> list[str]:
    # Some dialects know no keys, or none of views.
    with suppress(NotImplementedError, sa.exc.NoSuchTableError):
        return inspector.get_pk_constraint(own, schema)["constrained_columns"]
    return []


def spellings(name: str) -> Iterable[tuple[str | None, str]]:
    """What a name may mean: a relation of the default schema, or `schema.relation` at each of its dots."""
    yield None, name
    parts = name.split(".")
    for cut in range(1, len(parts)):
        schema, own = ".".join(parts[:cut]), ".".join(parts[cut:])
        if schema and own:
            yield schema, own


def whole_numbers(texts: Iterable[str]) -> list[int]:
    """Those that are whole numbers of 64 bits, signed or not, which is what drivers can bind."""
    numbers = (int(text) for text in texts if WHOLE.fullmatch(text))
    return [number for number in numbers if -(2**63) <= number < 2**64]
