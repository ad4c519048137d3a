"""The oracle's referrals and advocates against numbers worked on a whiteboard."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.oracle.whiteboard import Raw, at, customer, drawn, event, found, month, paid, policy, referral

PEOPLE = drawn(*(customer(name) for name in ("ada", "bob", "cem", "dot")))
YEAR = drawn(PEOPLE, paid("ada", "10.00", "2024-01-01", "2025-01-01"))


def invitation(advocate: str, referred: str | None, sent: str, converted: str | None) -> Raw:
    return event(
        "referrals",
        advocate,
        sent,
        advocate_customer_id=advocate,
        referred_customer_id=referred,
        converted_at=converted and at(converted),
    )


def test_referrals_count_where_they_were_sent_whenever_they_converted() -> None:
    raw = drawn(
        YEAR,
        invitation("ada", "bob", "2024-01-10", "2024-01-12"),
        invitation("ada", "cem", "2024-01-10", "2024-03-10T12:00"),
        invitation("bob", None, "2024-01-31", None),
        invitation("cem", "dot", "2024-02-01", "2024-02-01"),
    )
    row = month(raw, "referrals")
    assert (row["sent"], row["converted"], row["sending_advocates"], row["converting_advocates"]) == (
        3,
        2,
        2,
        1,
    )
    assert (row["referral_conversion_rate"], row["advocacy_conversion_rate"]) == (2 / 3, 0.5)
    assert row["median_days_to_convert"] == (2 + 60.5) / 2


def test_a_self_referral_after_merges_is_counted_apart_and_nowhere_else() -> None:
    alias = customer("ada too", merged_into_customer_id="ada")
    raw = drawn(YEAR, alias, invitation("ada", "ada too", "2024-01-10", "2024-01-11"))
    row = month(raw, "referrals")
    assert (row["self_referrals"], row["sent"], row["converted"], row["sending_advocates"]) == (1, 0, 0, 0)
    assert (row["referral_conversion_rate"], row["median_days_to_convert"]) == (None, None)


def test_a_conversion_at_the_as_of_has_not_happened_and_one_before_the_invitation_took_no_days() -> None:
    raw = drawn(
        YEAR,
        invitation("ada", "bob", "2024-01-10", "2024-01-20"),
        invitation("ada", "cem", "2024-01-10", "2024-01-05"),
    )
    row = month(raw, "referrals", settings=policy("2024-01-20"))
    assert (row["sent"], row["converted"], row["median_days_to_convert"]) == (2, 1, 0)


def post(name: str | None, **counts: int) -> Raw:
    same: dict[str, Any] = {"platform": "x", "kind": "post", "customer_id": name}
    zeros = dict.fromkeys(("likes", "shares", "comments", "reach"), 0)
    return event("social_posts", "", "2024-03-05", **same | zeros | counts)


def act(name: str, kind: str) -> Raw:
    return event("advocacy_activities", name, "2024-03-05", kind=kind)


def test_the_revenue_of_a_chain_is_direct_for_one_and_downstream_for_everyone_above() -> None:
    raw = drawn(
        PEOPLE,
        *(paid(name, "10.00", "2024-03-05", "2024-04-05") for name in ("bob", "cem", "dot")),
        referral("1", "ada", "bob", "2024-02-01"),
        referral("2", "bob", "cem", "2024-02-02"),
        referral("3", "cem", "dot", "2024-02-03"),
    )
    rows = found(raw, "advocates", period="month")
    march = {row["customer_id"]: row for row in rows if row["period_start"].month == 3}
    assert {who: (row["direct_revenue"], row["downstream_revenue"]) for who, row in march.items()} == {
        "ada": (10, 20),
        "bob": (10, 10),
        "cem": (10, 0),
    }
    assert {who: row["influence_rank"] for who, row in march.items()} == {"ada": 1, "bob": 2, "cem": 3}
    assert march["ada"]["influence_score"] == pytest.approx(30 / 60 / 3)
    shallow = month(raw, "advocates", "2024-03", policy(advocacy_depth=1), customer_id="ada")
    assert (shallow["direct_revenue"], shallow["downstream_revenue"]) == (10, 10)


def test_a_chain_ends_where_the_advocate_was_referred_no_earlier() -> None:
    raw = drawn(
        PEOPLE,
        paid("cem", "10.00", "2024-03-05", "2024-04-05"),
        referral("1", "ada", "bob", "2024-02-02"),
        referral("2", "bob", "cem", "2024-02-02"),
    )
    assert [row["customer_id"] for row in found(raw, "advocates", period="month", direct_revenue=10)] == [
        "bob"
    ]
    assert not any(row["downstream_revenue"] for row in found(raw, "advocates"))


def test_cents_of_advocates_add_up_to_what_is_published_for_the_company() -> None:
    names = ("bob", "cem", "dot")
    raw = drawn(
        PEOPLE,
        *(customer(f"of {name}") for name in names),
        *(paid(f"of {name}", "0.0050", "2024-03-05", "2024-04-05") for name in names),
        *(referral(name, name, f"of {name}", "2024-03-01") for name in names),
    )
    march = [row for row in found(raw, "advocates", period="month") if row["period_start"].month == 3]
    assert {row["customer_id"]: row["direct_revenue"] for row in march} == {
        "bob": Decimal("0.01"),
        "cem": Decimal("0.00"),
        "dot": Decimal("0.01"),
    }
    assert {row["influence_rank"] for row in march} == {1}
    assert month(raw, "advocacy_revenue", "2024-03")["advocacy_revenue"] == Decimal("0.02")


def test_advocates_are_ranked_by_what_they_do_and_by_what_comes_of_it() -> None:
    raw = drawn(
        YEAR,
        invitation("ada", "bob", "2024-03-05", None),
        act("bob", "shared"),
        act("bob", "joined"),
        post("bob", likes=2, comments=1, reach=100),
        post("cem", likes=1),
        post(None, likes=1000),
    )
    rows = [row for row in found(raw, "advocates", period="month") if row["period_start"].month == 3]
    assert [(row["customer_id"], row["activity_score"], row["activity_rank"]) for row in rows] == [
        ("ada", 1, 2),
        ("bob", 2, 1),
        ("cem", 1, 2),
    ]
    assert [(row["reach"], row["reactions"], row["influence_rank"]) for row in rows] == [
        (0, 0, 3),
        (100, 3, 1),
        (0, 1, 2),
    ]
    assert rows[1]["influence_score"] == 0.25


def test_whoever_did_nothing_that_counts_has_no_row() -> None:
    raw = drawn(YEAR, act("bob", "joined"), invitation("cem", "cem", "2024-03-05", "2024-03-06"))
    assert found(raw, "advocates") == []
