"""Whatever the company, every published cell of the lake is the one that the oracle counts in plain Python."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.companies import all_differences, lake_over, published
from tests.oracle import Policy
from tests.oracle import published as counted_by_hand
from tests.random_companies import MadeUp, made_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.random_companies import T

# Hundreds of runs over the same lines: to note each line of each would double what they take.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

EXAMPLES = 10


class Drawn:
    """Dice that hypothesis throws."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw

    def one_of(self, options: Sequence[T]) -> T:
        chosen: T = self.draw(st.sampled_from(options))
        return chosen


@st.composite
def companies(draw: Callable[[st.SearchStrategy[Any]], Any], **fixed: Any) -> MadeUp:
    return made_up(Drawn(draw), range(1, 7), **fixed)


def told_apart(company: MadeUp) -> list[str]:
    """Return where the lake and the oracle differ."""
    by_hand = counted_by_hand(company.raw, Policy(**company.settings))
    with TemporaryDirectory() as folder:
        by_lake = published(lake_over(company.raw, Path(folder), **company.settings))
    return all_differences(by_lake, by_hand)


as_many_as_there_is_time_for = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@as_many_as_there_is_time_for
@given(company=companies(activity="subscriptions", mrr_source="invoice_lines"))
def test_every_cell_from_invoices_is_the_one_counted_by_hand(company: MadeUp) -> None:
    assert told_apart(company) == []


@as_many_as_there_is_time_for
@given(company=companies(activity="subscriptions", mrr_source="subscription_items"))
def test_every_cell_from_subscription_items_is_the_one_counted_by_hand(company: MadeUp) -> None:
    assert told_apart(company) == []


@as_many_as_there_is_time_for
@given(company=companies(activity="purchases"))
def test_every_cell_of_a_shop_is_the_one_counted_by_hand(company: MadeUp) -> None:
    assert told_apart(company) == []
