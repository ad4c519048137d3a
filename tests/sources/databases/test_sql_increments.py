from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.sources.databases import sql_reading
from loyalty_pipeline.sources.databases.database import Summary
from loyalty_pipeline.sources.databases.sql import SqlDatabase

from .shops import keys_of, rows_in, rows_of, selection, summary_of

PER_EXAMPLE = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def ids(frame):
    """Which rows, in order."""
    return sorted(frame["id"].to_list())


@pytest.fixture
def orders(shop):
    """Rows before, at and after noon, one that does not say when, one without a key."""
    shop.execute("CREATE TABLE orders (id VARCHAR(9), updated_at DATETIME(6), n INTEGER)")
    shop.insert(
        "orders",
        [
            ("before", "2024-05-01 11:59:59.999999", 1),
            ("at", "2024-05-01 12:00:00.000000", 2),
            ("after", "2024-05-01 12:00:00.000001", 3),
            ("unsaid", None, 4),
            (None, "2020-01-01 00:00:00", 5),
            (" ", "2020-01-01 00:00:00", 6),
            ("old", "2020-01-01 00:00:00", 7),
        ],
    )
    return shop


def numbers(shop, **asked):
    """The rows of orders that come, by their number."""
    return sorted(rows_of(shop, "orders", updated_at="updated_at", columns=("n",), **asked)["n"].to_list())


def test_since_takes_what_changed_at_it_or_after_or_does_not_say_when_or_has_no_whole_key(orders):
    assert numbers(orders, since=NOON) == [2, 3, 4, 5, 6]


def test_since_may_be_written_in_any_zone(orders):
    assert numbers(orders, since=NOON.astimezone(timezone(timedelta(hours=14)))) == [2, 3, 4, 5, 6]


def test_keys_are_taken_besides_and_none_comes_twice(orders):
    keys = pl.DataFrame({"id": ["old", "at", "gone", "old", "'; DROP TABLE orders; --"]})
    assert numbers(orders, since=NOON, keys=keys) == [2, 3, 4, 5, 6, 7]


def test_keys_alone_take_just_these(orders):
    assert numbers(orders, keys=pl.DataFrame({"id": ["old", "at", "gone"]})) == [2, 7]


def test_no_key_is_asked_for_takes_no_row(orders):
    assert numbers(orders, keys=pl.DataFrame({"id": []}, schema={"id": pl.String})) == []


def test_keys_beyond_a_statements_are_asked_for_in_several(orders, monkeypatch):
    keys = pl.DataFrame({"id": ["old", "at", "before", "gone", "after"]})
    for at_once in (1, 2, 100):
        monkeypatch.setattr(
            "loyalty_pipeline.sources.databases.sql_sqlite.SqliteDialect.keys_at_once", at_once
        )
        monkeypatch.setattr(
            "loyalty_pipeline.sources.databases.sql_mariadb.MariaDbDialect.keys_at_once", at_once
        )
        assert numbers(orders, keys=keys) == [1, 2, 3, 7]
        assert numbers(orders, since=NOON, keys=keys) == [1, 2, 3, 4, 5, 6, 7]


def test_very_many_keys_are_found_by_reading_the_relation_once(orders, monkeypatch):
    monkeypatch.setattr("loyalty_pipeline.sources.databases.sql_sqlite.SqliteDialect.keys_at_once", 1)
    monkeypatch.setattr("loyalty_pipeline.sources.databases.sql_mariadb.MariaDbDialect.keys_at_once", 1)
    monkeypatch.setattr(sql_reading, "MOST_QUESTIONS", 2)
    keys = pl.DataFrame({"id": ["old", "at", "before"]})
    with SqlDatabase.connect(orders.address) as look:
        chosen = selection(look, "orders", updated_at="updated_at", keys=keys, since=NOON)
        assert len(look._reading(chosen).questions()) == 1  # noqa: SLF001 - that it is one
    assert numbers(orders, keys=keys) == [1, 2, 7]
    assert numbers(orders, keys=keys, since=NOON) == [1, 2, 3, 4, 5, 6, 7]


def test_a_key_with_white_space_around_it_is_found_by_its_trimmed_text(shop):
    shop.execute("CREATE TABLE t (id VARCHAR(20), n INTEGER)")
    shop.insert("t", [(" a ", 1), ("\tb\n", 2), ("\u00a0c", 3), ("d", 4), ("D", 5)])
    found = rows_of(shop, "t", keys=pl.DataFrame({"id": ["a", "b", "c", "d"]}))
    assert sorted(found["n"].to_list()) == [1, 2, 3, 4]
    assert sorted(keys_of(shop, "t")["id"].to_list()) == ["D", "a", "b", "c", "d"]


def test_a_key_of_several_columns_is_found_as_a_whole(shop):
    shop.execute(
        "CREATE TABLE rates (day DATE, currency VARCHAR(3), rate INTEGER, PRIMARY KEY (day, currency))"
    )
    shop.insert(
        "rates",
        [
            ("2024-01-01", "EUR", 1),
            ("2024-01-01", "USD", 2),
            ("2024-01-02", "EUR", 3),
            ("2024-01-02", "USD", 4),
        ],
    )
    keys = pl.DataFrame({"currency": ["USD", "EUR"], "day": ["2024-01-01", "2024-01-02"]})
    found = rows_of(shop, "rates", key=("day", "currency"), keys=keys)
    assert sorted(found["rate"].to_list()) == [2, 3]


def test_a_whole_number_is_found_by_its_text_and_not_by_another_of_the_same_value(shop):
    shop.execute("CREATE TABLE t (id BIGINT PRIMARY KEY)")
    shop.insert("t", [(7,), (8,), (2**63 - 1,)])
    asked = ["7", "08", " 8", str(2**63 - 1), str(2**70), "x"]
    assert ids(rows_of(shop, "t", keys=pl.DataFrame({"id": asked}))) == [7, 2**63 - 1]


def test_without_updated_at_since_takes_every_row(orders):
    assert rows_of(orders, "orders", columns=("n",), since=NOON).height == 7


def test_keys_are_written_with_the_instant_of_the_last_change(orders):
    written = keys_of(orders, "orders", updated_at="updated_at")
    assert written.columns == ["id", "updated_at"]
    assert written["id"].to_list() == ["before", "at", "after", "unsaid", None, "", "old"]
    assert written.filter(id="after")["updated_at"].to_list() == [
        (NOON + timedelta(microseconds=1)).replace(tzinfo=None)
    ]


def test_keys_are_written_without_an_instant_where_there_is_none(shop):
    shop.execute("CREATE TABLE t (id INTEGER, n INTEGER)", "INSERT INTO t VALUES (7, 1)")
    assert keys_of(shop, "t").to_dict(as_series=False) == {"id": ["7"]}


SQLITE_FORMS = [
    "2024-05-01 12:00:00",
    "2024-05-01T12:00:00",
    "2024-05-01T12:00:00Z",
    "2024-05-01 12:00:00+00:00",
    "2024-05-02T01:00:00+13:00",
    "2024-05-01T00:00:00-12:00",
    "  2024-05-01 12:00:00.000",
    "2024-05-02",
    "01.05.2024 12:00",
    "20240501T120000",
    1_714_564_800,
    1_714_564_800_000,
    2460432.0,
    b"2024-05-01 12:00:00",
    "soon",
    "",
]


@pytest.mark.parametrize("written", SQLITE_FORMS)
@pytest.mark.parametrize("declared", ["DATETIME", "TEXT", ""])
def test_since_loses_no_row_of_sqlite_whatever_form_its_instant_has(sqlite, written, declared):
    sqlite.execute(f"CREATE TABLE t (id INTEGER, updated_at {declared})")
    sqlite.insert("t", [(1, written), (2, "2024-05-01 11:59:59"), (3, "2024-05-01T11:00:00+00:00")])
    assert ids(rows_of(sqlite, "t", updated_at="updated_at", since=NOON)) == [1]


@pytest.mark.parametrize("zero", ["0000-00-00 00:00:00", "2024-00-00 00:00:00", "2024-02-31 00:00:00"])
def test_since_takes_a_row_of_mariadb_whose_date_is_none(database, zero):
    database.execute("CREATE TABLE t (id INT, updated_at DATETIME)")
    database.insert("t", [(1, zero), (2, "2024-05-01 11:59:59"), (3, "2024-05-01 12:00:00")])
    assert ids(rows_of(database, "t", updated_at="updated_at", since=NOON)) == [1, 3]
    assert summary_of(database, "t").keys == 2


@pytest.mark.parametrize("declared", ["TIMESTAMP(6)", "DATETIME(6)", "DATE", "VARCHAR(40)"])
def test_since_reads_each_type_of_mariadb_that_says_when(database, declared):
    database.execute(f"CREATE TABLE t (id INT, updated_at {declared} NULL)")
    database.insert("t", [(1, "2024-04-30 00:00:00"), (2, "2024-05-02 00:00:00"), (3, None)])
    assert ids(rows_of(database, "t", updated_at="updated_at", since=NOON)) == [2, 3]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "B", " a", "c", "", None]),
        st.sampled_from([1, 2, None]),
        st.none() | st.datetimes(min_value=NOON.replace(tzinfo=None) - timedelta(days=40)),
    ),
    max_size=12,
)


def counted(changes):
    """What the changes amount to, in plain Python."""
    newest = {}
    for name, number, at in changes:
        if name and name.strip() and number and at:
            key = (name.strip(), number)
            newest[key] = max(at.replace(tzinfo=UTC), newest.get(key, datetime.min.replace(tzinfo=UTC)))
    since_1970 = [
        (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for at in newest.values()
    ]
    return Summary(len(newest), sum(since_1970), max(newest.values(), default=None))


@PER_EXAMPLE
@given(changes=CHANGES)
def test_a_summary_is_what_plain_python_counts(shop, changes):
    shop.execute(
        "CREATE TABLE IF NOT EXISTS t (name VARCHAR(9), number INTEGER, updated_at DATETIME(6))",
        "DELETE FROM t",
    )
    if changes:
        shop.insert("t", [(name, number, at and at.isoformat(" ")) for name, number, at in changes])
    assert summary_of(shop, "t", key=("name", "number")) == counted(changes)


def _in_words(row):
    return " ".join(map(str, row))


@PER_EXAMPLE
@given(changes=CHANGES, since=st.datetimes(min_value=NOON.replace(tzinfo=None) - timedelta(days=50)))
def test_an_increment_is_what_plain_python_takes(shop, changes, since):
    shop.execute(
        "CREATE TABLE IF NOT EXISTS t (name VARCHAR(9), number INTEGER, updated_at DATETIME(6))",
        "DELETE FROM t",
    )
    if changes:
        shop.insert("t", [(name, number, at and at.isoformat(" ")) for name, number, at in changes])
    asked = pl.DataFrame({"number": ["1"], "name": ["a"]})
    expected = [
        (name, number, at)
        for name, number, at in changes
        if at is None or at >= since or not name or number is None or (name.strip(), number) == ("a", 1)
    ]
    read = rows_of(
        shop,
        "t",
        key=("name", "number"),
        updated_at="updated_at",
        since=since.replace(tzinfo=UTC),
        keys=asked,
    )
    assert sorted(map(_in_words, read.rows())) == sorted(map(_in_words, expected))


@pytest.mark.parametrize("declared", ["INTEGER PRIMARY KEY", "INTEGER"])
def test_a_summary_knows_microseconds_and_instants_before_1970(shop, declared):
    shop.execute(f"CREATE TABLE t (id {declared}, updated_at DATETIME(6))")
    shop.insert("t", [(1, "1969-12-31 23:59:59.999999"), (2, "9999-12-31 23:59:59.999999"), (3, None)])
    newest = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert summary_of(shop, "t") == Summary(2, -1 + 253_402_300_799_999_999, newest)


def test_a_summary_of_more_microseconds_than_64_bits_hold(database):
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, updated_at DATETIME, said VARCHAR(30))",
        "INSERT INTO t SELECT seq, '9999-12-31', '9999-12-31' FROM seq_1_to_100",
    )
    assert summary_of(database, "t").microseconds == 100 * 253_402_214_400_000_000
    assert summary_of(database, "t", updated_at="said") == summary_of(database, "t")


def test_a_table_without_rows_amounts_to_nothing(shop):
    shop.execute("CREATE TABLE t (id INTEGER, updated_at DATETIME)")
    assert summary_of(shop, "t") == Summary(0, 0, None)


def test_keys_that_only_the_case_tells_apart_are_two(database):
    database.execute("CREATE TABLE t (id VARCHAR(9), updated_at DATETIME)")
    database.insert("t", [("a", "2024-01-01"), ("A", "2024-01-02"), ("é", "2024-01-01"), ("e", "2024-01-01")])
    assert summary_of(database, "t").keys == 4
    assert ids(rows_of(database, "t", keys=pl.DataFrame({"id": ["A", "e"]}))) == ["A", "e"]


def test_a_relation_without_a_key_is_read_by_its_instants_alone(orders):
    assert numbers(orders, key=(), since=NOON) == [2, 3, 4]
    assert numbers(orders, key=()) == [1, 2, 3, 4, 5, 6, 7]
    assert summary_of(orders, "orders", key=()) == Summary(0, 0, None)


def test_a_view_is_read_as_a_table_is(shop):
    shop.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n NUMERIC(10,2), updated_at DATETIME)",
        "INSERT INTO t VALUES (1, 1.5, '2024-05-02 00:00:00'), (2, 2.5, '2024-04-01 00:00:00')",
        "CREATE VIEW v AS SELECT id, n, updated_at FROM t",
    )
    with SqlDatabase.connect(shop.address) as look:
        assert look.relations() == ["t", "v"]
        assert look.relation("v").primary_key == ()
        assert look.relation("t").primary_key == ("id",)
        assert rows_in(look, "v").equals(rows_in(look, "t"))
        assert ids(rows_in(look, "v", updated_at="updated_at", since=NOON)) == [1]
    assert summary_of(shop, "v") == summary_of(shop, "t")
