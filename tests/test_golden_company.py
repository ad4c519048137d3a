"""The golden company through the whole job: files in, Parquet out, every cell as it was worked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings
from tests.companies import differences
from tests.golden import company

if TYPE_CHECKING:
    from pathlib import Path

KEY = ["period", "period_start", "segment_by", "segment_value"]
IN_DUCKDB = {
    pl.Decimal(18, 2): "DECIMAL(18,2)",
    pl.Int64(): "BIGINT",
    pl.Float64(): "DOUBLE",
    pl.Date(): "DATE",
    pl.String(): "VARCHAR",
    pl.Boolean(): "BOOLEAN",
}
EACH_TABLE = pytest.mark.parametrize("table", company.EXPECTED_TABLES)


@pytest.fixture(scope="module", params=company.MRR_SOURCES)
def mrr_source(request: pytest.FixtureRequest) -> str:
    source: str = request.param
    return source


@pytest.fixture(scope="module")
def metrics(mrr_source: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of published tables after one night."""
    folder = tmp_path_factory.mktemp(mrr_source)
    (folder / "files").mkdir()
    (folder / "loyalty.toml").write_text(company.settings_toml(mrr_source))
    settings = Settings.load(folder / "loyalty.toml", data_dir=folder / "data")
    night = nightly(settings)
    assert sum(report.quarantined for report in night.landing.tables.values()) == 0
    return settings.data_dir / "metrics"


def key_of(table: str) -> list[str]:
    return [*KEY, "cohort"] if table == "cohort_retention" else KEY


@pytest.mark.slow
@EACH_TABLE
def test_every_published_cell_is_the_one_worked_by_hand(metrics: Path, mrr_source: str, table: str) -> None:
    expected = company.expected(mrr_source)[table]
    got = pl.read_parquet(metrics / f"{table}.parquet")
    # What models expect is fitted, not worked on paper.
    assert [name for name in got.columns if name in expected[0]] == list(expected[0])
    assert differences(got.to_dicts(), expected, key_of(table)) == []


@pytest.mark.slow
@EACH_TABLE
def test_duckdb_reads_the_same_numbers_as_exact_decimals(metrics: Path, mrr_source: str, table: str) -> None:
    with duckdb.connect() as connection:
        read = connection.execute(f"SELECT * FROM '{metrics / table}.parquet'")  # noqa: S608 - our own folder
        columns = {column[0]: str(column[1]) for column in read.description}
        got = [dict(zip(columns, row, strict=True)) for row in read.fetchall()]
    schema = pl.read_parquet_schema(metrics / f"{table}.parquet")
    assert columns == {name: IN_DUCKDB[dtype] for name, dtype in schema.items()}
    assert differences(got, company.expected(mrr_source)[table], key_of(table)) == []


@pytest.mark.slow
@EACH_TABLE
def test_pandas_reads_the_same_numbers(metrics: Path, mrr_source: str, table: str) -> None:
    records: list[dict[Any, Any]] = pd.read_parquet(metrics / f"{table}.parquet").to_dict("records")
    got = [{name: None if pd.isna(cell) else cell for name, cell in row.items()} for row in records]
    assert differences(got, company.expected(mrr_source)[table], key_of(table)) == []
