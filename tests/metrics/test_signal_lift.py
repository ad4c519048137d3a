"""Signal lift of customers of a whiteboard: what was known at the end of January, and who left in February."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loyalty_pipeline.metrics.signal_lift import SIGNALS, signal_lift
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.customer_signals import CustomerSignal
from loyalty_pipeline.months.signal_sums import signal_sums
from tests.whiteboard import by_month, month, table

if TYPE_CHECKING:
    from tests.companies import Row

FEBRUARY = month("2024-02")
NOTHING = {
    "month": "2024-01-01",
    "nps_group": "(unknown)",
    "csat": "(unknown)",
    "tickets": 0,
    "interactions": 0,
    "is_member": False,
    "is_referred": False,
}


def lifted(**customers: dict[str, Any]) -> dict[tuple[str, str], Row]:
    """Return the rows by signal and value; `stays` says who is still there in the end, all others were known too."""
    signals = [
        NOTHING
        | {"customer_id": name}
        | {column: cell for column, cell in known.items() if column in NOTHING}
        for name, known in customers.items()
        if known.get("is_known", True)
    ]
    cells = [
        {"period": "month", "customer_id": name, "plan": "plan", "was_active": known.get("opens", True)}
        | {"is_active": known.get("stays", True)}
        for name, known in customers.items()
    ]
    sums = signal_sums(FEBRUARY, by_month(CustomerSignal, *signals), table(CustomerCell, *cells))
    found = signal_lift(FEBRUARY, sums)
    return {(row["segment_by"], row["segment_value"]): row for row in found.collect().to_dicts()}


def counted(rows: dict[tuple[str, str], Row], signal: str) -> dict[str, tuple[int, int]]:
    return {
        value: (row["customers"], row["churned_customers"])
        for (by, value), row in rows.items()
        if by == signal
    }


def test_lift_is_the_churn_of_a_value_over_that_of_everybody() -> None:
    """Of two detractors both leave, of two promoters none: half of everybody."""
    rows = lifted(
        ada={"nps_group": "promoter"},
        bob={"nps_group": "promoter"},
        cy={"nps_group": "detractor", "stays": False},
        dan={"nps_group": "detractor", "stays": False},
    )
    lift = {
        place: (row["churn_rate"], row["lift"])
        for place, row in rows.items()
        if place[0] in {"all", "nps_group"}
    }
    assert lift == {
        ("all", "all"): (0.5, 1.0),
        ("nps_group", "promoter"): (0.0, 0.0),
        ("nps_group", "detractor"): (1.0, 2.0),
    }


def test_where_nobody_left_there_is_no_lift() -> None:
    rows = lifted(ada={}, bob={})
    assert {(row["churn_rate"], row["lift"]) for row in rows.values()} == {(0.0, None)}


def test_only_who_was_there_at_the_opening_is_counted() -> None:
    rows = lifted(ada={"stays": False}, new={"opens": False, "is_known": False})
    assert counted(rows, "all") == {"all": (1, 1)}


def test_of_whom_nothing_was_known_every_signal_has_a_value() -> None:
    rows = lifted(ada={"is_known": False})
    assert {by: counted(rows, by) for by in SIGNALS} == {
        "nps_group": {"(unknown)": (1, 0)},
        "csat": {"(unknown)": (1, 0)},
        "tickets": {"0": (1, 0)},
        "engagement": {"none": (1, 0)},
        "loyalty": {"not a member": (1, 0)},
        "referred": {"not referred": (1, 0)},
    }


def test_two_tickets_and_twenty_are_several() -> None:
    rows = lifted(**{f"c{number}": {"tickets": number} for number in (0, 1, 2, 20)})
    assert counted(rows, "tickets") == {"0": (1, 0), "1": (1, 0), "2+": (2, 0)}


@pytest.mark.parametrize(
    ("interactions", "quarters"),
    [
        ((0, 1, 2, 3, 4), {"none": 1, "1 lowest": 1, "2": 1, "3": 1, "4 highest": 1}),
        # The middle of four equals is half way.
        ((5, 5, 5, 5), {"2": 4}),
        ((9,), {"2": 1}),
        ((1, 2), {"1 lowest": 1, "3": 1}),
        # The middle of the six ones is three eighths along, those of the two eights is seven eighths.
        ((1, 1, 1, 1, 1, 1, 8, 8), {"2": 6, "4 highest": 2}),
        ((0, 0, 7, 8, 8), {"none": 2, "1 lowest": 1, "3": 2}),
    ],
)
def test_customers_with_the_same_number_are_in_the_quarter_of_the_middle_one(
    interactions: tuple[int, ...], quarters: dict[str, int]
) -> None:
    rows = lifted(**{f"c{n}": {"interactions": number} for n, number in enumerate(interactions)})
    assert {value: customers for value, (customers, _) in counted(rows, "engagement").items()} == quarters


def test_the_signals_are_those_of_the_opening_month_of_each_period() -> None:
    """March closes the quarter too: of that the signals of December count, of March those of February."""
    known = [
        NOTHING | {"month": day, "customer_id": "ada", "tickets": tickets}
        for day, tickets in (("2023-12-01", 1), ("2024-02-01", 2))
    ]
    cells = [
        {"period": period, "customer_id": "ada", "plan": "plan", "was_active": True, "is_active": True}
        for period in ("month", "quarter")
    ]
    march = month("2024-03")
    sums = signal_sums(march, by_month(CustomerSignal, *known), table(CustomerCell, *cells))
    found = signal_lift(march, sums)
    tickets = {
        row["period"]: row["segment_value"]
        for row in found.collect().to_dicts()
        if row["segment_by"] == "tickets"
    }
    assert tickets == {"month": "2+", "quarter": "1"}
