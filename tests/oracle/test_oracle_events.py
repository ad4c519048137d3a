"""The oracle's tables of what customers do, against numbers worked on a whiteboard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.whiteboard import Raw, customer, drawn, event, found, month, paid, policy

YEAR = drawn(customer(country="DE"), customer("bob"), paid("ada", "10.00", "2024-01-01", "2025-01-01"))


def visit(name: str, day: str, channel: str = "web", seconds: int = 60, actions: int = 1) -> Raw:
    return event("interactions", name, day, channel=channel, duration_seconds=seconds, actions=actions)


def post(day: str, **columns: Any) -> Raw:
    same = {"platform": "x", "kind": "post", "language": None, "sentiment": None}
    counts = dict.fromkeys(("likes", "shares", "comments", "reach"), 0)
    return event("social_posts", "ada", day, **same | counts | columns)


def test_stickiness_is_the_share_of_days_on_which_an_active_customer_came() -> None:
    raw = drawn(
        YEAR,
        visit("ada", "2024-01-10T08:00"),
        visit("ada", "2024-01-10T20:00", "app", 90, 3),
        visit("ada", "2024-01-11"),
        visit("bob", "2024-01-31T23:59"),
    )
    row = month(raw, "engagement")
    assert (row["active_customers"], row["customer_days"], row["interactions"], row["days"]) == (2, 3, 4, 31)
    assert row["stickiness"] == pytest.approx(3 / 31 / 2)
    assert (row["seconds"], row["minutes"], row["minutes_per_customer"]) == (270, 4.5, 2.25)
    assert (row["interactions_per_customer"], row["actions_per_customer"]) == (2, 3)
    channels = found(raw, "engagement", period="month", segment_by="channel")
    assert [(row["segment_value"], row["active_customers"], row["customer_days"]) for row in channels] == [
        ("app", 1, 1),
        ("web", 2, 3),
    ]


def test_the_local_day_decides_and_an_open_period_has_only_the_days_so_far() -> None:
    raw = drawn(YEAR, visit("ada", "2024-01-10T22:30"), visit("ada", "2024-01-10T23:30"))
    berlin = policy("2024-01-21", timezone="Europe/Berlin")
    row = month(raw, "engagement", settings=berlin)
    assert (row["customer_days"], row["days"], row["stickiness"]) == (2, 20, 0.1)


def test_days_alone_make_no_row_of_a_segment_but_everybody_has_one() -> None:
    rows = found(drawn(YEAR, visit("ada", "2023-12-31")), "engagement", policy("2024-02-01"))
    assert {(row["segment_by"], row["active_customers"], row["stickiness"]) for row in rows} == {
        ("all", 0, None)
    }


def test_posts_are_cut_by_their_own_platform_and_language() -> None:
    raw = drawn(
        YEAR,
        post("2024-01-10", likes=3, shares=1, comments=1, reach=10, sentiment=0.05),
        post("2024-01-11", kind="mention", reach=30, sentiment=-0.05, language="de"),
        post("2024-01-12", kind="review", platform="forum", language=" ", sentiment=0.0499),
        post("2024-01-13", kind="review", reach=60),
    )
    row = month(raw, "social_engagement")
    assert (row["posts"], row["mentions"], row["reviews"], row["reach"]) == (1, 1, 2, 100)
    assert (row["scored"], row["positive"], row["negative"], row["scored_reach"]) == (3, 1, 1, 40)
    assert (row["sentiment_total"], row["weighted_sentiment_total"]) == (0.0499, -1.0)
    assert (row["engagement_rate"], row["reach_weighted_sentiment"]) == (0.05, -0.025)
    assert row["mean_sentiment"] == pytest.approx(0.0499 / 3)
    values = {
        (row["segment_by"], row["segment_value"]): row["posts"] + row["mentions"] + row["reviews"]
        for row in found(raw, "social_engagement", period="month")
        if row["segment_by"] != "all"
    }
    assert values == {
        ("language", "(unknown)"): 3,
        ("language", "de"): 1,
        ("platform", "forum"): 1,
        ("platform", "x"): 3,
    }


def test_nobody_reached_has_no_engagement_rate_and_nothing_scored_no_sentiment() -> None:
    row = month(drawn(YEAR, post("2024-01-10", likes=3)), "social_engagement")
    rates = ("engagement_rate", "mean_sentiment", "mean_sentiment_low", "reach_weighted_sentiment")
    assert [row[name] for name in (*rates, "positive_share")] == [None] * 5


def test_the_interval_of_a_mean_sentiment_stays_inside_its_limits() -> None:
    raw = drawn(YEAR, post("2024-01-10", sentiment=-1.0), post("2024-01-10", sentiment=1.0))
    row = month(raw, "social_engagement")
    assert (row["mean_sentiment_low"], row["mean_sentiment"], row["mean_sentiment_high"]) == (-1, 0, 1)


def test_people_without_a_line_or_a_payment_have_the_attributes_of_their_record() -> None:
    raw = drawn(YEAR, customer("eve", country="FR", birth_year=1990), visit("eve", "2024-01-10"))
    rows = found(raw, "engagement", period="month", active_customers=1)
    segments = {row["segment_by"]: row["segment_value"] for row in rows}
    assert (segments["country"], segments["age_band"], segments["plan"]) == ("FR", "25-34", "(unknown)")


def test_a_table_that_never_landed_makes_no_rows() -> None:
    needy = (
        "engagement",
        "social_engagement",
        "loyalty_program",
        "advocacy_adoption",
        "support_performance",
        "referrals",
        "retention_cost",
        "advocates",
    )
    assert [found(YEAR, name) for name in needy] == [[]] * 8
