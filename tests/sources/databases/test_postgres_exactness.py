"""Values of PostgreSQL that no list is long enough for, and those that have no place in their type."""

# ruff: noqa: S608 - statements for a server of the tests' own

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.sources.conversion import converted
from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import look, written


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("numeric(9,2)", ["1.50", "NaN", "-0.01"]),
        ("date", ["infinity", "2024-01-01"]),
        ("date", ["-infinity", "2024-01-01"]),
        ("date", ["0044-03-15 BC", "2024-01-01"]),
        ("date", ["10000-01-01", "2024-01-01"]),
        ("timestamp", ["infinity", "2024-01-01 00:00:00"]),
        ("timestamp", ["-infinity", "2024-01-01 00:00:00.000001"]),
        ("timestamp", ["4713-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999"]),
        ("timestamptz", ["infinity", "2024-01-01 00:00:00+00"]),
        ("timestamptz", ["-infinity", "2024-01-01 00:00:00.5+00"]),
        ("timestamptz", ["0001-12-31 00:00:00+00 BC", "10000-01-01 00:00:00+00"]),
    ],
)
def test_a_column_with_a_value_that_has_no_place_in_its_type_is_text(
    postgres: PostgresDatabase, type_: str, values: list[str]
) -> None:
    rows = ", ".join(f"({row}, '{value}', 1.5)" for row, value in enumerate(values))
    postgres.psql(
        f"SET timezone = 'UTC'; CREATE TABLE t (id int PRIMARY KEY, v {type_}, w numeric(3, 1)); INSERT INTO t VALUES {rows}"
    )
    with look(postgres) as database:
        frame = written(database, "t")
    assert frame["v"].to_list() == values
    assert frame["w"].to_list() == [Decimal("1.5")] * len(values)


def test_a_value_without_a_place_far_down_restarts_the_file(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t AS SELECT g AS id, g::numeric(9, 2) AS n, '2024-01-01'::date AS d, repeat('x', 100) AS pad"
        " FROM generate_series(1, 400000) g; INSERT INTO t VALUES (400001, 'NaN', '2024-01-01'), (400002, 1, 'infinity')"
    )
    with look(postgres) as database:
        frame = written(database, "t", ["id", "n", "d"])
    assert frame.schema == {"id": pl.Int32, "n": pl.String, "d": pl.String}
    assert frame.height == frame["id"].n_unique() == 400_002
    assert frame.rows()[-2:] == [(400_001, "NaN", "2024-01-01"), (400_002, "1.00", "infinity")]


def test_instants_as_text_are_read_as_the_instants_they_are(postgres: PostgresDatabase) -> None:
    postgres.psql(
        "CREATE TABLE t (id int, at timestamptz); INSERT INTO t VALUES (1, '2024-01-01 02:00+02'), (2, 'infinity')"
    )
    with look(postgres) as database:
        read = converted(written(database, "t")["at"], pl.Datetime("us", "UTC"))
    assert read.to_list() == [datetime(2024, 1, 1, tzinfo=UTC), None]


@pytest.mark.parametrize(
    ("type_", "dtype"), [("numeric(2,-3)", pl.Decimal(5, 0)), ("numeric(3,5)", pl.Decimal(5, 5))]
)
def test_scales_beyond_the_precision_are_exact(
    postgres: PostgresDatabase, type_: str, dtype: pl.DataType
) -> None:
    values = {"numeric(2,-3)": ["99000", "-1000"], "numeric(3,5)": ["0.00999", "-0.00001"]}[type_]
    postgres.psql(
        f"CREATE TABLE t (id int, v {type_}); INSERT INTO t VALUES (1, {values[0]}), (2, {values[1]})"
    )
    with look(postgres) as database:
        frame = written(database, "t")
    assert frame.schema["v"] == dtype
    assert frame["v"].to_list() == [Decimal(value) for value in values]


NUMERICS = st.tuples(st.integers(1, 38), st.integers(0, 38)).filter(lambda pair: pair[1] <= pair[0]).flatmap(
    lambda pair: st.tuples(
        st.just(pair), st.lists(st.integers(-(10 ** pair[0]) + 1, 10 ** pair[0] - 1).map(lambda n: Decimal(f"{n}E-{pair[1]}")), min_size=1, max_size=5)
    )
)  # fmt: skip


@given(NUMERICS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numerics_are_exact(postgres: PostgresDatabase, drawn: tuple[tuple[int, int], list[Decimal]]) -> None:
    (precision, scale), values = drawn
    rows = ", ".join(f"({row}, {value:f})" for row, value in enumerate(values))
    postgres.psql(
        f"DROP TABLE IF EXISTS t; CREATE TABLE t (id int, v numeric({precision}, {scale})); INSERT INTO t VALUES {rows}"
    )
    with look(postgres) as database:
        frame = written(database, "t")
    assert frame.schema["v"] == pl.Decimal(precision, scale)
    assert frame["v"].to_list() == values


INSTANTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))  # noqa: DTZ001
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))


@given(st.lists(st.tuples(INSTANTS, DAYS), min_size=1, max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_instants_and_days_are_exact(postgres: PostgresDatabase, drawn: list[tuple[datetime, date]]) -> None:
    rows = ", ".join(f"({row}, '{at}', '{at}+00', '{day}')" for row, (at, day) in enumerate(drawn))
    postgres.psql(
        f"DROP TABLE IF EXISTS t; CREATE TABLE t (id int, a timestamp, b timestamptz, d date); INSERT INTO t VALUES {rows}"
    )
    with look(postgres) as database:
        frame = written(database, "t")
    assert frame["a"].to_list() == [at for at, _ in drawn]
    assert frame["b"].dt.replace_time_zone(None).to_list() == [at for at, _ in drawn]
    assert frame["d"].to_list() == [day for _, day in drawn]
