"""What a relation of PostgreSQL amounts to is what counting by hand gives."""

# ruff: noqa: DTZ001, S608 - hypothesis adds the zone; statements for a server of the tests' own

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Summary
from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import chosen, look, since, written

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
ROWS = """
INSERT INTO t VALUES (1, '2024-01-01 11:59:59.999999+00'), (2, '2024-01-01 12:00:00+00'), (3, '2024-01-01 12:00:00.000001+00'),
    (4, NULL), (5, 'infinity'), (6, '-infinity'), (7, '2000-01-01 00:00:00+00'), (NULL, '2000-01-01 00:00:00+00')
"""

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def test_a_change_that_is_no_time_is_refused_where_it_is_needed(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int PRIMARY KEY, updated_at text)")
    with look(postgres) as database:
        assert written(database, "t", updated_at="updated_at").is_empty()
        with pytest.raises(SourceError, match=r"t\.updated_at is text, expected a timestamp or a date"):
            database.summary(chosen(database, "t", updated_at="updated_at"))
        with pytest.raises(SourceError, match=r"t\.updated_at is text, expected a timestamp or a date"):
            since(database, "t", NOON)


def test_an_empty_table_amounts_to_nothing(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz)")
    with look(postgres) as database:
        assert database.summary(chosen(database, "t", updated_at="updated_at")) == Summary(0, 0, None)


def test_a_primary_key_that_differs_by_blanks_is_one_key(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (id text PRIMARY KEY, updated_at timestamptz NOT NULL);"
        "INSERT INTO t VALUES ('a', '2024-01-01 12:00:00+00'), (' a', '2024-01-01 13:00:00+00'), ('  ', '2025-01-01 12:00:00+00'), ('', now())"
    )
    with look(postgres) as database:
        told = database.summary(chosen(database, "t", updated_at="updated_at"))
    assert told == Summary(1, micros(NOON + timedelta(hours=1)), NOON + timedelta(hours=1))


def micros(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


TEXTS = st.sampled_from(["a", "b", " a", "a\u00a0", "", " ", None, "ä"])
CHANGES = st.one_of(
    st.none(), st.sampled_from(["infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "10000-01-01 00:00:00+00"]),
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), timezones=st.just(UTC)),
    st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 2), timezones=st.just(UTC)),
)  # fmt: skip
DRAWN = st.lists(st.tuples(TEXTS, st.one_of(st.none(), st.integers(0, 1)), CHANGES), max_size=12)


@given(DRAWN, st.sampled_from([("a",), ("b",), ("a", "b")]), st.sampled_from(["timestamptz", "timestamp"]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_summary_is_what_counting_by_hand_gives(
    postgres: PostgresDatabase, rows: list, key: tuple, type_: str
) -> None:
    values = ", ".join(f"({text(a)}, {text(b)}, {text(at)})" for a, b, at in rows)
    insert = f"INSERT INTO t VALUES {values}" if rows else ""
    postgres.psql(
        f"SET timezone = 'UTC'; DROP TABLE IF EXISTS t; CREATE TABLE t (a text, b int, updated_at {type_}); {insert}"
    )
    latest = defaultdict(list)
    for a, b, at in rows:
        parts = {"a": (a or "").strip() or None, "b": b}
        whole = tuple(parts[name] for name in key)
        if None not in whole and isinstance(at, datetime):
            latest[whole].append(at)
    changes = [max(instants) for instants in latest.values()]
    with look(postgres) as database:
        told = database.summary(chosen(database, "t", key=key, updated_at="updated_at"))
    assert told == Summary(len(changes), sum(map(micros, changes)), max(changes, default=None))


def text(value: object) -> str:
    return "NULL" if value is None else f"'{value}'"
