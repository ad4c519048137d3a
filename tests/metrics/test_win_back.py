"""Win-back on a whiteboard: four customers in the first quarter of 2024."""

from typing import Any

from loyalty_pipeline.metrics.win_back import win_back
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.customer_state import CustomerState
from loyalty_pipeline.months.lapsed_sums import lapsed_sums
from tests.whiteboard import month, table

MARCH = month("2024-03")
STATES = table(
    CustomerState,
    {"customer_id": "came back", "first_active_at": "2023-01-10"},
    {"customer_id": "is gone", "first_active_at": "2023-02-10"},
    {"customer_id": "is new", "first_active_at": "2024-03-05"},
    {"customer_id": "stayed", "first_active_at": "2023-03-10"},
    {"customer_id": "never was", "first_active_at": None},
)


def cell(customer: str, was_active: int, is_active: int) -> dict[str, Any]:
    return {"customer_id": customer, "was_active": bool(was_active), "is_active": bool(is_active)}


def of_march(*cells: dict[str, Any]) -> dict[str, Any]:
    known = table(CustomerCell, *cells, period="month", plan="(unknown)")
    found = win_back(MARCH, lapsed_sums(MARCH, STATES, known))
    rows = [
        row for row in found.collect().to_dicts() if row["period"] == "month" and row["segment_by"] == "all"
    ]
    assert len(rows) == 1
    return rows[0]


def test_who_had_left_and_is_back_is_won_back() -> None:
    row = of_march(
        cell("came back", 0, 1),
        cell("is gone", 0, 0),
        cell("is new", 0, 1),
        cell("never was", 0, 0),
        cell("stayed", 1, 1),
    )
    assert (row["lapsed_customers"], row["won_back_customers"], row["win_back_rate"]) == (2, 1, 0.5)


def test_where_nobody_had_left_there_is_no_rate() -> None:
    row = of_march(cell("stayed", 1, 0), cell("is new", 0, 1))
    assert (row["lapsed_customers"], row["win_back_rate"], row["win_back_rate_low"]) == (0, None, None)
