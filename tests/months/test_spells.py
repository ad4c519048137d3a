"""Spells and tenures, month after month of a whiteboard."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from loyalty_pipeline.months.customer_periods import CustomerPeriod
from loyalty_pipeline.months.spells import Spell, spells, tenure_sums, tenures
from tests.whiteboard import month, table

if TYPE_CHECKING:
    import polars as pl

    from tests.companies import Row


def walked(*months: dict[str, str]) -> tuple[list[pl.DataFrame], list[Row]]:
    """Return the spells at each closing and all tenures of months from January on: the movement of each customer."""
    closings, found = [table(Spell).collect()], []
    for number, moved in enumerate(months, 1):
        window = month(f"2024-{number:02}")
        rows = table(
            CustomerPeriod,
            *(
                {
                    "period": "month",
                    "customer_id": name,
                    "movement": movement,
                    "is_active": movement not in {"churned", "transient"},
                }
                for name, movement in moved.items()
            ),
        )
        closings.append(spells(window, closings[-1].lazy(), rows).collect())
        sums = tenure_sums(window, closings[-1].lazy(), closings[-2].lazy())
        found += tenures(window, sums).collect().to_dicts()
    return closings[1:], found


def since(closing: pl.DataFrame) -> dict[str, tuple[int, bool]]:
    return {
        name: (begun.month, is_first) for name, begun, is_first in closing.sort("customer_id").iter_rows()
    }


def test_a_spell_lasts_as_long_as_a_customer_is_active_at_both_ends() -> None:
    closings, _ = walked(
        {"ada": "new"}, {"ada": "expanded", "bob": "new"}, {"ada": "unchanged", "bob": "contracted"}
    )
    assert since(closings[-1]) == {"ada": (1, True), "bob": (2, True)}


def test_who_comes_back_begins_a_spell_that_is_not_the_first() -> None:
    closings, found = walked(
        {"ada": "new"}, {"ada": "churned"}, {"ada": "reactivated"}, {"ada": "unchanged"}, {"ada": "churned"}
    )
    assert [since(closing) for closing in closings] == [
        {"ada": (1, True)},
        {},
        {"ada": (3, False)},
        {"ada": (3, False)},
        {},
    ]
    assert [(row["month"].month, row["started_customers"], row["left_customers"]) for row in found] == [
        (1, 1, 0),
        (2, 0, 1),
    ]


def test_who_comes_and_goes_inside_a_month_begins_nothing() -> None:
    closings, found = walked({"ada": "transient"}, {"ada": "reactivated"})
    assert since(closings[0]) == {}
    # What came before was no spell, but neither is it the customer's first time.
    assert since(closings[1]) == {"ada": (2, False)}
    assert found == []


def test_who_leaves_is_counted_in_the_cohort_in_which_the_first_spell_began() -> None:
    """Of three of January one leaves in February and one in April; the one of February leaves in April too."""
    _, found = walked(
        {"ada": "new", "bob": "new", "cy": "new"},
        {"ada": "unchanged", "bob": "churned", "cy": "unchanged", "dan": "new"},
        {"ada": "unchanged", "cy": "unchanged", "dan": "unchanged"},
        {"ada": "unchanged", "cy": "churned", "dan": "churned"},
    )
    counted = {
        (row["month"].month, row["cohort"].month): (row["started_customers"], row["left_customers"])
        for row in found
    }
    assert counted == {(1, 1): (3, 0), (2, 1): (0, 1), (2, 2): (1, 0), (4, 1): (0, 1), (4, 2): (0, 1)}


def test_only_months_make_spells() -> None:
    year = {"period": "year", "customer_id": "ada", "movement": "new", "is_active": True}
    assert spells(month("2024-12"), table(Spell), table(CustomerPeriod, year)).collect().is_empty()


@pytest.mark.parametrize("as_of", ["2024-01-15", "2024-02-01"])
def test_a_month_that_the_as_of_cuts_begins_spells_too(as_of: str) -> None:
    new = {"period": "month", "customer_id": "ada", "movement": "new", "is_active": True}
    found = spells(month("2024-01", as_of=as_of), table(Spell), table(CustomerPeriod, new))
    assert found.collect()["since"].to_list() == [date(2024, 1, 1)]
