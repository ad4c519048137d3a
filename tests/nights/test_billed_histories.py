"""After any nights the lake, and what it publishes, is what a full rebuild from landing would be: by invoices.

LOYALTY_SOAK_HISTORIES says how many histories there are, here and for subscriptions together; `python -m tests.soak` lives
through as many as it is told.
"""

import pytest

from tests.nights.histories import by_company, hold_all

# Hundreds of runs over the same lines: to note each line of each would double what they take.
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


@pytest.mark.parametrize("numbers", by_company(range(40)), ids=min)
def test_nights_of_a_company_that_bills_its_lines_end_where_a_rebuild_does(numbers: list[int]) -> None:
    assert hold_all(numbers, "invoice_lines") == len(numbers)


@pytest.mark.parametrize("numbers", by_company(range(10)), ids=min)
def test_nights_of_a_company_that_sells_purchases_end_where_a_rebuild_does(numbers: list[int]) -> None:
    assert hold_all(numbers, "purchases") == len(numbers)
