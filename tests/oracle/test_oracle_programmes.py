"""The oracle's tables of programmes and support against numbers worked on a whiteboard."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.whiteboard import Raw, at, customer, drawn, event, month, paid, policy

YEAR = drawn(customer(), customer("bob"), paid("ada", "10.00", "2024-01-01", "2025-01-01"))


def ticket(day: str, response: str | None, resolved: str | None, contacts: int = 1) -> Raw:
    instants = {"first_response_at": response and at(response), "resolved_at": resolved and at(resolved)}
    return event("support_tickets", "ada", day, contacts=contacts, **instants)


def step(name: str, kind: str, day: str, points: int = 0, **columns: Any) -> Raw:
    return event("loyalty_events", name, day, kind=kind, points=points, **columns)


def act(name: str, kind: str, day: str) -> Raw:
    return event("advocacy_activities", name, day, kind=kind)


def test_points_add_up_from_opening_to_closing_and_may_be_negative() -> None:
    raw = drawn(
        YEAR,
        step("ada", "enrol", "2023-06-01", 100),
        step("ada", "earn", "2024-01-01", 50),
        step("ada", "redeem", "2024-01-20", 170),
        step("ada", "expire", "2024-01-31", 5),
        step("ada", "leave", "2024-02-01", 7),
    )
    names = ("opened_points", "earned_points", "redeemed_points", "expired_points", "closed_points")
    rows = [month(raw, "loyalty_program", start) for start in ("2024-01", "2024-02")]
    assert [[row[name] for name in names] for row in rows] == [[100, 50, 170, 5, -25], [-25, 0, 0, 7, -32]]
    assert [(row["members"], row["engaged_members"], row["redemption_rate"]) for row in rows] == [
        (1, 1, 3.4),
        (0, 0, None),
    ]


def test_whoever_enrols_again_is_a_member_again_and_at_one_instant_the_greater_event_is_the_later() -> None:
    raw = drawn(
        YEAR,
        step("ada", "leave", "2024-01-10", event_id="b"),
        step("ada", "enrol", "2024-01-10", event_id="a"),
        step("ada", "enrol", "2024-02-10"),
        step("bob", "enrol", "2024-02-29T23:59"),
        step("bob", "earn", "2024-03-01"),
    )
    starts = ("2024-01", "2024-02", "2024-03")
    rows = [month(raw, "loyalty_program", start) for start in starts]
    assert [row["members"] for row in rows] == [0, 2, 2]
    assert [(row["participants"], row["active_customers"], row["engaged_members"]) for row in rows] == [
        (0, 1, 0),
        (1, 1, 0),
        (1, 1, 1),
    ]
    assert rows[2]["participation_rate"] == 1
    assert rows[2]["engaged_rate"] == 0.5


def test_adoption_counts_customers_since_ever_and_acts_of_the_period() -> None:
    raw = drawn(
        YEAR,
        act("ada", "invited", "2023-06-01"),
        act("bob", "invited", "2024-01-10"),
        act("ada", "invited", "2024-01-10"),
        act("bob", "joined", "2024-01-11"),
        act("bob", "shared", "2024-01-12"),
        act("bob", "shared", "2024-01-12"),
        act("ada", "referred", "2024-01-12"),
    )
    row = month(raw, "advocacy_adoption")
    assert (row["invited"], row["joined"], row["active_advocates"], row["shared"]) == (2, 1, 2, 2)
    assert (row["adoption_rate"], row["referred"], row["reviewed"]) == (0.5, 1, 0)
    assert (row["activity_rate"], row["activity_rate_low"]) == (2, None)
    later = month(raw, "advocacy_adoption", "2024-02")
    assert (later["invited"], later["joined"], later["active_advocates"], later["activity_rate"]) == (
        2,
        1,
        0,
        0,
    )


def test_each_step_of_a_ticket_counts_in_its_own_period() -> None:
    raw = drawn(YEAR, ticket("2024-01-31T12:00", "2024-02-01", "2024-03-01", contacts=2))
    steps = [month(raw, "support_performance", start) for start in ("2024-01", "2024-02", "2024-03")]
    assert [(row["opened"], row["answered"], row["resolved"]) for row in steps] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
    ]
    assert (steps[1]["median_first_response_hours"], steps[2]["median_resolution_hours"]) == (12, 708)
    assert (steps[2]["first_contact_resolution_rate"], steps[0]["first_contact_resolution_rate"]) == (0, None)


def test_a_resolution_exactly_in_the_target_is_in_it_and_an_answer_before_the_question_took_no_time() -> None:
    raw = drawn(
        YEAR,
        ticket("2024-01-10", "2024-01-09", "2024-01-11"),
        ticket("2024-01-10", None, "2024-01-11T00:00:01", contacts=0),
        ticket("2024-01-10", None, None),
    )
    row = month(raw, "support_performance")
    assert (row["resolved"], row["resolved_in_target"], row["one_contact"]) == (2, 1, 2)
    assert (row["median_first_response_hours"], row["resolved_in_target_rate"]) == (0, 0.5)
    assert row["median_resolution_hours"] == pytest.approx(24 + 1 / 7200)


def test_a_resolution_at_the_as_of_has_not_happened() -> None:
    raw = drawn(YEAR, ticket("2024-01-10", None, "2024-01-20"))
    resolved = [
        month(raw, "support_performance", settings=policy(f"2024-01-{day}"))["resolved"] for day in (20, 21)
    ]
    assert resolved == [0, 1]
