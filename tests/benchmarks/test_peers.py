"""The programs that the pipeline is measured against say the same as it does, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loyalty_pipeline.demo import DemoCompany

KEY = ["period", "period_start", "segment_by", "segment_value"]
TWO = ("churn", "mrr_growth")
ALL = (*TWO, "customer_retention", "advocacy_revenue", "cohort_retention", "clv")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def metrics(company: DemoCompany, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one night of the pipeline published."""
    data = tmp_path_factory.mktemp("data")
    settings = Settings.load(company.folder / "loyalty.toml", data_dir=data, mrr_source="invoice_lines")
    nightly(settings)
    return data / "metrics"


@pytest.fixture(scope="module")
def peers(company: DemoCompany, tmp_path_factory: pytest.TempPathFactory, run: Callable[..., str]) -> Path:
    """A folder with what each program wrote."""
    out = tmp_path_factory.mktemp("peers")
    options = ("--source", company.folder, "--as-of", company.as_of, "--out")
    for tables in ("two", "all"):
        run("duckdb_peer", *options, out / tables, "--tables", tables)
    run("pandas_peer", *options, out / "pandas")
    return out


FITTED = {"residual_margin", "clv", "clv_per_customer", "is_fit_at_edge"}
"""What models expect: no SQL fits them."""


@pytest.mark.parametrize(
    ("program", "table"), [*(("two", table) for table in TWO), *(("all", table) for table in ALL)]
)
def test_duckdb_says_what_the_pipeline_publishes(
    metrics: Path, peers: Path, program: str, table: str
) -> None:
    ours, theirs = (pl.read_parquet(folder / f"{table}.parquet") for folder in (metrics, peers / program))
    assert set(theirs.columns) == set(ours.columns) - (FITTED if table == "clv" else set())
    beside = side_by_side(ours, theirs)
    for name in theirs.columns:
        assert differing(beside, name, ours.schema[name], cents=0).rows() == [], name


@pytest.mark.parametrize("table", TWO)
def test_pandas_says_what_the_pipeline_publishes_to_a_cent(metrics: Path, peers: Path, table: str) -> None:
    ours, theirs = (pl.read_parquet(folder / f"{table}.parquet") for folder in (metrics, peers / "pandas"))
    # Invoices know neither trials nor pauses.
    assert set(ours.columns) - set(theirs.columns) <= {"trial_mrr", "paused_customers"}
    beside = side_by_side(ours, theirs)
    is_rate_of_amounts = {
        name for name, dtype in ours.schema.items() if dtype == pl.Float64 and "customer" not in name
    }
    for name in theirs.columns:
        if name not in is_rate_of_amounts:
            assert differing(beside, name, ours.schema[name], cents=1).rows() == [], name


def side_by_side(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    key = [*KEY, *(["cohort"] if "cohort" in ours.columns else [])]
    assert ours.height > 500
    assert theirs.join(ours, on=key, how="anti").rows() == [], "rows too many"
    assert ours.join(theirs, on=key, how="anti").rows() == [], "rows are missing"
    assert theirs.height == ours.height
    return ours.join(theirs.select(*key, pl.all().name.suffix("_theirs")), on=key)


def differing(beside: pl.DataFrame, name: str, dtype: pl.DataType, *, cents: int) -> pl.DataFrame:
    ours, theirs = pl.col(name), pl.col(f"{name}_theirs")
    differs = ours.ne_missing(theirs)
    if dtype == pl.Float64 or (cents and dtype.is_decimal()):
        ours, theirs = ours.cast(pl.Float64), theirs.cast(pl.Float64)
        allowed = 1e-9 * (1 + ours.abs()) if dtype == pl.Float64 else cents / 100 + 1e-9
        is_near = (ours - theirs).abs() <= allowed
        differs = (ours.is_null() != theirs.is_null()) | ~is_near.fill_null(value=True)
    return beside.filter(differs).select(*dict.fromkeys([*KEY, name, f"{name}_theirs"])).head(5)
