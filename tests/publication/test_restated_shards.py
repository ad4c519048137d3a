"""Restatements of a lake in shards: the same numbers with the same causes as of one in one piece."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings
from tests.nights.test_landed_nights import monthly_company, rewrite

CORRECTED = "corrected data"


@pytest.mark.slow
def test_a_corrected_line_restates_the_same_cells_for_the_same_cause_in_any_number_of_shards(
    tmp_path: Path,
) -> None:
    source = monthly_company(tmp_path)
    folders = {shards: tmp_path / f"data {shards}" for shards in (1, 3)}
    everywhere = {
        shards: Settings(source=str(source), data_dir=folder, as_of=date(2024, 9, 10), shards=shards)
        for shards, folder in folders.items()
    }
    for settings in everywhere.values():
        nightly(settings)
    is_june = pl.col("line_id") == "l3"
    rewrite(
        source,
        "invoice_lines",
        amount=pl.when(is_june).then(pl.lit("130.00")).otherwise("amount"),
        updated_at=pl.when(is_june).then(pl.lit(datetime(2024, 9, 1, tzinfo=UTC))).otherwise("updated_at"),
    )
    found = {}
    for shards, settings in everywhere.items():
        restated = nightly(settings).publication.restated
        assert restated.count > 0
        rows = pl.read_parquet(folders[shards] / "metrics" / "restatements.parquet")
        assert rows["cause"].unique().to_list() == [CORRECTED]
        assert rows["raw_tables"].unique().to_list() == ["invoice_lines"]
        found[shards] = rows.select(
            "table", "period", "period_start", "measure", "segment_value", "old", "new"
        )
    assert found[1].equals(found[3])
