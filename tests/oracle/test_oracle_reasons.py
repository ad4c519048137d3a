"""The oracle's reasons and drivers of churn against numbers worked on a whiteboard."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.oracle.whiteboard import Raw, customer, drawn, event, found, item, paid, policy

PEOPLE = drawn(customer(country="DE"), customer("bob", country="DE"), customer("cem", country="FR"))
JANUARY = date(2024, 1, 1)
FEBRUARY = date(2024, 2, 1)


def ended(name: str, day: str, reason: str | None, **columns: Any) -> Raw:
    return event("subscriptions", name, day, cancel_reason=reason, **columns)


def left(name: str, end: str = "2024-02-10", amount: str = "10.00") -> Raw:
    return paid(name, amount, "2024-01-10", end)


def reasons(raw: Raw, start: date = FEBRUARY, period: str = "month", **key: Any) -> list[dict[str, Any]]:
    return found(raw, "churn_reasons", period=period, period_start=start, **key)


def test_the_reason_is_that_of_the_subscription_that_ended_last_in_the_period() -> None:
    raw = drawn(
        PEOPLE,
        left("ada"),
        left("bob", amount="30.00"),
        left("cem"),
        ended("ada", "2024-02-10", "too dear", subscription_id="a"),
        ended("ada", "2024-02-10", "moved", subscription_id="b"),
        ended("ada", "2024-03-01", "later"),
        ended("bob", "2024-02-10", " "),
    )
    rows = reasons(raw, segment_by="all")
    assert [(row["reason"], row["churned_customers"], row["churned_mrr"]) for row in rows] == [
        ("(none given)", 2, 40),
        ("moved", 1, 10),
    ]
    assert [(row["all_churned_customers"], row["all_churned_mrr"]) for row in rows] == [(3, 50), (3, 50)]
    assert [row["churned_mrr_share"] for row in rows] == [0.8, 0.2]
    assert rows[1]["churned_customers_share"] == pytest.approx(1 / 3)
    assert all(row["is_voluntary"] for row in rows)
    assert len(reasons(raw, segment_by="country")) == 3


def test_whoever_did_not_pay_did_not_choose_to_leave() -> None:
    unpaid = {"status": "open", "paid_at": None}
    raw = drawn(PEOPLE, paid("ada", "10.00", "2024-01-10", "2025-01-10", unpaid))  # until 9 February
    assert [row["is_voluntary"] for row in reasons(raw, segment_by="all")] == [False]
    also_left = paid("ada", "5.00", "2024-01-10", "2024-02-09", subscription_id="b")
    assert [row["is_voluntary"] for row in reasons(drawn(raw, also_left), segment_by="all")] == [True]
    left_before = paid("ada", "5.00", "2024-01-10", "2024-02-08", subscription_id="b")
    assert [row["is_voluntary"] for row in reasons(drawn(raw, left_before), segment_by="all")] == [False]


def test_a_line_that_would_have_ended_there_anyway_was_not_cut() -> None:
    unpaid = {"status": "open", "paid_at": None}
    raw = drawn(PEOPLE, paid("ada", "10.00", "2024-01-10", "2024-02-09", unpaid))
    assert [row["is_voluntary"] for row in reasons(raw, segment_by="all")] == [True]


def test_in_a_quarter_the_last_month_of_leaving_decides() -> None:
    raw = drawn(
        PEOPLE,
        item("ada", "10.00", "2023-12-10", "2024-01-20"),
        item("ada", "10.00", "2024-02-01", None, "past_due"),  # until 2 March
    )
    months = found(raw, "churn_reasons", period="month", segment_by="all")
    assert [(row["period_start"].month, row["is_voluntary"]) for row in months] == [(1, True), (3, False)]
    assert [row["is_voluntary"] for row in reasons(raw, JANUARY, "quarter", segment_by="all")] == [False]


def test_where_nobody_churned_there_are_no_reasons() -> None:
    raw = drawn(PEOPLE, paid("ada", "10.00", "2024-01-10", "2025-01-10"))
    assert found(raw, "churn_reasons", policy("2024-12-01")) == []


MOVED = drawn(
    PEOPLE,
    *(paid(name, "10.00", "2023-12-10", "2024-02-10") for name in ("ada", "cem")),
    paid("bob", "10.00", "2023-12-10", "2024-01-10"),
)


def drivers(raw: Raw, metric: str, **key: Any) -> dict[str, dict[str, Any]]:
    rows = found(raw, "churn_drivers", period="month", period_start=FEBRUARY, metric=metric, **key)
    return {row["segment_value"]: row for row in rows}


def test_the_effects_of_the_segments_add_up_to_the_change_of_all() -> None:
    rows = drivers(MOVED, "customer_churn_rate", segment_by="country")
    # January: 1 of 2 in DE, 0 of 1 in FR, 1/3 of all; February: all of 1 and 1.
    assert [rows["DE"][name] for name in ("weight", "previous_weight", "rate", "previous_rate")] == [
        0.5,
        2 / 3,
        1,
        0.5,
    ]
    assert rows["DE"]["rate_effect"] == pytest.approx(0.5 * (0.5 + 2 / 3) / 2)
    assert rows["DE"]["mix_effect"] == pytest.approx((0.5 - 2 / 3) * (0.75 - 2 / 3))
    assert sum(row["effect"] for row in rows.values()) == pytest.approx(2 / 3)
    assert {row["overall_change"] for row in rows.values()} == {2 / 3}
    assert {row["previous_period_start"] for row in rows.values()} == {JANUARY}
    everybody = drivers(MOVED, "customer_churn_rate", segment_by="all")["all"]
    assert (everybody["weight"], everybody["mix_effect"], everybody["effect"]) == (1, 0, 2 / 3)


def test_a_rate_that_one_period_lacks_is_taken_as_that_of_the_other() -> None:
    raw = drawn(MOVED, customer("dot", country="AT"), paid("dot", "10.00", "2024-01-10", "2025-01-10"))
    row = drivers(raw, "crr", segment_by="country")["AT"]
    assert (row["weight"], row["previous_weight"], row["rate"], row["previous_rate"]) == (1 / 3, 0, 1, None)
    assert row["rate_effect"] == 0
    assert row["mix_effect"] == pytest.approx(1 / 3 * (1 - (1 / 3 + 2 / 3) / 2))


def test_revenue_retention_is_weighed_by_revenue() -> None:
    raw = drawn(MOVED, customer("dot", country="FR"), paid("dot", "70.00", "2023-12-10", "2024-03-01"))
    row = drivers(raw, "nrr", segment_by="country")["FR"]
    assert (row["weight"], row["previous_weight"], row["rate"], row["previous_rate"]) == (
        80 / 90,
        0.8,
        0.875,
        1,
    )


def test_without_a_period_before_or_without_a_rate_of_all_there_are_no_drivers() -> None:
    raw = drawn(PEOPLE, left("ada", "2024-03-10"))
    starts = [row["period_start"] for row in found(raw, "churn_drivers", policy("2024-03-01"))]
    assert starts == []  # January opened with nobody
    later = found(raw, "churn_drivers", policy("2024-04-01"), period="month", segment_by="all")
    assert [(row["period_start"].month, row["metric"]) for row in later] == [
        (3, "crr"),
        (3, "customer_churn_rate"),
        (3, "nrr"),
    ]
