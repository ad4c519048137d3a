"""Nights through the real landing: what they land, compute, publish and keep."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.lake.manifest import Manifest
from loyalty_pipeline.pipeline import Night, nightly, open_lake
from loyalty_pipeline.settings import Settings
from tests.landing.company import at, customer, invoice, line
from tests.nights.rebuild import difference, metrics_in, rebuilt


def monthly_company(folder: Path) -> Path:
    """Three customers who pay for each month from March to August."""
    source = folder / "source"
    source.mkdir()
    invoices, lines = [], []
    for number in range(18):
        start = datetime(2024, 3 + number % 6, 1, tzinfo=UTC)
        paid = {"issued_at": start, "paid_at": start, "updated_at": start, "customer_id": f"c{number // 6}"}
        served = {
            "period_start": start,
            "period_end": start.replace(month=start.month + 1),
            "updated_at": start,
        }
        subscription = {"subscription_id": f"s{number // 6}"}
        invoices.append(invoice(number, **paid, **subscription))
        lines.append(line(number, **served, **subscription, invoice_id=f"i{number}"))
    write(source, "customers", [customer(number) for number in range(3)])
    write(source, "invoices", invoices)
    write(source, "invoice_lines", lines)
    return source


def write(source: Path, table: str, rows: list[dict[str, Any]]) -> None:
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(source / f"{table}.parquet")


def rewrite(source: Path, table: str, **changes: pl.Expr) -> None:
    path = source / f"{table}.parquet"
    pl.read_parquet(path).with_columns(**changes).write_parquet(path)


def of_the_night(source: Path, data: Path, as_of: date = date(2024, 9, 10)) -> Settings:
    return Settings(source=str(source), data_dir=data, as_of=as_of)


def changed(night: Night, table: str) -> list[str]:
    return [outcome.month for outcome in night.outcomes[table] if outcome.is_changed]


def recomputed(night: Night) -> list[str]:
    return [name for name, made in night.outcomes.items() if any(outcome.is_recomputed for outcome in made)]


@pytest.fixture(scope="module")
def corrected_in_june(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Night]]:
    """Nights: the first, one without news, one after a row came twice, one after a line of June was corrected."""
    folder = tmp_path_factory.mktemp("company")
    source = monthly_company(folder)
    settings = of_the_night(source, folder / "data")
    nights = [nightly(settings), nightly(settings)]
    lines = pl.read_parquet(source / "invoice_lines.parquet")
    pl.concat([lines, lines.head(1)]).write_parquet(source / "invoice_lines.parquet")
    nights.append(nightly(settings))
    is_june = pl.col("line_id") == "l3"
    later = pl.lit(datetime(2024, 9, 1, tzinfo=UTC))
    rewrite(
        source,
        "invoice_lines",
        amount=pl.when(is_june).then(pl.lit("130.00")).otherwise("amount"),
        updated_at=pl.when(is_june).then(later).otherwise("updated_at"),
    )
    return folder, [*nights, nightly(settings)]


NightsOfJune = tuple[Path, list[Night]]


def test_a_second_night_without_news_computes_nothing_and_keeps_the_snapshot(
    corrected_in_june: NightsOfJune,
) -> None:
    _, (first, second, *_) = corrected_in_june
    assert recomputed(second) == []
    assert (first.publication.is_changed, second.publication.is_changed) == (True, False)
    assert first.publication.snapshot == second.publication.snapshot
    assert second.landing.batch == ""


def test_a_row_that_comes_twice_lands_once_and_touches_nothing(corrected_in_june: NightsOfJune) -> None:
    _, (first, _, repeated, _) = corrected_in_june
    assert repeated.landing.tables["invoice_lines"].duplicates == 1
    assert repeated.landing.changed == {}
    assert recomputed(repeated) == []
    assert repeated.publication.metrics == first.publication.metrics


def test_a_corrected_line_of_june_lands_in_june_alone(corrected_in_june: NightsOfJune) -> None:
    _, nights = corrected_in_june
    assert nights[-1].landing.changed == {"invoice_lines": ["2024-06"]}
    for table in ("recurring_lines", "line_state", "customer_months"):
        assert changed(nights[-1], table) == ["2024-06"], table
    # July opens with what June closed with.
    assert set(changed(nights[-1], "mrr_growth")) >= {"2024-06", "2024-07"}
    assert changed(nights[-1], "customer_retention") == []


def test_the_lake_behind_every_kept_snapshot_is_whole(corrected_in_june: NightsOfJune) -> None:
    folder, nights = corrected_in_june
    data = folder / "data"
    history = json.loads((data / "published" / "current.json").read_text())["history"]
    shown = dict.fromkeys(night.publication.snapshot for night in reversed(nights))
    assert [entry["snapshot"] for entry in history] == list(shown)
    for entry in history:
        for store in ("lake", "landing"):
            text = (data / store / "manifests" / f"{entry[store]}.json").read_text()
            parts = [part for table in Manifest.from_json(text).tables.values() for part in table.values()]
            assert parts
            assert all((data / store / part.file).exists() for part in parts)


def test_a_source_that_was_corrected_and_one_that_was_right_publish_the_same(
    corrected_in_june: NightsOfJune, tmp_path: Path
) -> None:
    folder, nights = corrected_in_june
    fresh = nightly(of_the_night(folder / "source", tmp_path / "fresh"))
    assert nights[-1].publication.metrics == fresh.publication.metrics
    assert metrics_in(nights[-1].publication) == metrics_in(fresh.publication)


def test_late_rows_deletes_and_a_merge_that_is_taken_back_end_where_a_rebuild_does(tmp_path: Path) -> None:
    """While the as-of moves on."""
    source, data = monthly_company(tmp_path), tmp_path / "data"
    lines = pl.read_parquet(source / "invoice_lines.parquet")
    lines.filter(pl.col("line_id") != "l9").write_parquet(source / "invoice_lines.parquet")
    nightly(of_the_night(source, data, date(2024, 8, 20)))
    lines.write_parquet(source / "invoice_lines.parquet")
    into = customer(1, merged_into_customer_id="c0", updated_at=at("2024-07-01"))
    write(source, "customers", [customer(0), into, customer(2)])
    merged = nightly(of_the_night(source, data, date(2024, 8, 31)))
    assert changed(merged, "merges") == ["whole"]
    taken_back = pl.when(pl.col("customer_id") == "c1").then(pl.lit(at("2024-07-02"))).otherwise("updated_at")
    rewrite(source, "customers", merged_into_customer_id=pl.lit(None, pl.String), updated_at=taken_back)
    lines.filter(pl.col("line_id") != "l13").write_parquet(source / "invoice_lines.parquet")
    settings = of_the_night(source, data)
    nightly(settings)
    lake = open_lake(settings)
    assert lake.scan("merges").collect().is_empty()
    assert lake.landed.between("invoice_lines", "2024-04", "2024-04").keys() >= {"2024-04/000003-gone"}
    assert difference(lake, rebuilt(settings, tmp_path / "fresh")) == {}


@pytest.mark.parametrize(
    "nights", [["both"], ["new", "both"], ["new", "old"], ["old", "new"], ["old", "both"]]
)
def test_a_line_that_once_named_another_invoice_counts_once(nights: list[str], tmp_path: Path) -> None:
    """Its versions are filed with the one that counts, in whatever order they come."""
    source = monthly_company(tmp_path)
    old = line(0, invoice_id="i1", subscription_id="s0", amount="50.00", updated_at=at("2024-08-01"))
    new = line(0, invoice_id="i2", subscription_id="s0", amount="60.00", updated_at=at("2024-08-02"))
    others = pl.read_parquet(source / "invoice_lines.parquet").filter(pl.col("line_id") != "l0")
    for told in nights:
        rows = {"both": [old, new], "old": [old], "new": [new]}[told]
        said = pl.DataFrame(rows, infer_schema_length=None).select(others.columns)
        pl.concat([others, said]).write_parquet(source / "invoice_lines.parquet")
        nightly(of_the_night(source, tmp_path / "data"))
    lake = open_lake(of_the_night(source, tmp_path / "data"))
    counted = lake.scan("recurring_lines").filter(pl.col("line_id") == "l0").collect()
    assert counted["mrr"].to_list() == [Decimal(60)]
