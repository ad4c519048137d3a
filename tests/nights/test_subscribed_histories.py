"""After any nights the lake, and what it publishes, is what a full rebuild from landing would be: by subscriptions.

Beside the histories by invoices, so that both cores have something to do.
"""

import pytest

from tests.nights.histories import by_company, hold_all

# Hundreds of runs over the same lines: to note each line of each would double what they take.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


@pytest.mark.parametrize("numbers", by_company(range(40)), ids=min)
def test_nights_of_a_company_with_subscription_items_end_where_a_rebuild_does(numbers: list[int]) -> None:
    assert hold_all(numbers, "subscription_items") == len(numbers)


@pytest.mark.parametrize("numbers", by_company(range(10, 20)), ids=min)
def test_nights_of_another_company_that_sells_purchases_end_where_a_rebuild_does(numbers: list[int]) -> None:
    assert hold_all(numbers, "purchases") == len(numbers)
