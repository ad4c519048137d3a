import math
from datetime import date
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.demo import DemoCompany

from ..oracle import Policy, published
from .conftest import key_of, raw_tables

SOURCES = ["subscription_items", "invoice_lines"]
TABLES = ["churn", "customer_retention", "mrr_growth", "advocacy_revenue", "cohort_retention"]
SEGMENTS = ["all", "country", "customer_segment", "acquisition_channel", "plan"]
KEY = ["period", "period_start", "segment_by", "segment_value", "cohort"]
CENT = 0.01


def by_key(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {
        tuple(row[name] for name in KEY if name in row): row for row in rows if row["segment_by"] in SEGMENTS
    }


def differences(mine: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    def same(a: Any, b: Any) -> bool:
        if isinstance(a, float) and isinstance(b, float):
            return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
        return bool(a == b)

    return {
        name: (mine.get(name), theirs.get(name))
        for name in mine | theirs
        if not same(mine.get(name), theirs.get(name))
    }


@pytest.fixture(scope="module", params=SOURCES)
def oracle(request: pytest.FixtureRequest, small: DemoCompany) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    raw = {name: frame.to_dicts() for name, frame in raw_tables(small).items()}
    return request.param, published(raw, Policy(as_of=small.as_of, mrr_source=request.param))


@pytest.mark.parametrize("table", TABLES)
def test_the_oracle_finds_in_the_raw_rows_what_the_key_counted_without_them(
    table: str, oracle: tuple[str, dict[str, list[dict[str, Any]]]], small: DemoCompany
) -> None:
    source, tables = oracle
    mine, theirs = by_key(key_of(small, source)[table].to_dicts()), by_key(tables[table])
    assert mine.keys() == theirs.keys()
    assert {key: found for key, row in mine.items() if (found := differences(row, theirs[key]))} == {}


@pytest.mark.parametrize("source", SOURCES)
def test_movements_lead_from_the_opening_to_the_closing(source: str, clean: DemoCompany) -> None:
    growth = key_of(clean, source)["mrr_growth"]
    came = pl.sum_horizontal("opening_mrr", "fx_mrr", "new_mrr", "reactivated_mrr", "expanded_mrr")
    left = growth.select(
        came - pl.col("contracted_mrr") - pl.col("churned_mrr") - pl.col("closing_mrr")
    ).to_series()
    assert left.cast(pl.Float64).abs().max() <= 4 * CENT
    assert growth["expanded_customers"].sum() > 0
    assert growth["reactivated_customers"].sum() > 0


@pytest.mark.parametrize("source", SOURCES)
def test_an_opening_is_the_closing_of_the_period_before(source: str, clean: DemoCompany) -> None:
    growth = (
        key_of(clean, source)["mrr_growth"]
        .filter(pl.col("segment_by") == "all")
        .sort("period", "period_start")
    )
    for _, periods in growth.group_by("period"):
        assert periods["opening_mrr"][1:].to_list() == periods["closing_mrr"][:-1].to_list()
        assert periods["opening_customers"][1:].to_list() == periods["closing_customers"][:-1].to_list()


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("table", TABLES)
def test_every_segment_adds_up_to_all(table: str, source: str, clean: DemoCompany) -> None:
    rows = key_of(clean, source)[table].with_columns(pl.col(pl.Decimal).cast(pl.Float64))
    measures = [name for name in rows.columns if name.endswith(("_customers", "_mrr", "_revenue"))]
    keys = [name for name in ("period", "period_start", "cohort") if name in rows.columns]
    sums = rows.group_by(*keys, "segment_by").agg(pl.col(measures).sum())
    whole = sums.filter(pl.col("segment_by") == "all")
    joined = sums.join(whole, on=keys, suffix="_whole")
    for name in measures:
        assert joined.select((pl.col(name) - pl.col(f"{name}_whole")).abs().max()).item() <= 10 * CENT, name


def test_both_sources_of_mrr_give_one_key_but_for_trials_and_pauses(clean: DemoCompany) -> None:
    items, lines = (key_of(clean, source) for source in SOURCES)
    assert all(items[name].equals(lines[name]) for name in TABLES if name != "mrr_growth")
    only_items = ["trial_mrr", "paused_customers"]
    kept = items["mrr_growth"].join(lines["mrr_growth"], on=KEY[:4], how="semi")
    assert kept.drop(only_items).equals(lines["mrr_growth"].drop(only_items))
    assert items["mrr_growth"].select((pl.col(only_items) > 0).any()).row(0) == (True, True)
    assert lines["mrr_growth"].select((pl.col(only_items) == 0).all()).row(0) == (True, True)


def test_the_last_periods_are_cut_at_the_as_of_and_incomplete(clean: DemoCompany) -> None:
    churn = key_of(clean, "invoice_lines")["churn"].filter(pl.col("segment_by") == "all")
    last = churn.sort("period_start").group_by("period", maintain_order=True).last().sort("period")
    assert last["period_end"].to_list() == [date(2026, 11, 1), date(2027, 1, 1), date(2027, 1, 1)]
    assert churn.filter(~pl.col("is_complete")).height == 3


def test_the_company_has_every_movement_and_every_oddity_in_it(clean: DemoCompany) -> None:
    raw, key = raw_tables(clean), key_of(clean, "subscription_items")
    assert set(raw["invoices"]["status"]) == {"draft", "open", "paid", "void", "uncollectible"}
    assert set(raw["subscription_items"]["status"]) == {"trialing", "active", "past_due", "paused"}
    assert set(raw["invoices"]["currency"]) == {"EUR", "GBP", "JPY", "USD"}
    assert raw["invoice_lines"].filter("proration")["amount"].sign().n_unique() == 2
    assert raw["customers"]["merged_into_customer_id"].null_count() < raw["customers"].height
    whole = key["mrr_growth"].filter(pl.col("segment_by") == "all")
    moved = [name for name in whole.columns if name.endswith("_customers")]
    assert min(whole.select(pl.col(moved).sum()).row(0)) > 0
    assert key["customer_retention"]["transient_customers"].sum() > 0
    assert key["advocacy_revenue"]["downstream_revenue"].sum() > 0


def test_the_small_companies_have_a_late_renewal_that_only_the_grace_keeps_from_churning(
    small: DemoCompany,
) -> None:
    active = raw_tables(small)["subscription_items"].filter(pl.col("status").is_in(["active", "past_due"]))
    base = active.sort("subscription_id", "plan_id", "starts_at")
    gap = base.with_columns(resumes=pl.col("starts_at").shift(-1).over("subscription_id", "plan_id"))
    tolerated = gap.filter(
        (pl.col("resumes") - pl.col("ends_at")).is_between(pl.duration(seconds=1), pl.duration(days=3))
    )
    assert (
        tolerated.filter(pl.col("ends_at").dt.truncate("1mo") != pl.col("resumes").dt.truncate("1mo")).height
        > 0
    )
