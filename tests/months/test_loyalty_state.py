"""Membership and points, month after month of a whiteboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loyalty_pipeline.metrics.loyalty_program import loyalty_program
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.loyalty_state import LoyaltyState, loyalty_state
from loyalty_pipeline.months.member_sums import member_sums
from loyalty_pipeline.months.segment_periods import SegmentPeriod
from loyalty_pipeline.staging.loyalty_moves import LoyaltyMove
from tests.whiteboard import by_month, month, table

if TYPE_CHECKING:
    from tests.companies import Row

EARLY, LATE = "2024-01-10", "2024-01-20"


def move(kind: str, points: int = 0, at: str = EARLY, event: str = "1", name: str = "ada") -> Row:
    return {
        "month": f"{at[:7]}-01",
        "event_id": event,
        "customer_id": name,
        "kind": kind,
        "points": points,
        "occurred_at": at,
    }


def state(start: str, *moves: Row, before: tuple[Row, ...] = ()) -> dict[str, tuple[bool, int]]:
    found = loyalty_state(month(start), table(LoyaltyState, *before), table(LoyaltyMove, *moves))
    return {row["customer_id"]: (row["is_member"], row["points"]) for row in found.collect().to_dicts()}


def test_the_last_step_decides_membership_and_other_moves_do_not() -> None:
    moves = (move("enrol", 100, EARLY), move("leave", 30, LATE, "2"), move("earn", 5, "2024-01-25", "3"))
    assert state("2024-01", *moves) == {"ada": (False, 75)}
    assert state("2024-01", *moves, move("enrol", 0, "2024-01-26", "4")) == {"ada": (True, 75)}


def test_of_one_instant_the_greatest_id_is_the_last() -> None:
    assert state("2024-01", move("enrol", event="2"), move("leave", event="1"))["ada"] == (True, 0)
    assert state("2024-01", move("enrol", event="1"), move("leave", event="2"))["ada"] == (False, 0)


def test_points_without_enrolment_make_no_member_and_a_balance_may_be_negative() -> None:
    assert state("2024-01", move("earn", 10), move("redeem", 25, LATE, "2")) == {"ada": (False, -15)}


def test_the_first_month_knows_what_happened_before_it() -> None:
    assert state("2024-03", move("enrol", 40), move("expire", 15, "2024-03-02", "2")) == {"ada": (True, 25)}


def test_a_later_month_adds_its_own_moves_to_the_month_before() -> None:
    before = (
        {"customer_id": "ada", "is_member": True, "points": 40},
        {"customer_id": "bob", "is_member": False, "points": 7},
    )
    moves = (move("enrol", 40), move("redeem", 15, "2024-03-02", "2"))
    assert state("2024-03", *moves, before=before) == {"ada": (True, 25), "bob": (False, 7)}


def test_points_of_those_who_are_no_customers_count_and_take_no_part() -> None:
    """Ada is a customer and a member, Bob a customer, Cy a member who redeems more than he ever had."""
    people = (
        {"customer_id": "ada", "is_member": True, "points": 70},
        {"customer_id": "cy", "is_member": True, "points": -20},
    )
    cells = [
        {
            "period": "month",
            "customer_id": name,
            "plan": "plan",
            "was_active": True,
            "is_active": name != "cy",
        }
        for name in ("ada", "bob", "cy")
    ]
    everybody = {
        "period": "month",
        "period_start": "2024-01-01",
        "period_end": "2024-02-01",
        "is_complete": True,
    }
    closing = everybody | {"segment_by": "all", "segment_value": "all", "closing_customers": 2}
    moves = by_month(LoyaltyMove, move("enrol", 70), move("redeem", 30, event="2", name="cy"))
    january = month("2024-01")
    sums = member_sums(january, table(LoyaltyState, *people), moves, table(CustomerCell, *cells))
    found = loyalty_program(january, sums, table(SegmentPeriod, closing))
    row = next(row for row in found.collect().to_dicts() if row["segment_by"] == "all")
    assert (row["members"], row["participants"], row["active_customers"], row["engaged_members"]) == (
        2,
        1,
        2,
        1,
    )
    assert (row["opened_points"], row["earned_points"], row["redeemed_points"], row["closed_points"]) == (
        10,
        70,
        30,
        50,
    )
    assert (row["participation_rate"], row["engaged_rate"]) == (0.5, 0.5)
