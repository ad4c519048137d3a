"""What stands in a published file, as those read it who know nothing of this project."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from loyalty_pipeline.catalogue import PUBLISHED as PUBLISHED_FUNCTIONS
from loyalty_pipeline.catalogue import tables
from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.publication.files import READABLE, ROW_GROUP, columns_of, parquet
from loyalty_pipeline.publication.snapshot import Publication, Publisher
from tests.lake.toy import Shops
from tests.publication.shop_window import PUBLISHED, REVENUE, window_over

NOW = pd.Timestamp("2024-05-10T03:00", tz="UTC").to_pydatetime()
READABLE_TYPES = {
    ("INT64", "None"),
    ("DOUBLE", "None"),
    ("BOOLEAN", "None"),
    ("BYTE_ARRAY", "String"),
    ("INT32", "Date"),
    ("FIXED_LEN_BYTE_ARRAY", "Decimal(precision=18, scale=2)"),
    ("INT64", "Decimal(precision=18, scale=2)"),
}
ALL = {function.__name__: tables()[function.__name__] for function in PUBLISHED_FUNCTIONS}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    shops = Shops(tmp_path_factory.mktemp("shops"))
    return Publisher(shops.root).publish(window_over(shops), PUBLISHED, NOW)


def physical_types(content: bytes, path: Path) -> set[tuple[str, str]]:
    path.write_bytes(content)
    schema = pq.ParquetFile(path).schema
    return {
        (column.physical_type, str(column.logical_type))
        for column in (schema.column(i) for i in range(len(schema)))
    }


@pytest.mark.parametrize("name", ALL)
def test_every_published_column_has_a_type_that_every_reader_takes(name: str, tmp_path: Path) -> None:
    empty = pl.DataFrame(schema=polars_schema(ALL[name].contract))
    found = physical_types(parquet(empty, ALL[name], {}), tmp_path / "t.parquet")
    instants = {t for t in found if t[1].startswith("Timestamp(isAdjustedToUTC=true, timeUnit=microseconds")}
    assert found - instants <= READABLE_TYPES


@pytest.mark.parametrize("name", ALL)
def test_a_table_without_rows_keeps_its_schema(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.parquet"
    path.write_bytes(parquet(pl.DataFrame(schema=polars_schema(ALL[name].contract)), ALL[name], {}))
    assert pl.read_parquet_schema(path) == polars_schema(ALL[name].contract)
    assert pq.read_table(path).num_rows == 0
    assert pq.read_schema(path).names == ALL[name].contract.column_names()
    assert duckdb.read_parquet(str(path)).columns == ALL[name].contract.column_names()


@pytest.mark.parametrize("name", ALL)
def test_every_published_column_says_what_it_is_and_in_which_unit(name: str) -> None:
    for column, about in columns_of(ALL[name]).items():
        assert about["description"].endswith((".", "?")), column
        if about["type"].startswith(("Int64", "Float64", "Decimal")):
            assert about["unit"], column


@pytest.mark.parametrize(
    "dtype", [pl.UInt32(), pl.Time(), pl.Duration("us"), pl.Categorical(), pl.List(pl.Int64), pl.Int128()]
)
def test_a_type_that_some_reader_lacks_is_refused(dtype: pl.DataType) -> None:
    rows = pl.DataFrame(schema={"period": dtype})
    assert dtype not in READABLE
    with pytest.raises(TypeError, match=r"churn\.period is .*, which not every reader of Parquet takes"):
        parquet(rows, ALL["churn"], {})


@pytest.mark.parametrize(
    "dtype",
    [pl.Datetime("ns", "UTC"), pl.Datetime("us"), pl.Datetime("us", "Europe/Berlin"), pl.Decimal(38, 4)],
)
def test_an_instant_is_in_utc_to_the_microsecond_and_an_amount_has_two_places(dtype: pl.DataType) -> None:
    with pytest.raises(TypeError, match=r"churn\.period is"):
        parquet(pl.DataFrame(schema={"period": dtype}), ALL["churn"], {})


def test_pages_are_snappy_and_plain_or_dictionary(published: Publication) -> None:
    group = pq.ParquetFile(published.folder / "takings.parquet").metadata.row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    assert {column.compression for column in columns} == {"SNAPPY"}
    assert {encoding for column in columns for encoding in column.encodings} <= {
        "PLAIN",
        "RLE",
        "RLE_DICTIONARY",
    }


def test_row_groups_are_of_the_size_that_duckdb_likes(tmp_path: Path) -> None:
    schema = polars_schema(ALL["clv_fits"].contract)
    rows = pl.DataFrame({"customers": range(ROW_GROUP + 5)}).select(
        pl.col("customers").cast(pl.Int64) if name == "customers" else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
    (tmp_path / "t.parquet").write_bytes(parquet(rows, ALL["clv_fits"], {}))
    metadata = pq.ParquetFile(tmp_path / "t.parquet").metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [ROW_GROUP, 5]


def test_rows_are_sorted_by_period_and_segment(published: Publication) -> None:
    rows = pl.read_parquet(published.folder / "takings.parquet").select("period_start", "segment_value")
    assert rows.rows() == sorted(rows.rows())
    assert rows.height == 5


def test_the_file_says_what_it_is_how_it_is_computed_and_under_which_version(published: Publication) -> None:
    metadata = pl.read_parquet_metadata(published.folder / "takings.parquet")
    assert metadata["loyalty.table"] == "takings"
    assert metadata["loyalty.row"] == "One row per month and shop that sold in it."
    assert r"\frac{revenue}{\sum revenue}" in metadata["loyalty.formula"]
    assert json.loads(metadata["loyalty.columns"])["revenue"] == {
        "description": "What they brought.",
        "unit": "reporting currency",
        "type": "Decimal(precision=18, scale=2)",
    }
    assert metadata["loyalty.version"]
    assert metadata["loyalty.settings"]


def test_the_manifest_counts_rows_and_bytes_and_signs_every_file(published: Publication) -> None:
    manifest = json.loads((published.folder / "manifest.json").read_text())
    assert manifest["snapshot"] == published.snapshot == published.folder.name
    files = {path.stem for path in published.folder.glob("*.parquet")}
    assert set(manifest["tables"]) == files == {*PUBLISHED, "restatements"}
    for name, told in manifest["tables"].items():
        content = (published.folder / f"{name}.parquet").read_bytes()
        assert told["sha256"] == hashlib.sha256(content).hexdigest()
        assert told["bytes"] == len(content)
        assert (
            told["rows"]
            == pl.read_parquet(published.folder / f"{name}.parquet").height
            == published.rows[name]
        )
        assert list(told["schema"]) == pl.read_parquet(published.folder / f"{name}.parquet").columns


def test_four_readers_see_the_same_sums(published: Publication) -> None:
    path = str(published.folder / "takings.parquet")
    sales, share = 5, pl.read_parquet(path)["revenue_share"].sum()
    sums = f"SELECT sum(sales), sum(revenue), sum(revenue_share) FROM '{path}'"  # noqa: S608 - a path of the test
    [(counted, paid, shared)] = duckdb.sql(sums).fetchall()
    assert (counted, paid, shared) == (sales, REVENUE, pytest.approx(share))
    frame = pd.read_parquet(path)
    assert (frame["sales"].sum(), frame["revenue"].sum()) == (sales, REVENUE)
    table = pq.read_table(path).to_pydict()
    assert (sum(table["sales"]), sum(table["revenue"], Decimal(0))) == (sales, REVENUE)
    own = pl.read_parquet(path)
    assert (own["sales"].sum(), own["revenue"].sum()) == (sales, REVENUE)


def test_readers_agree_on_instants_days_and_flags(published: Publication) -> None:
    path = str(published.folder / "takings.parquet")
    columns = ("period_start", "closes_at", "is_complete")
    ours = pl.read_parquet(path).select(columns).rows()
    table = pq.read_table(path).to_pydict()
    assert list(zip(*(table[name] for name in columns), strict=True)) == ours
    query = f"SELECT period_start, epoch_us(closes_at), is_complete FROM '{path}'"  # noqa: S608 - a path of the test
    theirs = duckdb.sql(query).fetchall()
    assert theirs == [(day, round(at.timestamp() * 1e6), flag) for day, at, flag in ours]
