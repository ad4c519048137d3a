"""Restatements against a plain comparison of every published cell, over nights that are made up."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.periods import plus
from loyalty_pipeline.pipeline import open_lake, publish
from loyalty_pipeline.publication.causes import CAUSES
from loyalty_pipeline.publication.snapshot import Publication
from tests.nights.company import BY_SOURCE, Company, Throws
from tests.nights.policy_changes import CHANGES

Cell = tuple[Any, ...]
PUBLISHED_NAMES = [function.__name__ for function in PUBLISHED]
NO_MEASURES = {"period", "period_start", "period_end", "segment_by", "segment_value", "cohort", "closes_on"}
FURTHER = ("reason", "is_voluntary", "metric", "customer_id", "quantity")
"""Further columns of keys, in the order in which tables have them."""


def published_cells(folder: Path, as_of: date) -> dict[Cell, Any]:
    """Every number and flag of the periods that had ended by a day, by table, place and measure."""
    cells = {}
    lasting = (name for name in PUBLISHED_NAMES if not tables()[name].contract.is_of_newest_month)
    for table in lasting:
        for row in pl.read_parquet(folder / f"{table}.parquet").iter_rows(named=True):
            place, end = place_of(row)
            if end <= as_of:
                cells |= {(table, *place, name): row[name] for name in row if is_measure(name, row[name])}
    return {cell: value for cell, value in cells.items() if value is not None}


def is_measure(name: str, value: Any) -> bool:
    return name not in (*NO_MEASURES, *FURTHER) and not isinstance(value, str | date)


def further(row: dict[str, Any]) -> str | None:
    told = [
        f"{name} {str(row[name]).lower() if isinstance(row[name], bool) else row[name]}"
        for name in FURTHER
        if name in row
    ]
    return ", ".join(told) or None


def place_of(row: dict[str, Any]) -> tuple[Cell, date]:
    if "closes_on" in row:
        month = row["closes_on"].replace(day=1)
        start = month if row["closes_on"].day > 1 else plus(month, -1)
        return ("month", start, "all", "all", None, further(row)), plus(start, 1)
    segment = row.get("segment_by", "all"), row.get("segment_value", "all")
    place = (row["period"], row["period_start"], *segment, row.get("cohort"), further(row))
    return place, row["period_end"]


def told(publication: Publication) -> dict[Cell, tuple[Any, Any]]:
    rows = pl.read_parquet(publication.folder / "restatements.parquet").filter(snapshot=publication.snapshot)
    assert set(rows["cause"]) <= set(CAUSES) - {"unknown"}
    place = ["table", "period", "period_start", "segment_by", "segment_value", "cohort", "row", "measure"]
    numbers = {}
    for row in rows.iter_rows(named=True):
        before, after = row["old"], row["new"]
        if is_amount(row["table"], row["measure"]):
            before, after = row["old_amount"], row["new_amount"]
            assert row["amount_change"] == (after - before if None not in (before, after) else None)
        numbers[tuple(row[name] for name in place)] = before, after
    assert len(numbers) == rows.height == publication.restated.count
    return numbers


def is_amount(table: str, measure: str) -> bool:
    return isinstance(tables()[table].contract.columns()[measure].dtype, pl.Decimal)


def night(company: Company, folder: Path) -> Publication:
    company.land(folder)
    lake = open_lake(company.chosen(folder))
    for name in lake.tables:
        lake.compute(name)
    return publish(company.chosen(folder), lake)


# Without shrinking: an example costs seconds, and its seed is enough to repeat it.
@pytest.mark.slow
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    seed=st.integers(0, 2**16),
    source=st.sampled_from(list(BY_SOURCE)),
    history=st.lists(
        st.lists(st.sampled_from(list(CHANGES)), min_size=1, max_size=3), min_size=1, max_size=3
    ),
)
@example(
    # The first referral that ever lands gives all months of its tables rows, also those that it is not of.
    seed=163,
    source="subscription_items",
    history=[["merge", "refund"], ["arrive_stale", "join"], ["repeat", "join", "refer"]],
)
def test_restatements_are_all_cells_of_complete_periods_that_two_publications_have_otherwise(
    tmp_path_factory: pytest.TempPathFactory, seed: int, source: str, history: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("nights")
    company, dice = Company.of(seed, source), Throws(seed)
    first = night(company, folder)
    assert told(first) == {}
    before, as_of = published_cells, company.settings["as_of"]
    for changes in history:
        old = before(first.folder, as_of)
        for change in changes:
            CHANGES[change](company, dice)
        second = night(company, folder)
        new = before(second.folder, as_of)
        expected = {
            cell: (old.get(cell), new.get(cell)) for cell in old | new if old.get(cell) != new.get(cell)
        }
        assert (told(second) if second.is_changed else {}) == expected
        first, as_of = second, company.settings["as_of"]
