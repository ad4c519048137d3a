import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import quote

import polars as pl
import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.sql import SqlDatabase

from .shops import rows_in, rows_of, selection

NAMES = [
    "Orders",
    "two words",
    'double " quote',
    "single ' quote",
    "back`tick",
    "semi;colon -- DROP TABLE t",
    "per%cent %s %(name)s",
    "co:lon :name",
    "quest?ion",
    "back\\slash",
    "select",
    "dot.ted.name",
    "Zoë 🦆",
    "[brackets] {braces} (round)",
]


def quoted(shop, name):
    """A name as the database's own SQL writes it."""
    return (
        '"' + name.replace('"', '""') + '"'
        if shop.address.startswith("sqlite")
        else f"`{name.replace('`', '``')}`"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_relation_and_its_columns_may_have_any_name(shop, name):
    if "🦆" in name and not shop.address.startswith("sqlite"):
        name = "Zoë"  # MariaDB's names have no characters beyond the first plane
    key, at = f"{name} k", f"{name} @"
    table, columns = quoted(shop, name), [quoted(shop, column) for column in (key, name, at)]
    shop.execute(
        f"CREATE TABLE {table} ({columns[0]} VARCHAR(9), {columns[1]} DOUBLE, {columns[2]} DATETIME)",
        f"INSERT INTO {table} VALUES ('a', 0.5, '2024-05-02 00:00:00'), ('b', 1.5, '2024-01-01 00:00:00')",  # noqa: S608
    )
    keys = pl.DataFrame({key: ["b"]})
    with SqlDatabase.connect(shop.address) as look:
        assert look.relations() == [name]
        assert list(look.relation(name).columns) == [key, name, at]
        asked = {"updated_at": at, "since": datetime(2024, 5, 1, tzinfo=UTC)}
        assert rows_in(look, name, key=(key,), **asked)[name].to_list() == [0.5]
        assert sorted(rows_in(look, name, key=(key,), keys=keys, **asked)[name].to_list()) == [0.5, 1.5]
        assert look.summary(selection(look, name, key=(key,), updated_at=at)).keys == 2


@pytest.mark.parametrize(
    "name", ["orders", "ORDERS", "", "Orders;", 'Orders"', "main.orders", ".Orders", "%"]
)
def test_a_name_is_meant_to_the_letter(shop, name):
    shop.execute("CREATE TABLE Orders (id INTEGER)")
    with SqlDatabase.connect(shop.address) as look:
        assert look.relation(name) is None


def test_a_column_that_the_relation_does_not_have_never_reaches_the_database(shop, tmp_path):
    shop.execute("CREATE TABLE t (id INTEGER)")
    with SqlDatabase.connect(shop.address) as look:
        chosen = selection(look, "t", columns=("id", "id FROM t; DROP TABLE t"))
        with pytest.raises(SourceError, match="`t` has no column `id FROM t; DROP TABLE t`"):
            look.write(chosen, tmp_path / "rows.parquet")


def test_a_relation_of_another_database_is_named_with_it(mariadb, database):
    other = f"{database.name} two.parts"
    mariadb.execute(f"CREATE DATABASE `{other}`", f"CREATE TABLE `{other}`.`t.x` (id INT)")
    try:
        mariadb.execute(f"INSERT INTO `{other}`.`t.x` VALUES (7)")  # noqa: S608 - our own
        database.execute("CREATE TABLE t (id INT)")
        with SqlDatabase.connect(database.address) as look:
            assert look.relations() == [f"{other}.t.x", "t"]
            assert rows_in(look, f"{other}.t.x")["id"].to_list() == [7]
            assert look.relation(f"{database.name}.t").columns == look.relation("t").columns
    finally:
        mariadb.execute(f"DROP DATABASE `{other}`")


def test_the_main_schema_of_sqlite_may_be_named(sqlite):
    sqlite.execute("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (7)")
    assert rows_of(sqlite, "main.t")["id"].to_list() == [7]
    assert rows_of(sqlite, "t")["id"].to_list() == [7]


def test_an_sqlite_file_may_have_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "a b#c%41ä?mode=rwc&x.db"
    with closing(sqlite3.connect(name)) as connection:
        connection.execute("CREATE TABLE t (id INTEGER)")
    with SqlDatabase.connect(f"sqlite:///{quote(name)}") as look:
        assert look.relations() == ["t"]
        assert look.place == f"sqlite:///{name}"
