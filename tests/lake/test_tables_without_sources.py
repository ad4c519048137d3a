"""A source that lacks a raw table has empty metrics of it, not missing ones; they fill when it lands."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.plan import plan_of
from loyalty_pipeline.pipeline import open_lake, publish
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.companies import rows_of
from tests.metrics.lakes import lake_of, landed
from tests.oracle.whiteboard import asked, at, customer, drawn, event, paid, referral

if TYPE_CHECKING:
    from pathlib import Path

    from loyalty_pipeline.lake.plan import Plan
    from tests.companies import Raw

BARE = drawn(
    customer(),
    paid("ada", "10.00", "2024-01-10", "2024-03-10", {"total": Decimal(10)}),
    paid("bob", "5.00", "2024-01-15", "2024-02-15", {"total": Decimal(5)}),
)
AS_OF = date(2024, 3, 1)
UNFED = {name: table for name, table in tables().items() if table.needs}
DAY = "2024-01-20"
COST = {
    "cost_id": "1",
    "incurred_on": date(2024, 1, 20),
    "programme": "calls",
    "amount": Decimal(7),
    "currency": "EUR",
    "updated_at": at(DAY),
}
CONTACT = {"channel": "web", "duration_seconds": 60, "actions": 1}
REACTIONS = {"likes": 1, "shares": 0, "comments": 0, "reach": 10}
OPTIONAL: dict[str, Raw] = {
    "survey_responses": asked("ada", 9, DAY),
    "interactions": event("interactions", "ada", DAY, **CONTACT),
    "support_tickets": event("support_tickets", "ada", DAY, contacts=1),
    "loyalty_events": event("loyalty_events", "ada", DAY, kind="enrol", points=10),
    "retention_costs": {"retention_costs": [COST]},
    "referrals": referral("1", "ada", "bob", DAY),
    "advocacy_activities": event("advocacy_activities", "ada", DAY, kind="shared"),
    "social_posts": event("social_posts", "ada", DAY, kind="post", platform="x", **REACTIONS),
}
"""A row of each raw table that a metric needs."""
FILLED = {
    "survey_responses": {"nps", "csat", "ces", "advocacy_index", "emotional_loyalty"},
    "interactions": {"engagement"},
    "support_tickets": {"support_performance"},
    "loyalty_events": {"loyalty_program"},
    "retention_costs": {"retention_cost"},
    "referrals": {"referrals", "advocates"},
    "advocacy_activities": {"advocacy_adoption"},
    "social_posts": {"social_engagement"},
}
"""What each of them fills, where they land one after the other in this order."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a company that has invoices and nothing else, after its first night."""
    place = tmp_path_factory.mktemp("bare")
    landed(BARE, place)
    settings = Settings(data_dir=place, as_of=AS_OF)
    lake = open_lake(settings)
    for name in lake.tables:
        lake.compute(name)
    lake.commit()
    publish(settings, lake)
    return place


@pytest.fixture(scope="module")
def bare(folder: Path) -> dict[str, pl.DataFrame]:
    """The published tables of the first night."""
    return {name: pl.read_parquet(folder / "metrics" / f"{name}.parquet") for name in published()}


def published() -> list[str]:
    return [function.__name__ for function in PUBLISHED]


@pytest.fixture(scope="module")
def nights(folder: Path, bare: dict[str, pl.DataFrame]) -> dict[str, set[str]]:
    """Which tables have rows for the first time when a raw table lands, one in each night."""
    assert bare
    filled, full = {}, set[str]()
    for raw, row in OPTIONAL.items():
        landed(row, folder)
        lake = lake_of(folder, *UNFED, as_of=AS_OF)
        now = {name for name in UNFED if rows_of(lake, name)}
        filled[raw], full = now - full, now
    return filled


@pytest.mark.parametrize("name", UNFED)
def test_a_table_without_its_source_is_published_empty_with_all_its_columns(
    bare: dict[str, pl.DataFrame], name: str
) -> None:
    assert bare[name].is_empty()
    assert dict(bare[name].schema) == polars_schema(UNFED[name].contract)


def test_a_company_of_invoices_alone_has_all_the_tables_of_invoices(bare: dict[str, pl.DataFrame]) -> None:
    """But those that compare two periods with an opening, models of purchases, and what came half a year after a fit."""
    not_yet = {"churn_drivers", "clv_fits", "clv_backtests"}
    full = {name for name, rows in bare.items() if not rows.is_empty()}
    assert full == set(published()) - UNFED.keys() - not_yet


def test_the_lake_tells_which_tables_are_empty_for_want_of_which_source(tmp_path: Path) -> None:
    landed(BARE, tmp_path)
    assert open_lake(Settings(data_dir=tmp_path, as_of=AS_OF)).unfed == {
        name: table.needs for name, table in UNFED.items()
    }
    landed(OPTIONAL["social_posts"], tmp_path)
    unfed = open_lake(Settings(data_dir=tmp_path, as_of=AS_OF)).unfed
    assert UNFED.keys() - unfed.keys() == {"social_engagement", "advocates"}


@pytest.mark.parametrize("raw", OPTIONAL)
def test_a_table_fills_in_the_night_in_which_its_source_lands(nights: dict[str, set[str]], raw: str) -> None:
    assert nights[raw] == FILLED[raw]


def test_what_is_needed_is_a_raw_table_and_every_table_that_needs_one_can_be_fed() -> None:
    assert {name for table in UNFED.values() for name in table.needs} == OPTIONAL.keys() <= RAW_TABLES.keys()
    assert set().union(*FILLED.values()) == UNFED.keys()


@pytest.mark.parametrize("raw", ["referrals", "advocacy_activities", "social_posts"])
def test_of_several_sources_any_one_is_enough(tmp_path: Path, raw: str) -> None:
    landed(drawn(BARE, OPTIONAL[raw]), tmp_path)
    lake = lake_of(tmp_path, "advocates", as_of=AS_OF)
    assert {row["customer_id"] for row in rows_of(lake, "advocates")} == {"ada"}


def test_a_source_whose_rows_were_all_deleted_is_there_and_counts_nothing(tmp_path: Path) -> None:
    gone = drawn(asked("ada", 9, DAY))
    gone["survey_responses"][0]["deleted_at"] = at(DAY)
    landed(drawn(BARE, gone), tmp_path)
    rows = rows_of(lake_of(tmp_path, "nps", as_of=AS_OF), "nps")
    assert {(row["segment_by"], row["responses"], row["invited"], row["nps"]) for row in rows} == {
        ("all", 0, 0, None)
    }
    assert {row["period"] for row in rows} == {"month", "quarter", "year"}


NEWEST = [name for name, table in tables().items() if table.contract.is_of_newest_month]


def test_what_is_told_of_the_newest_month_keeps_one_month_wherever_the_as_of_goes(tmp_path: Path) -> None:
    assert NEWEST
    landed(BARE, tmp_path)
    for as_of, month in (("2024-01-31", "2024-01"), ("2024-03-10", "2024-03"), ("2024-02-10", "2024-02")):
        lake = lake_of(tmp_path, *NEWEST, as_of=date.fromisoformat(as_of))
        lake.commit()
        for name in NEWEST:
            assert [part[:7] for part in lake.manifest.tables[name]] == [month]
            assert {row["closes_on"] for row in rows_of(lake, name)} == {date.fromisoformat(as_of)}


def computed(folder: Path, as_of: date) -> tuple[Plan, dict[str, set[str]]]:
    """Return what was planned and what was then computed, table by table."""
    plan = plan_of(open_lake(Settings(data_dir=folder, as_of=as_of)))
    lake = open_lake(Settings(data_dir=folder, as_of=as_of))
    done = {
        name: {outcome.month for outcome in lake.compute(name) if outcome.is_recomputed}
        for name in lake.tables
    }
    lake.commit()
    return plan, {name: units for name, units in done.items() if units}


def test_a_plan_foresees_what_a_new_source_fills_and_what_a_new_month_takes_with_it(tmp_path: Path) -> None:
    landed(BARE, tmp_path)
    computed(tmp_path, date(2024, 2, 20))
    landed(OPTIONAL["interactions"], tmp_path)
    cut, next_month = date(2024, 2, 20), date(2024, 3, 2)
    for as_of, filled, newest in (
        (cut, {"2024-01", "2024-02"}, set[str]()),
        (next_month, {"2024-02", "2024-03"}, {"2024-03"}),
    ):
        plan, done = computed(tmp_path, as_of)
        assert (done["engagement"], done.get("customer_clv", set())) == (filled, newest)
        for name, units in done.items():
            assert units <= plan.tables[name].certain.keys() | plan.tables[name].possible.keys(), name
        assert plan.tables["customer_clv"].dropped == (["2024-02"] if newest else [])
        assert {name for name in UNFED if plan.tables[name].is_touched} == {"engagement"}
    assert computed(tmp_path, next_month)[1] == {}
