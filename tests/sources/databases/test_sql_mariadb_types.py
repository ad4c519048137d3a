from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.sources.databases.sql import SqlDatabase

from .shops import rows_of

PER_EXAMPLE = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def naive(*parts):
    """An instant without a zone, as DATETIME has it."""
    return datetime(*parts)  # noqa: DTZ001 - that is the point


# Declared type, what is written into the statement, what comes out, its type there and its kind.
TYPES = [
    ("TINYINT", "-128", -128, pl.Int64(), "number"),
    ("SMALLINT UNSIGNED", "65535", 65535, pl.Int64(), "number"),
    ("INT(6) ZEROFILL", "42", 42, pl.Int64(), "number"),
    ("BIGINT", "-9223372036854775808", -(2**63), pl.Int64(), "number"),
    ("BIGINT UNSIGNED", "18446744073709551615", 2**64 - 1, pl.UInt64(), "number"),
    ("DECIMAL(12,4)", "-1234.5", Decimal("-1234.5000"), pl.Decimal(12, 4), "number"),
    (
        "DECIMAL(38,10)",
        "9999999999999999999999999999.0000000001",
        Decimal("9999999999999999999999999999.0000000001"),
        pl.Decimal(38, 10),
        "number",
    ),
    ("DECIMAL(65,30)", "1.5", f"1.5{'0' * 29}", pl.String(), "number"),
    ("FLOAT", "16777217", 16777216.0, pl.Float32(), "number"),
    ("FLOAT", "3.1415927", 3.1415927410125732, pl.Float32(), "number"),
    ("DOUBLE", "0.1e0 + 0.2e0", 0.1 + 0.2, pl.Float64(), "number"),
    ("DOUBLE", "5e-324", 5e-324, pl.Float64(), "number"),
    ("BOOLEAN", "TRUE", True, pl.Boolean(), "flag"),
    ("BIT(1)", "b'1'", True, pl.Boolean(), "flag"),
    ("BIT(64)", "18446744073709551615", 2**64 - 1, pl.UInt64(), "number"),
    ("YEAR", "2024", 2024, pl.Int64(), "number"),
    ("DATE", "'0001-01-01'", date(1, 1, 1), pl.Date(), "day"),
    ("DATETIME", "'2024-02-29 23:59:59'", naive(2024, 2, 29, 23, 59, 59), pl.Datetime("us"), "instant"),
    (
        "DATETIME(6)",
        "'9999-12-31 23:59:59.999999'",
        naive(9999, 12, 31, 23, 59, 59, 999999),
        pl.Datetime("us"),
        "instant",
    ),
    (
        "TIMESTAMP(6) NULL",
        "'2024-07-01 00:00:00.000001'",
        datetime(2024, 7, 1, 0, 0, 0, 1, tzinfo=UTC),
        pl.Datetime("us", "UTC"),
        "instant",
    ),
    ("TIME(3)", "'-838:59:59.5'", "-838:59:59.500", pl.String(), "other"),
    ("CHAR(5)", "' ab  '", " ab", pl.String(), "text"),
    ("VARCHAR(20)", "' ab  '", " ab  ", pl.String(), "text"),
    ("VARCHAR(20) CHARACTER SET latin1", "'Zoë'", "Zoë", pl.String(), "text"),
    ("TEXT", "'🦆'", "🦆", pl.String(), "text"),
    ("ENUM('new','old')", "'old'", "old", pl.String(), "text"),
    ("SET('a','b','c')", "'c,a'", "a,c", pl.String(), "text"),
    ("JSON", "'{\"a\": [1, null]}'", '{"a": [1, null]}', pl.String(), "text"),
    (
        "UUID",
        "'AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee'",
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        pl.String(),
        "text",
    ),
    ("INET6", "'::1'", "::1", pl.String(), "other"),
    ("BLOB", "x'00FF27'", b"\x00\xff'", pl.Binary(), "other"),
    ("VARBINARY(9)", "''", b"", pl.Binary(), "other"),
]


@pytest.mark.parametrize("row", TYPES, ids=lambda row: row[0])
def test_a_value_comes_out_as_its_type_and_null_stays_null(database, row):
    declared, written, expected, kind_there, kind = row
    database.execute(
        f"CREATE TABLE t (id INT PRIMARY KEY, v {declared})",
        f"INSERT INTO t VALUES (1, {written}), (2, NULL)",  # noqa: S608 - our own
    )
    read = rows_of(database, "t")["v"]
    assert read.dtype == kind_there
    assert read.to_list() == [expected, None]
    with SqlDatabase.connect(database.address) as look:
        assert look.relation("t").columns["v"].kind == kind


def test_every_value_is_what_the_servers_own_text_says(database):
    declared = [row for row in TYPES if row[3] not in {pl.Float32(), pl.Boolean(), pl.Binary(), pl.UInt64()}]
    columns = ", ".join(f"c{number} {row[0]}" for number, row in enumerate(declared))
    database.execute(
        f"CREATE TABLE t (id INT, {columns})",
        f"INSERT INTO t VALUES (1, {', '.join(row[1] for row in declared)})",  # noqa: S608 - our own
    )
    texts = ", ".join(f"CAST(c{number} AS CHAR)" for number in range(len(declared)))
    with closing(database.server.connect(database.name)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {texts} FROM t")  # noqa: S608 - our own
        told = list(cursor.fetchone())
    read = list(rows_of(database, "t").drop("id").row(0))
    for (name, *_), text, value in zip(declared, told, read, strict=True):
        if isinstance(value, str):
            assert value == text, name
        else:
            assert _in_words(value, text) == text, name


def _in_words(value, text):
    if isinstance(value, datetime):
        digits = len(text.partition(".")[2])
        return f"{value:%Y-%m-%d %H:%M:%S}" + (f".{value.microsecond:06}"[: digits + 1] if digits else "")
    if isinstance(value, float):
        return text if float(text) == value else repr(value)
    return str(value).zfill(len(text))


def test_an_empty_text_is_not_null(database):
    database.execute("CREATE TABLE t (id INT, v VARCHAR(9))", "INSERT INTO t VALUES (1, ''), (2, NULL)")
    assert rows_of(database, "t")["v"].to_list() == ["", None]


@pytest.mark.parametrize(
    ("declared", "zero"),
    [
        ("DATETIME", "0000-00-00 00:00:00"),
        ("DATETIME(3)", "2024-00-00 00:00:00.000"),
        ("DATE", "0000-00-00"),
        ("DATE", "2024-02-31"),
        ("TIMESTAMP NULL", "0000-00-00 00:00:00"),
    ],
)
def test_a_date_that_is_none_makes_its_column_text_and_nothing_is_lost(database, declared, zero):
    database.execute(f"CREATE TABLE t (id INT, v {declared}, n INT)")
    database.insert("t", [(1, "2024-05-06", 1), (2, zero, 2), (3, None, 3)])
    read = rows_of(database, "t")
    assert read["v"].dtype == pl.String
    assert read["v"].str.slice(0, 10).to_list() == ["2024-05-06", zero[:10], None]
    assert read["n"].to_list() == [1, 2, 3]


def test_a_flag_that_holds_two_makes_its_column_text(database):
    database.execute("CREATE TABLE t (id INT, v TINYINT(1))", "INSERT INTO t VALUES (1, 0), (2, 1), (3, 2)")
    assert rows_of(database, "t")["v"].to_list() == ["0", "1", "2"]


def test_a_misfit_far_down_the_table_is_found_and_other_misfits_with_it(database):
    database.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, a TINYINT(1), b DATE)",
        "INSERT INTO t SELECT seq, seq % 2, '2024-01-01' FROM seq_1_to_25000",
        "UPDATE t SET a = 7 WHERE id = 12000",
    )
    database.insert("t", [(30_000, 1, "0000-00-00")])
    read = rows_of(database, "t").sort("id")
    assert read.height == 25_001
    assert read.schema == {"id": pl.Int64(), "a": pl.String(), "b": pl.String()}
    assert read.row(11_999) == (12_000, "7", "2024-01-01")


def test_a_table_without_rows_has_its_columns_and_types(database):
    database.execute("CREATE TABLE t (id INT, d DECIMAL(9,3), b BOOLEAN, s TEXT, at TIMESTAMP NULL)")
    read = rows_of(database, "t", columns=("at", "s", "d", "b"))
    assert read.schema == {
        "at": pl.Datetime("us", "UTC"),
        "s": pl.String(),
        "d": pl.Decimal(9, 3),
        "b": pl.Boolean(),
    }
    assert read.height == 0


@PER_EXAMPLE
@given(
    values=st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9)
    )
)
def test_any_decimal_comes_out_as_it_went_in(database, values):
    database.execute("CREATE TABLE IF NOT EXISTS t (id INT, v DECIMAL(30,9))", "DELETE FROM t")
    database.insert("t", [(-1, None), *enumerate(values)])
    assert rows_of(database, "t").sort("id")["v"].to_list() == [None, *values]


@PER_EXAMPLE
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_any_double_comes_out_as_it_went_in(database, values):
    database.execute("CREATE TABLE IF NOT EXISTS t (id INT, v DOUBLE)", "DELETE FROM t")
    database.insert("t", [(-1, None), *enumerate(values)])
    assert rows_of(database, "t").sort("id")["v"].to_list() == [None, *values]


@PER_EXAMPLE
@given(
    at=st.datetimes(min_value=naive(1, 1, 1), max_value=naive(9999, 12, 31, 23, 59, 59)),
    stamp=st.datetimes(min_value=naive(1970, 1, 2), max_value=naive(2038, 1, 18)),
)
def test_any_instant_comes_out_as_it_went_in(database, at, stamp):
    database.execute(
        "CREATE TABLE IF NOT EXISTS t (id INT, n DATETIME(6), s TIMESTAMP(6) NULL)", "DELETE FROM t"
    )
    database.insert("t", [(1, at, stamp)])
    assert rows_of(database, "t").row(0) == (1, at, stamp.replace(tzinfo=UTC))


@PER_EXAMPLE
@given(value=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_out_as_it_went_in(database, value):
    database.execute("CREATE TABLE IF NOT EXISTS t (id INT, v LONGTEXT)", "DELETE FROM t")
    database.insert("t", [(1, value)])
    assert rows_of(database, "t")["v"].to_list() == [value]
