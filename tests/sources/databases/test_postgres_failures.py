"""What goes wrong at PostgreSQL is told in a sentence: the place, the relation, never a password."""

# ruff: noqa: S608 - statements for a server of the tests' own

import logging
import sys
from pathlib import Path

import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.postgres_address import address_of
from tests.servers.postgres import PostgresServer
from tests.servers.postgres_database import OWNER, PASSWORD, PostgresDatabase
from tests.sources.databases.looks import chosen, look, refusal, written

SECRET = "s3cr3t%40:x"  # noqa: S105 - made up


def test_a_server_that_is_down_is_named() -> None:
    told = refusal(f"postgresql://u:{SECRET}@127.0.0.1:1/shop")
    assert told.startswith("postgresql://127.0.0.1:1/shop: cannot be opened: Connection refused")


def test_a_host_that_does_not_exist_is_named() -> None:
    told = refusal(f"postgresql://u:{SECRET}@no-such-host.invalid/shop")
    assert told.startswith(
        "postgresql://no-such-host.invalid/shop: cannot be opened: could not translate host name"
    )


def test_a_wrong_password_is_told_without_it(postgres: PostgresDatabase) -> None:
    told = refusal(postgres.address(password="s3cr3t/'@"))  # noqa: S106 - wrong
    assert told.endswith(
        f'/{postgres.name}: cannot be opened: password authentication failed for user "owner"'
    )


def test_an_unknown_database_is_told(postgres_server: PostgresServer) -> None:
    told = refusal(postgres_server.address("no such base"))
    assert told.endswith('/no such base: cannot be opened: database "no such base" does not exist')


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:s3cr3t/x@host/db",
        "postgresql://u:123/s3cr3t@host/db",
        "postgresql://u:s3cr3t?x@host/db",
        "postgresql://u:s3cr3t?x=1@host/db",
        "postgresql://u:s3cr3t?sslmode=1@host/db",
        "postgresql://u:s3cr3t?sslmode=s3cr3t=@host/db",
        "postgresql://u:s3cr3t%zz@host/db",
        "postgresql://u:s3cr3t%4@host/db",
        "postgresql://u:s3cr3t@host:port/db",
        "postgresql://u:1@s3cr3t:x@host/db:#s3cr3t",
        "postgresql://host/db?foo=s3cr3t",
        "postgresql://host/db?s3cr3t",
        "mysql://u:s3cr3t@host/db",
        "host=h password=s3cr3t",
        "",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_not_quoted(address: str) -> None:
    told = refusal(address)
    assert "Expected postgresql://user:password@host:5432/database" in told or "cannot be opened" in told


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("postgres://u:p@db.example.com/shop", "postgresql://db.example.com/shop"),
        ("postgresql://db:5433/my%20shop?sslmode=require", "postgresql://db:5433/my shop"),
        ("postgresql://u:p@a:1,b:2/shop", "postgresql://a:1,b:2/shop"),
        ("postgresql://u@[::1]:5432/shop", "postgresql://[::1]:5432/shop"),
        ("postgresql:///shop?host=db&port=7&user=u&password=p", "postgresql://db:7/shop"),
        ("postgresql://?service=shop", "postgresql:///"),
    ],
)
def test_a_place_has_neither_user_nor_password(address: str, place: str) -> None:
    assert address_of(address).place == place
    assert "connect_timeout=10&" in address_of(address).uri
    assert "p@" not in repr(address_of(address))


def test_what_the_address_says_goes_before_what_is_usual() -> None:
    assert "connect_timeout=3&" in address_of("postgresql://h/d?connect_timeout=3").uri
    assert "connect_timeout=10" not in address_of("postgresql://h/d?connect_timeout=3").uri


def test_a_password_is_in_no_repr_and_no_log(
    postgres: PostgresDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.psql("CREATE TABLE t (id int)")
    with caplog.at_level(logging.DEBUG), look(postgres) as database:
        written(database, "t")
        shown = [
            repr(database),
            database.place,
            repr(vars(database)["_session"].address),
            repr(chosen(database, "t")),
        ]
    assert [PASSWORD in text or OWNER in text for text in [*shown, caplog.text]] == [False] * 5


def test_a_table_that_is_dropped_after_it_was_found_is_named(
    postgres: PostgresDatabase, tmp_path: Path
) -> None:
    postgres.psql("CREATE TABLE t (id int); CREATE TABLE u (id int)")
    with look(postgres) as database:
        dropped = chosen(database, "t")
        postgres.psql("SET lock_timeout = '5s'; DROP TABLE t")
        with pytest.raises(SourceError, match=r't cannot be read: relation "public.t" does not exist$'):
            database.write(dropped, tmp_path / "t.parquet")
        assert written(database, "u").is_empty()
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_is_no_longer_granted_is_named(postgres: PostgresDatabase, tmp_path: Path) -> None:
    role = f"reader_{postgres.name}"
    postgres.psql(
        f"CREATE TABLE t (id int); CREATE ROLE {role} LOGIN PASSWORD 'r'; GRANT SELECT ON t TO {role}"
    )
    with look(postgres, role, "r") as database:
        selection = chosen(database, "t")
        postgres.psql(f"REVOKE SELECT ON t FROM {role}")
        with pytest.raises(SourceError, match=r"t cannot be read: permission denied for table t$"):
            database.write(selection, tmp_path / "t.parquet")


def test_a_table_that_was_never_there_is_named(postgres: PostgresDatabase, tmp_path: Path) -> None:
    postgres.psql("CREATE TABLE t (id int)")
    with look(postgres) as database:
        selection = chosen(database, "t")
    empty = postgres.server.create_database(f"{postgres.name}_empty")
    with look(empty) as database, pytest.raises(SourceError, match="t is not there"):
        database.write(selection, tmp_path / "t.parquet")


def test_a_statement_that_takes_too_long_for_the_server_is_told(postgres: PostgresDatabase) -> None:
    role = f"hasty_{postgres.name}"
    postgres.psql(
        f"CREATE ROLE {role} LOGIN PASSWORD 'r'; ALTER ROLE {role} SET statement_timeout = '200ms';"
        "CREATE TABLE t (id int); CREATE VIEW slow AS SELECT pg_sleep(20)::text AS x;"
        f"GRANT SELECT ON t, slow TO {role}"
    )
    with look(postgres, role, "r") as database:
        with pytest.raises(
            SourceError, match=r"slow cannot be read: canceling statement due to statement timeout$"
        ):
            written(database, "slow")
        assert written(database, "t").is_empty()


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    assert "pip install 'loyalty-pipeline[postgres]'" in refusal("postgresql://127.0.0.1:1/x")
