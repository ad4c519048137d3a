"""What may be read of PostgreSQL, and that nothing may be written."""

# ruff: noqa: S608 - statements for a server of the tests' own

import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Column
from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import look, written


def test_nothing_can_be_written(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int); CREATE FUNCTION add() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING id';"
                  "CREATE VIEW trap AS SELECT add() AS id")  # fmt: skip
    with (
        look(postgres) as database,
        pytest.raises(SourceError, match="cannot execute INSERT in a read-only transaction"),
    ):
        written(database, "trap")
    assert postgres.psql("SELECT count(*) FROM t") == "0\n"


def test_the_session_says_who_it_is(postgres: PostgresDatabase) -> None:
    with look(postgres):
        told = postgres.psql(
            "SELECT application_name, state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert told == "loyalty|idle in transaction\n"


@pytest.fixture
def reader(postgres: PostgresDatabase) -> str:
    name = f"reader_{postgres.name}"
    postgres.psql(
        f"CREATE ROLE {name} LOGIN PASSWORD 'r'; CREATE TABLE open (id int); CREATE TABLE shut (id int);"
        "CREATE TABLE ajar (id int PRIMARY KEY, name text, email text); INSERT INTO ajar VALUES (1, 'a', 'b');"
        f"GRANT SELECT ON open TO {name}; GRANT SELECT (id, name) ON ajar TO {name};"
        f"CREATE TABLE keyless (a int PRIMARY KEY, b int); GRANT SELECT (b) ON keyless TO {name};"
        f"CREATE SCHEMA closed; CREATE TABLE closed.t (id int); GRANT SELECT ON closed.t TO {name}"
    )
    return name


def test_what_may_not_be_read_is_not_listed_and_says_so(postgres: PostgresDatabase, reader: str) -> None:
    with look(postgres, reader, "r") as database:
        assert database.relations() == ["ajar", "keyless", "open"]
        for name in ("shut", "closed.t"):
            with pytest.raises(SourceError, match=f"{name} may not be read"):
                database.relation(name)


def test_of_a_table_that_is_granted_by_columns_these_are_shown_and_read(
    postgres: PostgresDatabase, reader: str
) -> None:
    with look(postgres, reader, "r") as database:
        relation = database.relation("ajar")
        assert relation.columns == {"id": Column("integer", "number"), "name": Column("text", "text")}
        assert relation.primary_key == ("id",)
        assert written(database, "ajar").rows() == [(1, "a")]
        assert database.relation("keyless").primary_key == ()
