"""What others do to PostgreSQL while it is looked at: it is of one instant, or says that it cannot be."""

# ruff: noqa: S608 - statements for a server of the tests' own

from pathlib import Path

import pytest

from loyalty_pipeline.faults import SourceError
from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import chosen, look, written


def test_all_tables_are_of_one_instant_while_others_write(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)"
    )
    with look(postgres) as database, postgres.writer() as writer:
        assert written(database, "a")["id"].to_list() == [1]
        writer.execute("INSERT INTO a VALUES (2)")
        writer.execute("DELETE FROM b")
        writer.execute("INSERT INTO b VALUES (2)")
        writer.commit()
        assert written(database, "b")["id"].to_list() == [1]
        assert written(database, "a")["id"].to_list() == [1]
    with look(postgres) as database:
        assert written(database, "b")["id"].to_list() == [2]


def test_the_instant_is_that_of_connecting(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int)")
    with look(postgres) as database:
        postgres.psql("INSERT INTO t VALUES (1)")
        assert written(database, "t").is_empty()


def test_a_table_that_is_truncated_meanwhile_is_no_empty_table(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz); INSERT INTO t VALUES (1, now());"
        "CREATE VIEW v AS SELECT * FROM t"
    )
    with look(postgres) as database:
        table, view = (
            chosen(database, "t", updated_at="updated_at"),
            chosen(database, "v", updated_at="updated_at", key=("id",)),
        )
        assert database.summary(table).keys == 1
        # What was read holds nobody up.
        postgres.psql("SET lock_timeout = '5s'; TRUNCATE t; INSERT INTO t VALUES (2, now())")
        for selection in (table, view):
            with pytest.raises(SourceError, match="t was truncated, replaced or rewritten meanwhile"):
                database.summary(selection)
        with pytest.raises(SourceError, match="v cannot be read: t was truncated"):
            written(database, "v")


RETYPED = {
    "t": "ALTER TABLE t ALTER v TYPE timestamptz USING now()",
    "w": "DROP VIEW w; CREATE VIEW w AS SELECT 'x' || v AS v FROM s",
}
"""Rewritten, and made anew."""


@pytest.mark.parametrize("name", RETYPED)
def test_a_column_that_is_given_another_type_meanwhile_is_told(
    postgres: PostgresDatabase, tmp_path: Path, name: str
) -> None:
    postgres.psql(
        "CREATE TABLE t (v int); INSERT INTO t VALUES (1); CREATE TABLE s AS TABLE t; CREATE VIEW w AS TABLE s"
    )
    with look(postgres) as database:
        selection = chosen(database, name)
        postgres.psql(RETYPED[name])
        with pytest.raises(SourceError, match=rf"{name} cannot be read: .* meanwhile"):
            database.write(selection, tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("swap", ["ALTER TABLE t RENAME TO old", "DROP TABLE t"])
def test_a_table_that_gives_its_name_to_another_meanwhile_is_told(
    postgres: PostgresDatabase, tmp_path: Path, swap: str
) -> None:
    postgres.psql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    with look(postgres) as database:
        selection = chosen(database, "t")
        postgres.psql(
            f"BEGIN; CREATE TABLE new (id int); INSERT INTO new VALUES (2); {swap}; ALTER TABLE new RENAME TO t; COMMIT"
        )
        with pytest.raises(
            SourceError, match=r"t cannot be read: .* was truncated, replaced or rewritten meanwhile"
        ):
            database.write(selection, tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []
