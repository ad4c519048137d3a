"""Advocacy: which conversion counts, and for how long."""

from typing import Any

import polars as pl

from loyalty_pipeline.sources.crm import Customer, Referral
from loyalty_pipeline.staging.advocacy import advocacy
from loyalty_pipeline.staging.merges import merges
from tests.whiteboard import at, rows, table

PEOPLE = table(
    Customer,
    *({"customer_id": name} for name in ("ada", "bob", "cem", "dot")),
    {"customer_id": "eve", "created_at": "2024-03-01"},
    {"customer_id": "adx", "merged_into_customer_id": "ada"},
    created_at="2023-01-01",
)


def referral(advocate: str, referred: str | None, converted: str | None, name: str = "r") -> dict[str, Any]:
    return {
        "referral_id": name,
        "advocate_customer_id": advocate,
        "referred_customer_id": referred,
        "converted_at": converted,
    }


def credited(
    *referrals: dict[str, Any], months: int = 12, depth: int = 5, timezone: str = "UTC"
) -> pl.LazyFrame:
    sent = table(Referral, *referrals, sent_at="2023-06-01")
    return advocacy(sent, PEOPLE, merges(PEOPLE), timezone, months, depth)


def test_the_earliest_conversion_has_the_credit_ties_by_smallest_id() -> None:
    found = credited(
        referral("ada", "dot", "2024-02-02", "1"),
        referral("cem", "dot", "2024-02-01", "3"),
        referral("bob", "dot", "2024-02-01", "2"),
    )
    assert rows(found, "customer_id", "advocate_id", "converted_at") == [("dot", "bob", at("2024-02-01"))]


def test_who_did_not_convert_or_has_no_name_or_is_the_advocate_does_not_count() -> None:
    found = credited(
        referral("ada", "bob", None, "1"),
        referral("ada", None, "2024-02-01", "2"),
        referral("ada", "ada", "2024-02-01", "3"),
        referral("ada", "adx", "2024-02-01", "4"),
    )
    assert rows(found, "customer_id") == []


def test_an_advocate_must_have_been_there_before_the_conversion() -> None:
    found = credited(
        referral("eve", "bob", "2024-03-01", "1"), referral("eve", "cem", "2024-03-01T00:00:01", "2")
    )
    assert rows(found, "customer_id") == ["cem"]


def test_the_window_is_of_calendar_months_on_the_local_clock_clamped_to_the_months_end() -> None:
    found = credited(referral("ada", "bob", "2024-01-31T10:00"), months=1)
    assert rows(found, "window_ends_at") == [at("2024-02-29T10:00")]
    in_berlin = credited(referral("ada", "bob", "2024-03-15T10:00"), months=1, timezone="Europe/Berlin")
    assert rows(in_berlin, "window_ends_at") == [at("2024-04-15T09:00")]


def test_it_is_downstream_where_the_advocate_was_referred_earlier() -> None:
    later = [referral("ada", "bob", "2024-02-01", "1"), referral("bob", "cem", "2024-02-02", "2")]
    assert rows(credited(*later), "customer_id", "is_downstream") == [("bob", False), ("cem", True)]
    assert rows(credited(*later, depth=0), "is_downstream") == [False, False]


def test_it_is_not_downstream_where_both_converted_at_once() -> None:
    at_once = [referral("ada", "bob", "2024-02-01", "1"), referral("bob", "cem", "2024-02-01", "2")]
    assert rows(credited(*at_once), "is_downstream") == [False, False]
