"""Servers as fixtures: started when a test first asks for them, one a worker, ended with its session."""

import os
from collections.abc import Iterator
from itertools import count

import pytest

from tests.servers.postgres import PostgresServer
from tests.servers.postgres_database import PostgresDatabase
from tests.servers.postgres_programs import PostgresMissingError

# Read when imported, and not called LOYALTY_*: the session deletes those.
ARE_REQUIRED = os.environ.get("TEST_SERVERS") == "required"
"""Whether a server that is missing is an error, as on machines that build, and not a skip."""

_numbers = count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """PostgreSQL on the loopback, with nothing in it. Whoever kills it starts it again."""
    try:
        server = PostgresServer()
    except PostgresMissingError as missing:
        if ARE_REQUIRED:
            raise
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> Iterator[PostgresDatabase]:
    """A database of the test's own, empty."""
    database = postgres_server.create_database(f"test_{next(_numbers)}")
    yield database
    postgres_server.psql(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")
