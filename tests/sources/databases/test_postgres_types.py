"""Every type of PostgreSQL comes out as its own client prints it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.sources.conversion import converted
from loyalty_pipeline.sources.databases.database import Column
from tests.servers.postgres import PostgresDatabase
from tests.sources.databases.looks import look, written

US, UTC_US = pl.Datetime("us"), pl.Datetime("us", "UTC")
SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'so so');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN price AS numeric(10, 2);
CREATE DOMAIN list_price AS price;
CREATE DOMAIN many AS positive[];
SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET extra_float_digits = 1;
SET bytea_output = 'hex';
"""
TYPES = [
    ("smallint", "number", pl.Int16, ["-32768", "32767"]),
    ("integer", "number", pl.Int32, ["-2147483648", "2147483647"]),
    ("bigint", "number", pl.Int64, ["-9223372036854775808", "9007199254740993"]),
    ("oid", "number", pl.String, ["4294967295"]),
    ("numeric(10,2)", "number", pl.Decimal(10, 2), ["12345678.90", "-0.01"]),
    ("numeric(38,10)", "number", pl.Decimal(38, 10), ["9" * 28 + "." + "9" * 10, "-0.0000000001"]),
    ("numeric(38,0)", "number", pl.Decimal(38, 0), ["9" * 38]),
    ("numeric(39,0)", "number", pl.String, ["9" * 39]),
    ("numeric", "number", pl.String, ["1.2300", "1e-30", "9" * 60, "-0.5"]),
    ("real", "number", pl.Float32, ["0.1", "NaN", "Infinity"]),
    ("double precision", "number", pl.Float64, ["0.1", "1e308", "-Infinity", "NaN"]),
    ("money", "number", pl.String, ["12.34", "-92233720368547758.08"]),
    ("boolean", "flag", pl.Boolean, ["true", "false"]),
    ("text", "text", pl.String, ["", " a ", "Ünï\U0001f600", "NULL", '"', "\\N"]),
    ("character varying(9)", "text", pl.String, ["", "x  "]),
    ("character(5)", "text", pl.String, ["ab", "abcde"]),
    ("name", "text", pl.String, ["a name"]),
    ('"char"', "other", pl.String, ["x"]),
    ("mood", "text", pl.String, ["so so"]),
    ("uuid", "text", pl.String, ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("date", "day", pl.Date, ["0001-01-01", "9999-12-31", "2024-02-29"]),
    ("timestamp without time zone", "instant", US, ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"]),
    ("timestamp(0) without time zone", "instant", US, ["2024-01-01 00:00:00"]),
    ("timestamp with time zone", "instant", UTC_US, ["2024-03-10 07:00:00.000001+00", "2024-01-01 00:00:00+05:30"]),
    ("time without time zone", "other", pl.String, ["24:00:00", "01:02:03.000004"]),
    ("time with time zone", "other", pl.String, ["01:02:03+04:30"]),
    ("interval", "other", pl.String, ["1 mon -2 days +03:00:00.5", "-1 years"]),
    ("bytea", "other", pl.String, ["\\x00ff", "\\x"]),
    ("inet", "other", pl.String, ["192.0.2.1", "192.0.2.0/24", "::1"]),
    ("cidr", "other", pl.String, ["10.0.0.0/8"]),
    ("macaddr", "other", pl.String, ["08:00:2b:01:02:03"]),
    ("json", "other", pl.String, ['{"a":  1, "a": null}']),
    ("jsonb", "other", pl.String, ['{"a": 1.50}', "null"]),
    ("int4range", "other", pl.String, ["[1,5)", "empty", "(,)"]),
    ("tstzrange", "other", pl.String, ['["2024-01-01 00:00:00+00",infinity)']),
    ("int4multirange", "other", pl.String, ["{[1,3),[5,7)}"]),
    ("integer[]", "other", pl.String, ["{1,NULL,3}", "{}", "{{1,2},{3,4}}"]),
    ("text[]", "other", pl.String, ['{"a b",NULL,"NULL","\\"",""}']),
    ("double precision[]", "other", pl.String, ["{0.1,NaN}"]),
    ("timestamp with time zone[]", "other", pl.String, ['{"2024-01-01 00:00:00+02"}']),
    ("pair", "other", pl.String, ['(1,"a b")', "(,)"]),
    ("bit(3)", "other", pl.String, ["101"]),
    ("point", "other", pl.String, ["(0.1,2)"]),
    ("tsvector", "other", pl.String, ["'a':1 'b':2"]),
    ("pg_lsn", "other", pl.String, ["16/B374D848"]),
    ("positive", "number", pl.Int32, ["7"]),
    ("list_price", "number", pl.Decimal(10, 2), ["7.10"]),
    ("many", "other", pl.String, ["{1,2}"]),
]  # fmt: skip


def literal(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@pytest.fixture
def everything(postgres: PostgresDatabase) -> PostgresDatabase:
    columns = ", ".join(f"c{number} {type_}" for number, (type_, *_) in enumerate(TYPES))
    postgres.psql(SETUP + f"CREATE TABLE everything (id int PRIMARY KEY, {columns})")
    inserts = []
    for number, (type_, _, _, values) in enumerate(TYPES):
        inserts += [
            f"INSERT INTO everything (id, c{number}) VALUES ({number * 10 + row}, {literal(value)}::{type_})"
            for row, value in enumerate(values)
        ]
    postgres.psql(SETUP.partition("SET")[2].join(["SET", ";".join(["", *inserts])]))
    return postgres


def test_every_type_has_its_kind_and_its_name(everything: PostgresDatabase) -> None:
    with look(everything) as database:
        columns = database.relation("everything").columns
    assert {name: columns[name] for name in list(columns)[1:]} == {
        f"c{number}": Column(type_, kind) for number, (type_, kind, *_) in enumerate(TYPES)
    }


def test_every_value_is_what_the_client_prints(everything: PostgresDatabase) -> None:
    with look(everything) as database:
        frame = written(database, "everything").sort("id")
    for number, (type_, _, dtype, values) in enumerate(TYPES):
        assert frame.schema[f"c{number}"] == dtype, type_
        shown = f"c{number}::numeric" if type_ == "money" else f"c{number}"
        if type_.startswith("character("):
            shown = f"rtrim({shown})"
        printed = everything.psql(
            "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET extra_float_digits = 1;"
            f"SET bytea_output = 'hex'; SELECT {shown} FROM everything WHERE id / 10 = {number} ORDER BY id"
        ).removesuffix("\n").split("\n")  # fmt: skip
        found = frame.filter(pl.col("id") // 10 == number)[f"c{number}"]
        assert len(found) == len(values), type_
        assert [_as_printed(value, dtype) for value in found] == [_normal(text, dtype) for text in printed], type_


def _as_printed(value: object, dtype: pl.DataType) -> object:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if dtype == US else value.astimezone(UTC).isoformat(sep=" ")
    if isinstance(value, float):
        return repr(pl.Series([value], dtype=dtype)[0])
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _normal(text: str, dtype: pl.DataType) -> object:
    if dtype == pl.Boolean:
        return {"t": "True", "f": "False"}[text]
    if dtype in (pl.Float32, pl.Float64):
        return repr(pl.Series([float(text)], dtype=dtype)[0])
    return text + ":00" if dtype == UTC_US else text


def test_null_is_not_empty_text(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int, a text); INSERT INTO t VALUES (1, ''), (2, NULL), (3, 'null')")
    with look(postgres) as database:
        assert written(database, "t")["a"].to_list() == ["", None, "null"]


def test_an_empty_table_has_its_columns_and_types(postgres: PostgresDatabase) -> None:
    postgres.psql("CREATE TABLE t (id int, amount numeric(9, 3), at timestamptz, tags text[])")
    with look(postgres) as database:
        frame = written(database, "t", ["tags", "at", "amount"])
    assert frame.schema == {"tags": pl.String, "at": UTC_US, "amount": pl.Decimal(9, 3)}
    assert frame.is_empty()


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
def test_a_column_with_a_value_that_has_no_place_in_its_type_is_text(postgres: PostgresDatabase, type_: str, values: list[str]) -> None:
    rows = ", ".join(f"({row}, '{value}', 1.5)" for row, value in enumerate(values))
    postgres.psql(f"SET timezone = 'UTC'; CREATE TABLE t (id int PRIMARY KEY, v {type_}, w numeric(3, 1)); INSERT INTO t VALUES {rows}")
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
    postgres.psql("CREATE TABLE t (id int, at timestamptz); INSERT INTO t VALUES (1, '2024-01-01 02:00+02'), (2, 'infinity')")
    with look(postgres) as database:
        read = converted(written(database, "t")["at"], UTC_US)
    assert read.to_list() == [datetime(2024, 1, 1, tzinfo=UTC), None]


@pytest.mark.parametrize(("type_", "dtype"), [("numeric(2,-3)", pl.Decimal(5, 0)), ("numeric(3,5)", pl.Decimal(5, 5))])
def test_scales_beyond_the_precision_are_exact(postgres: PostgresDatabase, type_: str, dtype: pl.DataType) -> None:
    values = {"numeric(2,-3)": ["99000", "-1000"], "numeric(3,5)": ["0.00999", "-0.00001"]}[type_]
    postgres.psql(f"CREATE TABLE t (id int, v {type_}); INSERT INTO t VALUES (1, {values[0]}), (2, {values[1]})")
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
    postgres.psql(f"DROP TABLE IF EXISTS t; CREATE TABLE t (id int, v numeric({precision}, {scale})); INSERT INTO t VALUES {rows}")
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
    postgres.psql(f"DROP TABLE IF EXISTS t; CREATE TABLE t (id int, a timestamp, b timestamptz, d date); INSERT INTO t VALUES {rows}")
    with look(postgres) as database:
        frame = written(database, "t")
    assert frame["a"].to_list() == [at for at, _ in drawn]
    assert frame["b"].cast(pl.Int64).to_list() == [(at - datetime(1970, 1, 1)) // timedelta(microseconds=1) for at, _ in drawn]  # noqa: DTZ001
    assert frame["d"].to_list() == [day for _, day in drawn]
