"""A database of which only SQLAlchemy knows more than its name: SQLite under another one."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Summary
from loyalty_pipeline.sources.databases.sql import SqlDatabase
from loyalty_pipeline.sources.databases.sql_types import form_of
from loyalty_pipeline.sources.databases.sql_values import (
    INSTANT,
    TEXT,
    UTC_INSTANT,
    Misfit,
    as_declared,
    as_text,
)

from .shops import SqliteShop, keys_of, rows_of, summary_of

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Strange(SQLiteDialect_pysqlite):
    """SQLite's dialect by a name that no dialect of ours has."""

    name = "strange"
    supports_statement_cache = True


registry.register("strange", __name__, "Strange")


class StrangeShop(SqliteShop):
    """A file whose address says nothing of SQLite."""

    @property
    def address(self):
        return f"strange:///{self.path}"


@pytest.fixture
def strange(tmp_path):
    """Rows before, at and after noon, and one that does not say when."""
    shop = StrangeShop(tmp_path / "shop.db")
    shop.execute(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, amount NUMERIC(10,2), updated_at DATETIME, name TEXT)"
    )
    rows = [
        (1, 0.1, "2024-05-01 11:59:59.999999", "a"),
        (2, 2.5, "2024-05-01 12:00:00.000000", ""),
        (3, 3, "2024-05-03 12:00:00.000000", None),
        (4, None, None, "d"),
    ]
    shop.insert("orders", rows)
    return shop


def test_it_is_read_with_its_declared_types(strange):
    read = rows_of(strange, "orders")
    assert read.schema == {
        "id": pl.Int64(),
        "amount": pl.Decimal(10, 2),
        "updated_at": pl.Datetime("us"),
        "name": pl.String(),
    }
    assert read["amount"].to_list() == [Decimal("0.10"), Decimal("2.50"), Decimal("3.00"), None]
    assert read["name"].to_list() == ["a", "", None, "d"]


def test_increments_keys_and_summaries(strange):
    asked = {"updated_at": "updated_at", "since": NOON}
    assert rows_of(strange, "orders", **asked)["id"].to_list() == [2, 3, 4]
    keys = pl.DataFrame({"id": ["1", "3", "9"]})
    assert sorted(rows_of(strange, "orders", keys=keys, **asked)["id"].to_list()) == [1, 2, 3, 4]
    assert rows_of(strange, "orders", keys=keys)["id"].to_list() == [1, 3]
    by_name = rows_of(strange, "orders", key=("name",), keys=pl.DataFrame({"name": ["a", "d"]}))
    assert by_name["id"].to_list() == [1, 4]
    assert keys_of(strange, "orders")["id"].to_list() == ["1", "2", "3", "4"]
    summary = summary_of(strange, "orders")
    assert summary.keys == 3
    assert summary.newest == datetime(2024, 5, 3, 12, tzinfo=UTC)
    assert summary_of(strange, "orders", key=("name",)) == Summary(
        1, 1_714_564_799_999_999, datetime(2024, 5, 1, 11, 59, 59, 999_999, tzinfo=UTC)
    )


def test_what_is_not_there_is_none_or_an_error(strange):
    with SqlDatabase.connect(strange.address) as look:
        assert look.relation("nothing") is None
        assert look.relation("no_schema.orders") is None
        assert look.relations() == ["orders"]
    with pytest.raises(SourceError, match=r"^strange:///.*: unable to open database file\.$"):
        SqlDatabase.connect("strange:////no/such/folder/shop.db")


TYPES = [
    (sa.BigInteger(), "number", pa.int64()),
    (sa.Numeric(12, 4), "number", pa.decimal128(12, 4)),
    (sa.Numeric(12), "number", pa.decimal128(12, 0)),
    (sa.Numeric(), "number", TEXT),
    (sa.Numeric(50, 4), "number", TEXT),
    (sa.Float(), "number", pa.float64()),
    (sa.DOUBLE_PRECISION(), "number", pa.float64()),
    (sa.Boolean(), "flag", pa.bool_()),
    (sa.DateTime(), "instant", INSTANT),
    (sa.TIMESTAMP(timezone=True), "instant", UTC_INSTANT),
    (sa.Date(), "day", pa.date32()),
    (sa.Time(), "other", TEXT),
    (sa.Interval(), "other", TEXT),
    (sa.Text(), "text", TEXT),
    (sa.Enum("a", "b"), "text", TEXT),
    (sa.Uuid(), "text", TEXT),
    (sa.JSON(), "other", TEXT),
    (sa.ARRAY(sa.Integer()), "other", TEXT),
    (sa.VARBINARY(9), "other", pa.binary()),
    (sa.types.NullType(), "other", TEXT),
]


@pytest.mark.parametrize(("declared", "kind", "form"), TYPES)
def test_a_reflected_type_says_what_its_column_is(declared, kind, form):
    assert form_of(declared) == (kind, form)


EAST = timezone(timedelta(hours=2))
WRITTEN = [
    (True, "true"),
    (-7, "-7"),
    (0.1, "0.1"),
    (1e-7, "0.0000001"),
    (1e16, "10000000000000000"),
    (float("nan"), "nan"),
    (Decimal("1.50"), "1.50"),
    (Decimal("1E+3"), "1000"),
    (Decimal("NaN"), "NaN"),
    (b"\x00\xff", "X'00FF'"),
    (memoryview(b"a"), "X'61'"),
    (date(2024, 1, 2), "2024-01-02"),
    (datetime(2024, 1, 2, 3, tzinfo=EAST), "2024-01-02 03:00:00+02:00"),
    (time(3, 4, 5, 6), "03:04:05.000006"),
    (timedelta(hours=-30, microseconds=1), "-29:59:59.999999"),
    (timedelta(days=2, seconds=5), "48:00:05"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ({"a": [Decimal("1.5"), "é"]}, '{"a": ["1.5", "é"]}'),
    ([1, None], "[1, null]"),
]


@pytest.mark.parametrize(("value", "text"), WRITTEN)
def test_what_a_driver_hands_over_is_written_as_text(value, text):
    assert as_text([value, None]).to_pylist() == [text, None]


FITS = [
    (UTC_INSTANT, datetime(2024, 1, 2, 3, tzinfo=EAST), datetime(2024, 1, 2, 1, tzinfo=UTC)),
    (UTC_INSTANT, "2024-01-02T03:00:00+02:00", datetime(2024, 1, 2, 1, tzinfo=UTC)),
    (pa.date32(), date(1, 1, 1), date(1, 1, 1)),
    (pa.decimal128(5, 2), Decimal("-999.99"), Decimal("-999.99")),
    (pa.binary(), memoryview(b"a"), b"a"),
    (pa.bool_(), True, True),
    (pa.float64(), 2, 2.0),
]


@pytest.mark.parametrize(("form", "value", "expected"), FITS)
def test_what_fits_is_taken(form, value, expected):
    assert as_declared([None, value], form).to_pylist() == [None, expected]


UNFIT = [
    (INSTANT, datetime(2024, 1, 2, tzinfo=EAST)),
    (UTC_INSTANT, datetime(2024, 1, 2)),  # noqa: DTZ001 - that is the point
    (UTC_INSTANT, "2024-01-02 03:00:00"),
    (INSTANT, date(2024, 1, 2)),
    (pa.date32(), datetime(2024, 1, 2, tzinfo=UTC)),
    (pa.decimal128(5, 2), Decimal(1000)),
    (pa.decimal128(5, 2), Decimal("NaN")),
    (pa.decimal128(5, 2), "1_0"),
    (pa.int64(), 2**63),
    (pa.int64(), 1.0),
    (pa.int64(), True),
    (pa.float64(), 2**53 + 1),
    (pa.float64(), Decimal("0.1")),
    (pa.bool_(), "yes"),
    (pa.binary(), "text"),
]


@pytest.mark.parametrize(("form", "value"), UNFIT)
def test_what_would_lose_something_does_not_fit(form, value):
    with pytest.raises(Misfit):
        as_declared([value, None], form)
