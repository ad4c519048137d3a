"""The demo company through the whole job, mess and all: every cell that its answer key has.

The key is counted from the simulation's own states before any raw row is written, and shares no code with the lake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from loyalty_pipeline.demo import DemoCompany, write_company
from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

KEY = ["period", "period_start", "segment_by", "segment_value"]
TABLES = ("churn", "customer_retention", "mrr_growth", "advocacy_revenue", "cohort_retention")
CUSTOMERS = {"subscription_items": 20_000, "invoice_lines": 3_000}
"""A night takes as long as there are customers: the second source has fewer."""


@pytest.fixture(scope="module", params=list(CUSTOMERS))
def mrr_source(request: pytest.FixtureRequest) -> str:
    source: str = request.param
    return source


@pytest.fixture(scope="module")
def company(mrr_source: str, tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return write_company(
        tmp_path_factory.mktemp(f"demo-{mrr_source}"), customers=CUSTOMERS[mrr_source], months=36
    )


@pytest.fixture(scope="module")
def metrics(company: DemoCompany, mrr_source: str) -> Path:
    """The folder of published tables after one night."""
    settings = Settings.load(
        company.folder / "loyalty.toml", data_dir=company.folder / "data", mrr_source=mrr_source
    )
    nightly(settings)
    return settings.data_dir / "metrics"


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_every_cell_of_the_answer_key_is_published(
    company: DemoCompany, metrics: Path, mrr_source: str, table: str
) -> None:
    expected = pl.read_parquet(company.folder / "answer_key" / mrr_source / f"{table}.parquet")
    got = pl.read_parquet(metrics / f"{table}.parquet").filter(
        pl.col("segment_by").is_in(expected["segment_by"].unique().to_list())
    )
    key = [*KEY, *(["cohort"] if "cohort" in expected.columns else [])]
    assert expected.height > 500
    assert expected.join(got, on=key, how="anti").height == 0, "rows are missing"
    assert got.join(expected, on=key, how="anti").height == 0, "there are rows too many"
    beside = expected.join(got, on=key, suffix="_got")
    for name in expected.columns:
        if name not in key:
            others = beside.filter(differs(name, expected.schema[name]))
            assert others.select(*key, name, f"{name}_got").head(5).rows() == [], name


def differs(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return whether two cells differ; rates may do so in the last digits."""
    ours, theirs = pl.col(f"{name}_got"), pl.col(name)
    if dtype != pl.Float64:
        return ours.ne_missing(theirs)
    is_near = (ours - theirs).abs() <= 1e-9 * (1 + theirs.abs())
    return ours.is_null().ne(theirs.is_null()) | ~is_near.fill_null(value=True)
