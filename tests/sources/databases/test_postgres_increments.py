"""Which rows changed, which have some keys, and what a relation amounts to."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest

from loyalty_pipeline.sources.databases.postgres_session import Session
from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import chosen, look, since, written

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
ROWS = """
INSERT INTO t VALUES (1, '2024-01-01 11:59:59.999999+00'), (2, '2024-01-01 12:00:00+00'), (3, '2024-01-01 12:00:00.000001+00'),
    (4, NULL), (5, 'infinity'), (6, '-infinity'), (7, '2000-01-01 00:00:00+00'), (NULL, '2000-01-01 00:00:00+00')
"""


@pytest.mark.parametrize("type_", ["timestamptz", "timestamp"])
def test_an_increment_has_what_changed_at_or_after_and_what_does_not_say(
    postgres: PostgresDatabase, type_: str
) -> None:
    postgres.psql(f"SET timezone = 'UTC'; CREATE TABLE t (id int, updated_at {type_}); {ROWS}")
    with look(postgres) as database:
        assert since(database, "t", NOON, key=("id",)) == [None, 2, 3, 4, 5, 6]
        assert since(database, "t", NOON.replace(tzinfo=None), key=("id",)) == [None, 2, 3, 4, 5, 6]
        east = NOON.astimezone(timezone(timedelta(hours=9)))
        assert since(database, "t", east, key=("id",)) == [None, 2, 3, 4, 5, 6]


def test_a_day_of_change_is_its_midnight(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (id int, updated_at date); INSERT INTO t VALUES (1, '2024-01-01'), (2, '2024-01-02'), (3, NULL)"
    )
    with look(postgres) as database:
        assert since(database, "t", NOON, key=("id",)) == [2, 3]
        assert since(database, "t", datetime(2024, 1, 1, tzinfo=UTC), key=("id",)) == [1, 2, 3]


def test_without_a_column_of_change_every_row_is_in_the_increment(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)")
    with look(postgres) as database:
        assert written(database, "t", ["id"], key=("id",), since=NOON)["id"].to_list() == [1, 2]


def test_rows_of_some_keys_come_with_the_increment(postgres: PostgresDatabase) -> None:
    postgres.psql(f"CREATE TABLE t (id int, updated_at timestamptz); {ROWS}")
    with look(postgres) as database:
        keys = pl.DataFrame({"id": ["7", "1", "99", None, "x\0", "it's"]})
        assert since(database, "t", NOON, key=("id",), keys=keys) == [None, 1, 2, 3, 4, 5, 6, 7]
        assert written(database, "t", ["id"], key=("id",), keys=keys)["id"].to_list() == [1, 7]
        assert written(database, "t", ["id"], key=("id",), keys=keys.clear())["id"].to_list() == []


def test_composite_keys_are_compared_whole_and_trimmed(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (id int, a text, b date, c uuid); INSERT INTO t VALUES"
        "(1, E'x\\u00a0', '2024-01-01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (2, 'x', '2024-01-02', NULL),"
        "(3, 'y', '2024-01-01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')"
    )
    uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    keys = pl.DataFrame(
        {"c": [uuid, uuid, None], "a": ["x", "x", "x"], "b": ["2024-01-01", "2024-01-02", "2024-01-02"]}
    )
    with look(postgres) as database:
        assert written(database, "t", ["id"], key=("a", "b", "c"), keys=keys)["id"].to_list() == [1]


def test_many_keys_stream(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 60000) g")
    keys = pl.DataFrame({"id": [str(number) for number in range(0, 100_000, 2)]})
    with look(postgres) as database:
        assert written(database, "t", key=("id",), keys=keys)["id"].to_list() == list(range(2, 60_001, 2))


def test_an_index_serves_an_increment_where_nothing_can_be_null(
    postgres: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.psql(
        "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz NOT NULL, pad text);"
        "INSERT INTO t SELECT g, timestamptz '2024-01-01 00:00:00+00' + g * interval '1 minute', repeat('x', 100)"
        " FROM generate_series(1, 50000) g; CREATE INDEX on_change ON t (updated_at); ANALYZE t"
    )
    asked, stream = [], Session.stream

    def streaming(session: Session, statement: str, what: str) -> object:
        asked.append(statement)
        return stream(session, statement, what)

    monkeypatch.setattr(Session, "stream", streaming)
    with look(postgres) as database:
        assert len(since(database, "t", datetime(2024, 2, 4, 17, tzinfo=UTC))) == 21
    plan = postgres.psql(f"SET loyalty.since = '2024-02-04 17:00:00+00'; EXPLAIN {asked[0]}")
    assert "on_change" in plan
    assert "Seq Scan" not in plan


def test_keys_are_written_as_trimmed_text_with_their_change(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (a text, n int, updated_at timestamp, other text);"
        "INSERT INTO t VALUES (E' x\\t', 1, '2024-01-01 12:00:00', 'o'), (NULL, 2, NULL, NULL), ('', 3, '2024-01-01 12:00:00', '')"
    )
    with look(postgres) as database:
        selection = chosen(
            database, "t", key=("n", "a"), updated_at="updated_at", since=NOON + timedelta(days=9)
        )
        frame = written_keys(database, selection)
    at = NOON.replace(tzinfo=None)
    assert frame.schema == {"n": pl.String, "a": pl.String, "updated_at": pl.Datetime("us")}
    assert frame.rows() == [("1", "x", at), ("2", None, None), ("3", "", at)]


def test_keys_with_an_infinite_change_have_it_as_text(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int, updated_at timestamptz); INSERT INTO t VALUES (1, 'infinity')")
    with look(postgres) as database:
        assert written_keys(database, chosen(database, "t", key=("id",), updated_at="updated_at")).rows() == [
            ("1", "infinity")
        ]


def written_keys(database, selection) -> pl.DataFrame:
    with TemporaryDirectory() as folder:
        count = database.write_keys(selection, Path(folder) / "keys.parquet")
        frame = pl.read_parquet(Path(folder) / "keys.parquet")
    assert frame.height == count
    return frame.sort(frame.columns)


def test_a_row_that_is_stamped_first_and_committed_last_is_caught_by_an_overlap(
    postgres: PostgresDatabase,
) -> None:
    postgres.psql("CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz NOT NULL)")
    with postgres.writer() as late, postgres.writer() as early:
        late.execute("INSERT INTO t VALUES (1, '2024-01-01 10:00:00+00')")
        early.execute("INSERT INTO t VALUES (2, '2024-01-01 10:00:05+00')")
        early.commit()
        with look(postgres) as database:
            seen = written(database, "t")
            watermark = database.summary(chosen(database, "t", updated_at="updated_at")).newest
        assert seen["id"].to_list() == [2]
        late.commit()
    with look(postgres) as database:
        assert since(database, "t", watermark) == [2]
        assert since(database, "t", datetime(2024, 1, 1, 9, tzinfo=UTC)) == [1, 2]
