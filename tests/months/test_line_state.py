"""Line state: what goes on, what a late renewal extends, what a cut ends."""

from decimal import Decimal
from typing import Any

import polars as pl

from loyalty_pipeline.months.line_starts import Renewal, renewals
from loyalty_pipeline.months.line_state import LineState, held_at_closing, line_state
from loyalty_pipeline.staging.recurring_lines import RecurringLine
from tests.whiteboard import at, month, rows, table

JANUARY, FEBRUARY = month("2024-01"), month("2024-02")
SAME: dict[str, Any] = {
    "customer_id": "ada",
    "subscription_id": "s",
    "currency": "EUR",
    "kind": "recurring",
    "starts_at": "2024-01-10",
    "mrr": Decimal(10),
}


def state(*lines: dict[str, Any], renewed: tuple[str, ...] = (), grace: int = 3) -> pl.LazyFrame:
    """January's lines; `renewed` are starts in February."""
    drawn = table(RecurringLine, *lines, **SAME)
    ahead = table(
        Renewal, *({"starts_at": start} for start in renewed), subscription_id="s", customer_id="ada"
    )
    return line_state(JANUARY, table(LineState), drawn, ahead, grace)


def held(frame: pl.LazyFrame) -> list[str]:
    found: list[str] = rows(held_at_closing(frame, JANUARY), "line_id")
    return found


def test_a_line_holds_when_it_starts_before_the_boundary_and_ends_at_or_after_it() -> None:
    lines = state(
        {"line_id": "until", "ends_at": "2024-02-01"},
        {"line_id": "not until", "ends_at": "2024-01-31T23:59:59"},
        {"line_id": "from", "starts_at": "2024-02-01", "ends_at": "2024-03-01"},
        {"line_id": "for ever"},
    )
    assert held(lines) == ["for ever", "until"]


def test_lines_of_the_month_before_go_on() -> None:
    before = state({"line_id": "a", "ends_at": "2024-03-01"}, {"line_id": "b", "ends_at": "2024-02-05"})
    after = line_state(FEBRUARY, before, table(RecurringLine), table(Renewal), 3)
    assert rows(held_at_closing(after, FEBRUARY), "line_id") == ["a"]


def test_a_renewal_within_the_grace_extends_the_lines_that_end_the_stretch() -> None:
    late = {"line_id": "a", "ends_at": "2024-01-31"}
    assert held(state(late, renewed=("2024-02-03",))) == ["a"]
    assert held(state(late, renewed=("2024-02-03T00:00:01",))) == []
    assert held(state(late, renewed=("2024-02-01",), grace=0)) == []


def test_a_line_is_extended_to_the_first_renewal() -> None:
    found = state({"line_id": "a", "ends_at": "2024-01-31"}, renewed=("2024-02-02", "2024-02-01"))
    assert rows(found, "extended_to") == [at("2024-02-01")]


def test_a_line_inside_a_stretch_is_not_extended() -> None:
    lines = state(
        {"line_id": "inside", "ends_at": "2024-01-31"},
        {"line_id": "longer", "ends_at": "2024-01-31T12:00"},
        renewed=("2024-02-01",),
    )
    assert held(lines) == ["longer"]


def test_lines_without_a_subscription_are_not_extended() -> None:
    alone = {"line_id": "a", "ends_at": "2024-01-31", "subscription_id": None}
    assert held(state(alone, {"line_id": "b", "starts_at": "2024-02-01"} | {"subscription_id": None})) == []


def test_a_trial_is_not_extended_and_is_no_renewal() -> None:
    trial = {"line_id": "trial", "kind": "trialing", "ends_at": "2024-01-31"}
    assert held(state(trial, renewed=("2024-02-01",))) == []


def test_a_cut_ends_a_line_also_one_that_was_extended() -> None:
    late = {"line_id": "a", "ends_at": "2024-01-31"}
    assert held(state(late | {"cut_at": "2024-01-31T12:00"}, renewed=("2024-02-02",))) == []
    assert held(state(late | {"cut_at": "2024-02-01"}, renewed=("2024-02-02",))) == ["a"]


def test_a_line_that_is_cut_before_it_starts_never_holds() -> None:
    assert held(state({"line_id": "a", "starts_at": "2024-01-31", "cut_at": "2024-01-31"})) == []


def test_a_renewal_at_the_as_of_is_not_known_yet() -> None:
    cut_short = month("2024-02", as_of="2024-02-03")
    before = state({"line_id": "a", "ends_at": "2024-02-02T12:00"})
    lines = table(RecurringLine, {"line_id": "b"} | SAME | {"starts_at": "2024-02-03"})
    after = line_state(cut_short, before, lines, table(Renewal), 3)
    assert rows(held_at_closing(after, cut_short), "line_id") == []


def test_only_starts_within_the_grace_and_before_the_as_of_are_known_to_the_month_before() -> None:
    starts = ["2024-02-01", "2024-02-02", "2024-02-03", "2024-02-04T00:00:01"]
    lines = table(RecurringLine, *({"line_id": day} | SAME | {"starts_at": day} for day in starts))
    assert rows(renewals(FEBRUARY, lines, 3), "starts_at") == [at(day) for day in starts[:3]]
    cut_short = month("2024-02", as_of="2024-02-02")
    assert rows(renewals(cut_short, lines, 3), "starts_at") == [at("2024-02-01")]
