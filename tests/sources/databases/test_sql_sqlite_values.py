from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.sql import SqlDatabase

from .shops import rows_of

PER_EXAMPLE = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


def column(sqlite, declared, values):
    """What comes out of a column of its own table."""
    sqlite.execute("DROP TABLE IF EXISTS t", f"CREATE TABLE t (v {declared})")
    sqlite.insert("t", [(value,) for value in values])
    return rows_of(sqlite, "t", key=("v",))["v"]


# Declared type, what is inserted, what comes out, its type there.
FITTING = [
    ("INTEGER", [1, None, -(2**63)], [1, None, -(2**63)], pl.Int64()),
    ("BIGINT", ["12"], [12], pl.Int64()),
    (
        "NUMERIC(10,2)",
        [0.1, "2.5", 3, -4.25],
        [Decimal(text) for text in ("0.10", "2.50", "3.00", "-4.25")],
        None,
    ),
    ("DECIMAL(20,4)", [1e15, "123456789012345.25"], [Decimal("1e15"), Decimal("123456789012345.25")], None),
    ("REAL", [0.1, 2, None], [0.1, 2.0, None], pl.Float64()),
    ("DOUBLE PRECISION", [5e-324], [5e-324], pl.Float64()),
    ("BOOLEAN", [0, 1, None], [False, True, None], pl.Boolean()),
    ("DATE", ["2024-02-29", None], [date(2024, 2, 29), None], pl.Date()),
    ("TEXT", ["", None, "Zoë", " a "], ["", None, "Zoë", " a "], pl.String()),
    ("VARCHAR(3)", ["longer"], ["longer"], pl.String()),
    ("BLOB", [b"\x00\xff", b"", None], [b"\x00\xff", b"", None], pl.Binary()),
]


@pytest.mark.parametrize(("declared", "given_values", "expected", "kind"), FITTING)
def test_what_fits_comes_out_as_declared(sqlite, declared, given_values, expected, kind):
    read = column(sqlite, declared, given_values)
    assert read.to_list() == expected
    assert kind is None or read.dtype == kind


MISFITS = [
    ("INTEGER", [1, 1.5], ["1", "1.5"]),
    ("INTEGER", [1, "many"], ["1", "many"]),
    ("INTEGER", ["0x1F"], ["0x1F"]),
    ("NUMERIC(10,2)", [1, 1.005], ["1", "1.005"]),
    ("NUMERIC(4,2)", [1, 100], ["1", "100"]),
    ("NUMERIC(10,2)", [0.00001], ["0.00001"]),
    ("NUMERIC(10,2)", [1, float("inf")], ["1", "inf"]),
    ("NUMERIC(10,2)", [1, "free"], ["1", "free"]),
    ("NUMERIC", [0.1, 2, 1e22], ["0.1", "2", "10000000000000000000000"]),
    ("NUMERIC(60,2)", [1.5], ["1.5"]),
    ("REAL", [0.5, "warm"], ["0.5", "warm"]),
    ("BOOLEAN", [0, 2], ["0", "2"]),
    ("BOOLEAN", [1, "true"], ["1", "true"]),
    ("DATE", ["2024-02-29", "2023-02-29"], ["2024-02-29", "2023-02-29"]),
    ("DATE", ["01/02/2024"], ["01/02/2024"]),
    ("DATETIME", ["2024-01-01 10:00:00", 1_700_000_000], ["2024-01-01 10:00:00", "1700000000"]),
    (
        "DATETIME",
        ["2024-01-01 10:00:00", "2024-01-01T10:00:00Z"],
        ["2024-01-01 10:00:00", "2024-01-01T10:00:00Z"],
    ),
    ("TIMESTAMP", ["2024-01-01 10:00:00.1234567"], ["2024-01-01 10:00:00.1234567"]),
    ("DATETIME", ["yesterday"], ["yesterday"]),
    ("TEXT", ["a", b"\x00\xff"], ["a", "X'00FF'"]),
    ("BLOB", [b"a", "text", 7], ["X'61'", "text", "7"]),
    ("", [1, 0.5, "a", b"a", None], ["1", "0.5", "a", "X'61'", None]),
    ("TIME", ["10:00:00"], ["10:00:00"]),
    ("JSON", ['{"a": 1}'], ['{"a": 1}']),
]


@pytest.mark.parametrize(("declared", "given_values", "expected"), MISFITS)
def test_a_column_in_which_a_value_does_not_fit_is_text_as_a_whole(sqlite, declared, given_values, expected):
    read = column(sqlite, declared, given_values)
    assert read.dtype == pl.String
    assert read.to_list() == expected


@pytest.mark.parametrize("form", ["2024-02-29 23:59:59.000001", "2024-02-29T23:59:59.000001"])
def test_instants_without_a_zone_come_out_as_instants(sqlite, form):
    read = column(sqlite, "DATETIME", [form, None, "2024-02-29"])
    assert read.dtype == pl.Datetime("us")
    assert [None if at is None else at.isoformat() for at in read] == [
        "2024-02-29T23:59:59.000001",
        None,
        "2024-02-29T00:00:00",
    ]


def test_kinds_follow_the_declaration(sqlite):
    sqlite.execute(
        "CREATE TABLE t (a INTEGER, b NUMERIC(10,2), c REAL, d TEXT, e DATETIME, f DATE, g BOOLEAN, h BLOB, i JSON, j,"
        " k MONEY)"
    )
    with SqlDatabase.connect(sqlite.address) as look:
        columns = look.relation("t").columns
    assert [column.kind for column in columns.values()] == [
        "number",
        "number",
        "number",
        "text",
        "instant",
        "day",
        "flag",
        "other",
        "other",
        "other",
        "number",
    ]
    assert columns["b"].type == "NUMERIC(10, 2)"


@PER_EXAMPLE
@given(
    values=st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**10), max_value=10**10, places=4)
    )
)
def test_any_decimal_of_fifteen_digits_comes_out_as_it_went_in(sqlite, values):
    # SQLite itself keeps no more digits of what is declared as a number.
    assert column(sqlite, "NUMERIC(15,4)", [None, *map(str, values)]).to_list() == [None, *values]


@PER_EXAMPLE
@given(values=st.lists(st.floats(allow_nan=False)))
def test_any_float_in_an_unbounded_number_comes_out_by_a_text_that_means_it(sqlite, values):
    read = column(sqlite, "NUMERIC", [None, *values])
    assert [float(text) for text in read.drop_nulls()] == values
    assert not read.str.contains("e").any() or read.is_empty()


@PER_EXAMPLE
@given(values=st.lists(st.datetimes()), separator=st.sampled_from(" T"))
def test_any_instant_comes_out_as_it_went_in(sqlite, values, separator):
    texts = [value.isoformat(separator) for value in values]
    assert column(sqlite, "TIMESTAMP", [None, *texts]).to_list() == [None, *values]


def test_text_that_is_no_utf_8_is_an_error_that_does_not_repeat_it(sqlite):
    sqlite.execute("CREATE TABLE t (v TEXT)", "INSERT INTO t VALUES (CAST(x'736563726574ff' AS TEXT))")
    with pytest.raises(SourceError) as failed:
        rows_of(sqlite, "t", key=("v",))
    assert str(failed.value) == f"{sqlite.address}, `t`: column `v` holds text that is not UTF-8."
