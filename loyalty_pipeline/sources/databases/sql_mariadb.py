"""MariaDB and MySQL: every value is taken as the text that the server sends, and read by the type that it declares."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Selection, Summary
from loyalty_pipeline.sources.databases.sql_dialect import (
    AnyDialect,
    Condition,
    Described,
    spellings,
    whole_numbers,
)
from loyalty_pipeline.sources.databases.sql_mariadb_columns import (
    described,
    readable,
    readable_relations,
    visible,
)
from loyalty_pipeline.sources.databases.sql_mariadb_expressions import (
    is_comparable,
    is_padded,
    is_temporal,
    microseconds,
    one_row_a_key,
)
from loyalty_pipeline.sources.databases.sql_mariadb_wire import encoders, from_wire, streaming_cursor
from loyalty_pipeline.sources.databases.sql_mariadb_words import NOT_THERE, reason_of
from loyalty_pipeline.sources.databases.sql_summary import since_1970

SESSION = "SET sql_mode = '', time_zone = '+00:00', net_write_timeout = 600"
"""Text that does not depend on the server, and a server that waits while rows are being written to disk."""
TIMEOUTS = {"connect_timeout": 10, "read_timeout": 3_600}
"""Seconds, where the address says nothing. Nothing comes from the server while it sums up a long table."""


class MariaDbDialect(AnyDialect):
    """MariaDB or MySQL, in one read-only transaction that sees all InnoDB tables as they were when it began.

    While it lasts, whoever would change the definition of a table that was read waits for its end.
    """

    keys_at_once = 10_000
    streams_by_option = False
    # Of MariaDB; MySQL's own expressions know all white space without being told.
    _blank_at_an_end = r"(*UCP)^\s|\s$"

    def engine(self) -> sa.Engine:
        """What opens connections through pymysql, whichever driver the address names: others change dates on the way."""
        url = self.url.set(drivername="mysql+pymysql")
        return sa.create_engine(
            url,
            hide_parameters=True,
            poolclass=sa.pool.NullPool,
            connect_args={name: value for name, value in TIMEOUTS.items() if name not in url.query}
            | {
                "charset": "utf8mb4",
                "init_command": SESSION,
                "conv": encoders(),
                "cursorclass": streaming_cursor(),
            },
        )

    def begin(self, connection: sa.Connection) -> None:
        """Begin the transaction: what is committed from now on is not seen."""
        if not getattr(connection.dialect, "is_mariadb", True):
            self._blank_at_an_end = r"^\s|\s$"
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def describe(self, connection: sa.Connection, name: str) -> Described | None:
        """The relation of that name with the columns that may be read, or None.

        A relation that the user has no right on is not listed, so the server is asked for it; it tells by its error.
        """
        for schema, own in spellings(name):
            columns = visible(connection, schema or self.url.database or "", own)
            if columns and not readable(columns):
                message = (
                    f"{self.place}: SELECT on `{name}` is not granted. Grant it to the user of the address."
                )
                raise SourceError(message)
            if columns:
                return described(connection, (name, schema, own), columns, self.url.database or "")
        for schema, own in spellings(name):
            self._ask_for(connection, schema, own)
        return None

    def names(self, connection: sa.Connection) -> list[str]:
        """All relations that may be read; those of other databases than the address's as `database.table`."""
        own = self.url.database or ""
        listed = readable_relations(connection)
        return sorted(name if schema == own else f"{schema}.{name}" for schema, name in listed)

    def value(self, described: Described, column: str) -> sa.ColumnElement[Any]:
        """How a column is selected. The server would write a FLOAT with six digits, but as a double with all."""
        own = described.table.c[column]
        return own + sa.literal_column("0e0") if described.forms[column] == pa.float32() else own

    def values(self, given: Sequence[Any], form: pa.DataType) -> pa.Array:
        """What the server sent as the type. Raises `Misfit`."""
        return from_wire(given, form)

    def changed(self, described: Described, column: str, since: datetime) -> Condition | None:
        """What holds for exactly the rows that changed since, or whose date is none, as 0000-00-00."""
        if not is_temporal(described, column):
            return None
        own = described.table.c[column]
        text = since.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
        return sa.or_(own >= sa.literal(text), microseconds(own).is_(None))

    def unwhole(self, described: Described, column: str) -> Condition:
        """What holds for all rows in which a part of the key is null or blank."""
        own = described.table.c[column]
        if not self._is_text(described, column):
            return own.is_(None)
        return sa.or_(own.is_(None), own == "", self._is_padded(own))

    def among(self, described: Described, column: str, texts: list[str]) -> Condition | None:
        """What holds for all rows whose trimmed text is one of these; None for what is no text, number or date."""
        own, kind = described.table.c[column], described.relation.columns[column].kind
        if pa.types.is_integer(described.forms[column]):
            return own.in_(whole_numbers(texts))
        if kind == "text":
            return sa.or_(own.in_(texts), self._is_padded(own))
        is_exact = pa.types.is_decimal(described.forms[column]) or is_temporal(described, column)
        return sa.cast(own, sa.CHAR()).in_(texts) if is_exact else None

    def summary(self, connection: sa.Connection, described: Described, chosen: Selection) -> Summary | None:
        """Counted by the server; None where it cannot compare the keys as text: padded ones, bytes, floats."""
        if not is_temporal(described, chosen.updated_at) or not all(
            is_comparable(described, part) for part in chosen.key
        ):
            return None
        keys = one_row_a_key(described, chosen, self._blank_at_an_end)
        counted = connection.execute(
            sa.select(
                sa.func.count(keys.c.passed),
                sa.func.sum(keys.c.passed),
                sa.func.max(keys.c.passed),
                sa.func.max(keys.c.padded),
            )
        ).one()
        count, total, newest, padded = (int(figure or 0) for figure in counted)
        return None if padded else Summary(count, total, since_1970(newest) if count else None)

    def reason(self, error: BaseException) -> str:
        """Why it failed, where the server or the driver says it with a number."""
        return reason_of(error)

    def _ask_for(self, connection: sa.Connection, schema: str | None, own: str) -> None:
        asked = sa.table(
            sa.quoted_name(own, quote=True), schema=sa.quoted_name(schema, quote=True) if schema else None
        )
        try:
            connection.execute(sa.select(sa.literal_column("1")).select_from(asked).where(sa.false()))
        except sa.exc.DBAPIError as error:
            if error.orig is None or error.orig.args[0] not in NOT_THERE:
                raise

    def _is_padded(self, own: sa.ColumnElement[Any]) -> Condition:
        return is_padded(own, self._blank_at_an_end)
