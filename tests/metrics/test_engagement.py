"""Engagement of a whiteboard: a customer counts once among all, and once in each of its channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from loyalty_pipeline.metrics.engagement import engagement
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.engagement_sums import engagement_sums
from loyalty_pipeline.staging.interaction_days import InteractionDay
from tests.whiteboard import by_month, month, table

if TYPE_CHECKING:
    from loyalty_pipeline.periods import Window
    from tests.companies import Row


def met(name: str, channel: str, day: str, times: int = 1) -> Row:
    """Draw a day of a customer in a channel, of a minute and two actions each time."""
    return {
        "month": f"{day[:7]}-01",
        "customer_id": name,
        "channel": channel,
        "interaction_day": day,
        "interactions": times,
        "seconds": 60 * times,
        "actions": 2 * times,
    }


def engaged(window: Window, *days: Row) -> dict[tuple[str, str], Row]:
    sums = engagement_sums(window, by_month(InteractionDay, *days), table(CustomerCell))
    found = engagement(window, sums)
    rows = found.filter(pl.col("period") == "month").collect().to_dicts()
    return {(row["segment_by"], row["segment_value"]): row for row in rows}


TWO_CHANNELS = (
    met("ada", "web", "2024-04-01", 2),
    met("ada", "app", "2024-04-01"),
    met("ada", "app", "2024-04-02"),
    met("bob", "app", "2024-04-30"),
)


def test_a_customer_in_two_channels_on_one_day_is_one_customer_and_one_day_of_all() -> None:
    rows = engaged(month("2024-04"), *TWO_CHANNELS)
    counted = {
        place: (row["active_customers"], row["customer_days"], row["interactions"])
        for place, row in rows.items()
        if place[0] in {"all", "channel"}
    }
    assert counted == {
        ("all", "all"): (2, 3, 5),
        ("channel", "web"): (1, 1, 2),
        ("channel", "app"): (2, 3, 3),
    }


def test_stickiness_is_the_average_day_over_all_who_came() -> None:
    """Three customer days in 30 days are a tenth of a customer a day, of two who came."""
    row = engaged(month("2024-04"), *TWO_CHANNELS)["all", "all"]
    assert (row["days"], row["stickiness"]) == (30, pytest.approx(0.05))
    assert (row["minutes"], row["minutes_per_customer"]) == (5, 2.5)
    assert (row["interactions_per_customer"], row["actions_per_customer"]) == (2.5, 5)


def test_of_a_month_that_the_as_of_cuts_the_days_so_far_count() -> None:
    row = engaged(month("2024-04", as_of="2024-04-11"), *TWO_CHANNELS[:3])["all", "all"]
    assert (row["days"], row["stickiness"]) == (10, pytest.approx(0.2))


def test_who_comes_every_day_is_wholly_sticky() -> None:
    days = [met("ada", "web", f"2024-04-{day:02}") for day in range(1, 31)]
    assert engaged(month("2024-04"), *days)["all", "all"]["stickiness"] == 1


def test_where_nobody_was_in_touch_there_are_zeros_and_no_rates() -> None:
    rows = engaged(month("2024-04"))
    assert list(rows) == [("all", "all")]
    row = rows["all", "all"]
    assert (row["active_customers"], row["days"], row["minutes"]) == (0, 30, 0)
    assert (row["stickiness"], row["minutes_per_customer"]) == (None, None)
