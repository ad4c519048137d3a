"""One look at PostgreSQL: what it finds, what it may read, and that it is of one instant."""

# ruff: noqa: S608 - statements for a server of the tests' own

from datetime import UTC, datetime

import polars as pl
import pytest

from loyalty_pipeline.faults import SourceError
from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import chosen, look, written

KINDS = """
CREATE TABLE plain (id int PRIMARY KEY, v text); INSERT INTO plain VALUES (1, 'a');
CREATE VIEW seen AS SELECT id, v || '!' AS v FROM plain;
CREATE MATERIALIZED VIEW kept AS SELECT id, v FROM plain;
CREATE TABLE parted (id int, at date, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
CREATE TABLE parted_2024 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO parted VALUES (7, '2024-05-05');
CREATE SCHEMA other; CREATE TABLE other.plain (x int); CREATE TABLE other.far (x int);
CREATE SEQUENCE counted; CREATE INDEX an_index ON plain (v);
"""


def test_tables_views_and_partitioned_tables_are_found(postgres: PostgresDatabase) -> None:
    postgres.psql(KINDS)
    with look(postgres) as database:
        assert database.relations() == ["kept", "other.far", "other.plain", "parted", "plain", "seen"]
        assert written(database, "seen").rows() == [(1, "a!")]
        assert written(database, "kept").rows() == [(1, "a")]
        assert written(database, "parted").rows() == [(7, datetime(2024, 5, 5, tzinfo=UTC).date())]
        assert written(database, "parted_2024").height == 1


def test_a_primary_key_has_its_own_order_and_a_view_has_none(postgres: PostgresDatabase) -> None:
    postgres.psql(KINDS)
    with look(postgres) as database:
        assert database.relation("parted").primary_key == ("at", "id")
        assert database.relation("seen").primary_key == ()


def test_a_name_is_looked_up_by_the_search_path_and_by_schema(postgres: PostgresDatabase) -> None:
    postgres.psql(KINDS)
    with look(postgres) as database:
        assert list(database.relation("plain").columns) == ["id", "v"]
        assert list(database.relation("public.plain").columns) == ["id", "v"]
        assert list(database.relation("other.plain").columns) == ["x"]
        assert [
            database.relation(name) for name in ("far", "Plain", "other.seen", "pg_class", "counted", "")
        ] == [None] * 6


HELL = [
    'a"b',
    "; DROP TABLE plain; --",
    "Ünï Cödé",
    "select",
    "a.b",
    "100%s $1 {0}",
    "  ",
    "x'y\\z",
    "line\nbreak",
]


@pytest.mark.parametrize("name", HELL)
def test_any_name_is_quoted(postgres: PostgresDatabase, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    postgres.psql(
        f"CREATE TABLE {quoted} ({quoted} text PRIMARY KEY, updated_at timestamptz); CREATE TABLE plain ();"
        f"INSERT INTO {quoted} VALUES (' it''s', '2024-01-01 00:00:00+00'), ('b', '2020-01-01 00:00:00+00')"
    )
    with look(postgres) as database:
        assert database.relations() == sorted([name, "plain"])
        keys = pl.DataFrame({name: ["it's", "'; DROP TABLE plain; --"]})
        options = {"updated_at": "updated_at", "since": datetime(2025, 1, 1, tzinfo=UTC), "keys": keys}
        assert written(database, name, [name], **options).rows() == [(" it's",)]
        assert database.summary(chosen(database, name, updated_at="updated_at")).keys == 2
    assert postgres.psql("SELECT count(*) FROM plain") == "0\n"


def test_a_column_that_the_relation_has_not_is_never_asked_for(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int)")
    with look(postgres) as database, pytest.raises(SourceError, match=r"t has no column id, version\(\)"):
        written(database, "t", ["version()", "id, version()"])


def test_a_failure_at_one_table_leaves_the_instant_to_the_others(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE VIEW broken AS SELECT 1 / (id - 1) AS x FROM t"
    )
    with look(postgres) as database:
        postgres.psql("INSERT INTO t VALUES (2)")
        with pytest.raises(SourceError, match="broken cannot be read: division by zero"):
            written(database, "broken")
        assert written(database, "t")["id"].to_list() == [1]


def test_a_table_that_others_inherit_from_has_no_key_of_its_own(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz NOT NULL); CREATE TABLE u () INHERITS (t);"
        "INSERT INTO t VALUES (1, '2024-01-01'); INSERT INTO u VALUES (1, '2024-01-02')"
    )
    with look(postgres) as database:
        assert database.relation("t").primary_key == ()
        assert database.summary(chosen(database, "t", key=("id",), updated_at="updated_at")).keys == 1


def test_settings_of_the_look_end_with_it(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int)")
    with look(postgres) as database:
        session = vars(database)["_session"]
        assert session.rows("SELECT current_setting('TimeZone')") == [("UTC",)]
        session.rows("ROLLBACK")
        assert session.rows("SELECT current_setting('TimeZone')") == [("America/St_Johns",)]
