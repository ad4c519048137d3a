"""The oracle agrees with what was worked on paper, and the expected tables with the oracle."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from tests.golden import company
from tests.oracle import movements, published

Rows = list[dict[str, Any]]
EACH_SOURCE = pytest.mark.parametrize("mrr_source", company.MRR_SOURCES)


@pytest.fixture(scope="module")
def worked() -> dict[str, tuple[Rows, dict[str, Rows]]]:
    raw = company.raw_tables()
    return {
        source: (movements(raw, company.policy(source)), published(raw, company.policy(source)))
        for source in company.MRR_SOURCES
    }


@EACH_SOURCE
def test_every_closing_mrr_of_every_customer_is_the_one_worked_by_hand(worked: Any, mrr_source: str) -> None:
    by_oracle = {
        (row["customer_id"], row["period_start"].isoformat()[:7]): row["closing"]
        for row in worked[mrr_source][0]
        if row["period"] == "month" and row["closing"]
    }
    by_hand = {
        (row["customer_id"], row["month"]): Decimal(row["closing_mrr"])
        for row in company.worked_by_hand("boundaries")
    }
    assert by_oracle == by_hand


@EACH_SOURCE
def test_every_months_movements_are_those_worked_by_hand(worked: Any, mrr_source: str) -> None:
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in worked[mrr_source][0]:
        if row["period"] == "month":
            month = sums[row["period_start"].isoformat()[:7]]
            month[f"{row['movement']}_mrr"] += row["amount"]
            month["opening_mrr"] += row["opening"]
            month["closing_mrr"] += row["closing"]
            month["fx_mrr"] += row["fx"]
            month["total_revenue"] += row["revenue"]
    by_hand = company.worked_by_hand("months")
    assert len(by_hand) == 15
    for expected in by_hand:
        for name, amount in expected.items():
            if name == "total_revenue" or name.endswith("_mrr"):
                assert sums[expected["month"]][name] == Decimal(amount), (expected["month"], name)


@EACH_SOURCE
@pytest.mark.parametrize("table", ["mrr_growth", "advocacy_revenue"])
def test_the_rows_of_all_months_are_those_worked_by_hand(worked: Any, mrr_source: str, table: str) -> None:
    rows = {
        row["period_start"].isoformat()[:7]: row
        for row in worked[mrr_source][1][table]
        if (row["period"], row["segment_by"]) == ("month", "all")
    }
    by_hand = company.worked_by_hand("months")
    assert [row["month"] for row in by_hand] == list(rows)
    for expected in by_hand:
        row = rows[expected["month"]]
        for name in row.keys() & expected.keys():
            assert abs(row[name] - Decimal(expected[name])) <= Decimal("0.005"), (expected["month"], name)


@EACH_SOURCE
@pytest.mark.parametrize("table", company.EXPECTED_TABLES)
def test_the_expected_table_is_the_oracles(worked: Any, mrr_source: str, table: str) -> None:
    by_oracle, expected = worked[mrr_source][1][table], company.expected(mrr_source)[table]
    assert [list(row) for row in by_oracle] == [list(row) for row in expected]
    for ours, theirs in zip(by_oracle, expected, strict=True):
        rates = {name: cell for name, cell in theirs.items() if isinstance(cell, float)}
        assert {name: ours[name] for name in rates} == pytest.approx(rates, rel=1e-12)
        assert {**ours, **rates} == theirs


def test_customers_moving_away_take_their_mrr_to_the_new_country_only_from_that_month_on(worked: Any) -> None:
    countries = {
        row["period_start"].isoformat()[:7]: row["attributes"]["country"]
        for row in worked["invoice_lines"][0]
        if row["customer_id"] == "c15" and row["period"] == "month"
    }
    assert (countries["2024-05"], countries["2024-06"]) == ("DE", "AT")


def test_only_a_source_with_states_knows_trials_and_pauses(worked: Any) -> None:
    def seen(source: str) -> list[tuple[str, str]]:
        rows = worked[source][0]
        return [
            (row["customer_id"], row["period_start"].isoformat()[:7])
            for row in rows
            if row["period"] == "month" and (row["trial_mrr"] == Decimal(12) or row["is_paused"])
        ]

    assert seen("subscription_items") == [("c10", "2024-03"), ("c11", "2024-07"), ("c11", "2024-08")]
    assert seen("invoice_lines") == []


def test_who_comes_and_goes_inside_october_is_transient_there(worked: Any) -> None:
    rows = [row for row in worked["invoice_lines"][0] if row["movement"] == "transient"]
    assert {(row["customer_id"], row["period"]) for row in rows} >= {("c13", "month"), ("c13", "quarter")}
    assert {row["attributes"]["plan"] for row in rows} == {"(unknown)"}
