"""A database of a PostgreSQL server, and somebody who writes to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.servers.postgres import PostgresServer

OWNER, PASSWORD = "owner", "0wner's p@ss/word"
"""The superuser. The password needs every kind of care: quotes, and characters that an address has to escape."""


@dataclass(frozen=True)
class PostgresDatabase:
    """A database of a server."""

    server: "PostgresServer"
    name: str

    def address(self, user: str = OWNER, password: str = PASSWORD) -> str:
        """A libpq URI, with the password."""
        return self.server.address(self.name, user, password)

    def psql(self, statements: str) -> str:
        """What PostgreSQL's own client prints for some statements."""
        return self.server.psql(statements, self.name)

    @contextmanager
    def writer(self) -> Iterator["Writer"]:
        """A connection of somebody who writes."""
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - a machine without it skips

        with dbapi.connect(self.address()) as connection, connection.cursor() as cursor:
            yield Writer(connection, cursor)


@dataclass(frozen=True)
class Writer:
    """A transaction that goes on until it is committed."""

    connection: Any
    cursor: Any

    def execute(self, statement: str) -> None:
        """Run one statement."""
        self.cursor.execute(statement)

    def commit(self) -> None:
        """Let others see it."""
        self.connection.commit()
