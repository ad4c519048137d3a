"""Types and tables that come with extensions, where the server has them."""

# ruff: noqa: S608 - statements for a server of the tests' own

from datetime import UTC, datetime

import pytest

from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import chosen, look, since, written


def installed(postgres: PostgresDatabase, name: str) -> PostgresDatabase:
    """The database with an extension."""
    if postgres.psql(f"SELECT count(*) FROM pg_available_extensions WHERE name = '{name}'") == "0\n":
        pytest.skip(f"this PostgreSQL comes without {name}; TEST_POSTGRES_BIN may name one that has it")
    postgres.psql(f"CREATE EXTENSION {name}")
    return postgres


def test_text_that_ignores_case_is_text_as_it_was_written(postgres: PostgresDatabase) -> None:
    installed(postgres, "citext").psql(
        "CREATE TABLE t (id citext PRIMARY KEY); INSERT INTO t VALUES ('Ab'), (' c ')"
    )
    with look(postgres) as database:
        assert database.relation("t").columns["id"].kind == "text"
        assert written(database, "t")["id"].to_list() == [" c ", "Ab"]


def test_a_type_that_nobody_knows_is_text_as_it_is_written(postgres: PostgresDatabase) -> None:
    installed(postgres, "hstore").psql(
        "CREATE TABLE t (h hstore); INSERT INTO t VALUES ('a=>1, b=>NULL'), (NULL)"
    )
    with look(postgres) as database:
        assert database.relation("t").columns["h"].kind == "other"
        assert written(database, "t")["h"].to_list() == [None, '"a"=>"1", "b"=>NULL']


def test_a_vector_is_text_as_it_is_written(postgres: PostgresDatabase) -> None:
    installed(postgres, "vector").psql("CREATE TABLE t (v vector(2)); INSERT INTO t VALUES ('[1,2.5]')")
    with look(postgres) as database:
        assert written(database, "t")["v"].to_list() == ["[1,2.5]"]


def test_a_foreign_table_is_read_and_trusted_with_no_constraint(postgres: PostgresDatabase) -> None:
    server = postgres.server
    installed(postgres, "postgres_fdw").psql(
        "CREATE TABLE here (id int, updated_at timestamptz); INSERT INTO here VALUES (1, '2024-01-01'), (NULL, NULL);"
        f"CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{server.port}', dbname '{postgres.name}');"
        "CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'owner', password '0wner''s p@ss/word');"
        "CREATE FOREIGN TABLE there (id int NOT NULL, updated_at timestamptz NOT NULL) SERVER far OPTIONS (table_name 'here')"
    )
    with look(postgres) as database:
        assert written(database, "there")["id"].to_list() == [None, 1]
        assert since(database, "there", datetime(2025, 1, 1, tzinfo=UTC), key=("id",)) == [None]
        assert database.summary(chosen(database, "there", key=("id",), updated_at="updated_at")).keys == 1
