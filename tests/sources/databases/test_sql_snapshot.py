import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa

from loyalty_pipeline.sources.databases.sql import SqlDatabase

from .shops import rows_in, rows_of, selection

TWO_TABLES = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, updated_at DATETIME)",
    "CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER)",
)


@pytest.fixture
def writable(shop):
    """A shop that others write to while it is read."""
    if shop.address.startswith("sqlite"):
        shop.execute("PRAGMA journal_mode = WAL")
    shop.execute(
        *TWO_TABLES,
        "INSERT INTO orders VALUES (1, '2024-01-01 00:00:00')",
        "INSERT INTO order_lines VALUES (10, 1)",
    )
    return shop


def test_all_tables_are_of_one_instant_while_others_write(writable):
    with SqlDatabase.connect(writable.address) as look:
        writable.execute(
            "INSERT INTO orders VALUES (2, '2024-01-02 00:00:00')", "INSERT INTO order_lines VALUES (20, 2)"
        )
        assert rows_in(look, "orders")["id"].to_list() == [1]
        writable.execute(
            "UPDATE order_lines SET order_id = 3",
            "DELETE FROM orders",
            "INSERT INTO orders VALUES (3, '2024-01-03 00:00:00')",
        )
        assert rows_in(look, "order_lines").rows() == [(10, 1)]
        assert rows_in(look, "orders")["id"].to_list() == [1]
        assert look.summary(selection(look, "orders", updated_at="updated_at")).keys == 1
    assert rows_of(writable, "orders")["id"].to_list() == [3]


def test_a_row_stamped_early_and_committed_late_is_in_the_next_look_with_an_overlap(database):
    database.execute(TWO_TABLES[0].replace("DATETIME", "DATETIME(6)"))
    with closing(database.server.connect(database.name)) as late, late.cursor() as cursor:
        late.begin()
        cursor.execute("INSERT INTO orders VALUES (1, '2024-05-01 12:00:00.000001')")
        database.execute("INSERT INTO orders VALUES (2, '2024-05-01 12:00:00.000002')")
        with SqlDatabase.connect(database.address) as first:
            assert rows_in(first, "orders")["id"].to_list() == [2]
            newest = first.summary(selection(first, "orders", updated_at="updated_at")).newest
            late.commit()
            assert rows_in(first, "orders")["id"].to_list() == [2]
    asked = {"updated_at": "updated_at", "since": newest - timedelta(hours=1)}
    assert rows_of(database, "orders", **asked)["id"].to_list() == [1, 2]


@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO orders VALUES (9, NULL)", "DROP TABLE orders", "CREATE TABLE mine (id INTEGER)"],
)
def test_nothing_can_be_written_to_it(writable, statement):
    with (
        SqlDatabase.connect(writable.address) as look,
        pytest.raises(sa.exc.OperationalError, match=r"(?i)read.?only"),
    ):
        look._connection.exec_driver_sql(statement)  # noqa: SLF001 - what no method offers
    assert rows_of(writable, "orders")["id"].to_list() == [1]


def test_an_sqlite_file_may_be_written_to_again_when_the_look_is_over(sqlite):
    sqlite.execute(*TWO_TABLES)
    with SqlDatabase.connect(sqlite.address) as look:
        look.relation("orders")
        with closing(sqlite3.connect(sqlite.path, timeout=0)) as writer:
            writer.execute("INSERT INTO order_lines VALUES (1, 1)")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                writer.commit()
    sqlite.execute("INSERT INTO order_lines VALUES (1, 1)")


def test_an_sqlite_file_in_wal_mode_is_left_as_it_was(sqlite):
    sqlite.execute("PRAGMA journal_mode = WAL", *TWO_TABLES)
    before = sqlite.path.read_bytes()
    rows_of(sqlite, "orders")
    assert sqlite.path.read_bytes() == before
