"""The oracle's signals of churn against numbers worked on a whiteboard."""

from __future__ import annotations

from datetime import date

import pytest

from tests.oracle.signals import quartile
from tests.oracle.whiteboard import Raw, asked, at, customer, drawn, event, found, month, paid
from tests.oracle.whiteboard import referral as referred

PEOPLE = drawn(customer(), customer("bob"), customer("cem"))
FEBRUARY = date(2024, 2, 1)


def left(name: str, end: str = "2024-02-10") -> Raw:
    return paid(name, "10.00", "2024-01-10", end)


def signals(raw: Raw, by: str, start: date = FEBRUARY) -> dict[str, tuple[int, int]]:
    rows = found(raw, "signal_lift", period="month", period_start=start, segment_by=by)
    return {row["segment_value"]: (row["customers"], row["churned_customers"]) for row in rows}


THREE = drawn(PEOPLE, left("ada"), left("bob", "2024-06-01"), left("cem", "2024-06-01"))


def test_lift_is_the_churn_of_those_with_the_signal_over_that_of_all() -> None:
    raw = drawn(THREE, asked("ada", 2, "2024-01-15"), asked("bob", 6, "2024-01-15"))
    rows = found(raw, "signal_lift", period="month", period_start=FEBRUARY, segment_by="nps_group")
    assert [(row["segment_value"], row["churn_rate"], row["lift"]) for row in rows] == [
        ("(unknown)", 0, 0),
        ("detractor", 0.5, 1.5),
    ]
    everybody = month(raw, "signal_lift", "2024-02")
    assert (everybody["customers"], everybody["churned_customers"], everybody["lift"]) == (3, 1, 1)
    first = month(raw, "signal_lift", "2024-01")
    assert (first["customers"], first["churn_rate"], first["lift"]) == (0, None, None)


def test_only_what_was_known_at_the_opening_is_a_signal() -> None:
    raw = drawn(
        THREE,
        asked("ada", 9, "2024-01-31T23:59"),
        asked("ada", 2, "2024-02-01"),
        asked("bob", 9, "2023-02-01"),
        asked("cem", 9, "2023-01-31"),
    )
    assert signals(raw, "nps_group") == {"promoter": (2, 1), "(unknown)": (1, 0)}
    tickets = (
        event("support_tickets", name, day, contacts=1)
        for name, day in (
            ("ada", "2023-11-01"),
            ("ada", "2024-01-31"),
            ("bob", "2024-02-01"),
            ("bob", "2023-10-31"),
        )
    )
    assert signals(drawn(THREE, *tickets), "tickets") == {"2+": (1, 1), "0": (2, 0)}


def test_the_latest_answer_says_whether_a_customer_is_satisfied() -> None:
    raw = drawn(THREE, asked("ada", 9, "2024-01-10", "csat"), asked("ada", 8, "2024-01-11", "csat"))
    assert signals(raw, "csat") == {"not satisfied": (1, 1), "(unknown)": (2, 0)}


def test_members_and_the_referred_are_those_at_the_opening() -> None:
    raw = drawn(
        THREE,
        event("loyalty_events", "ada", "2024-01-31", kind="enrol", points=0),
        event("loyalty_events", "bob", "2024-02-01", kind="enrol", points=0),
        referred("1", "cem", "ada", "2024-02-01"),
        referred("2", "cem", "bob", "2024-01-31"),
    )
    assert signals(raw, "loyalty") == {"member": (1, 1), "not a member": (2, 0)}
    assert signals(raw, "referred") == {"referred": (1, 0), "not referred": (2, 1)}


def test_engagement_is_the_quarter_among_those_who_came_at_all() -> None:
    visits = [
        event("interactions", name, "2024-01-20", channel="web", duration_seconds=1, actions=1)
        for name in ("ada", "bob", "bob", "nobody", "nobody", "nobody")
    ]
    assert signals(drawn(THREE, *visits), "engagement") == {
        "1 lowest": (1, 1),
        "3": (1, 0),
        "none": (1, 0),
    }


@pytest.mark.parametrize(
    ("counts", "quartiles"),
    [([1, 2, 3, 4], [1, 2, 3, 4]), ([5], [2]), ([1, 1, 1, 9], [2, 2, 2, 4]), ([1, 2], [1, 3])],
)
def test_customers_with_as_many_events_are_in_one_quarter(counts: list[int], quartiles: list[int]) -> None:
    assert [quartile(mine, counts) for mine in counts] == quartiles


def test_a_deleted_answer_is_no_signal() -> None:
    gone = asked("ada", 9, "2024-01-10", deleted_at=at("2024-01-11"))
    assert signals(drawn(THREE, gone), "nps_group") == {"(unknown)": (3, 1)}
