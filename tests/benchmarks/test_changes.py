"""What the benchmark's nights bring: as many rows as it says, all in the month that it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loyalty_pipeline.demo import DemoCompany

MONTH, SHARE = "2026-03-01", 0.01
ADDED = ("invoices", "invoice_lines")


@pytest.fixture(scope="module")
def brought(company: DemoCompany, tmp_path_factory: pytest.TempPathFactory, run: Callable[..., str]) -> Path:
    out = tmp_path_factory.mktemp("brought")
    said = json.loads(run("changes", company.folder, out, MONTH, SHARE))
    counted = {table: added(company, out, table).height for table in ADDED}
    assert said == counted
    return out


def added(company: DemoCompany, brought: Path, table: str) -> pl.DataFrame:
    """The rows that stand behind those that were there."""
    before, after = (pl.read_parquet(folder / f"{table}.parquet") for folder in (company.folder, brought))
    assert after.head(before.height).equals(before)
    return after.slice(before.height)


def test_so_many_rows_are_added_as_were_asked_for(company: DemoCompany, brought: Path) -> None:
    rows = sum(company.tables[table] for table in ADDED)
    assert sum(added(company, brought, table).height for table in ADDED) == pytest.approx(
        SHARE * rows, rel=0.2
    )


def test_half_of_them_are_new_and_half_are_newer_versions(company: DemoCompany, brought: Path) -> None:
    lines = added(company, brought, "invoice_lines")
    before = pl.read_parquet(company.folder / "invoice_lines.parquet")
    versions = lines.join(before, on="line_id", suffix="_before")
    new = lines.join(before, on="line_id", how="anti").height + added(company, brought, "invoices").height
    assert versions.height == pytest.approx(new, rel=0.2)
    assert versions.filter(pl.col("updated_at") <= pl.col("updated_at_before")).height == 0


def test_all_of_them_are_on_invoices_of_the_month(company: DemoCompany, brought: Path) -> None:
    lines = added(company, brought, "invoice_lines")
    invoices = pl.read_parquet(brought / "invoices.parquet")
    issued = (
        lines.join(invoices, on="invoice_id")
        .select(pl.col("issued_at").dt.date().dt.month_start())
        .to_series()
    )
    assert issued.unique().cast(pl.String).to_list() == [MONTH]
    assert lines.join(invoices, on="invoice_id", how="anti").height == 0
