"""Every type of PostgreSQL comes out as its own client prints it."""

# ruff: noqa: S608 - statements for a server of the tests' own

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from loyalty_pipeline.sources.databases.database import Column
from tests.servers.postgres_database import PostgresDatabase
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
        assert [_as_printed(value, dtype) for value in found] == [_normal(text, dtype) for text in printed], (
            type_
        )


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
