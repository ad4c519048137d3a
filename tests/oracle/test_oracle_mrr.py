"""The three rules for the MRR of one line, against numbers worked on a whiteboard."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.mrr import by_interval, by_term, of_proration
from tests.oracle.whiteboard import at

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("amount", "interval", "count", "mrr"),
    [
        ("29.00", "month", 1, "29.0000"),
        ("29.00", "month", None, "29.0000"),
        ("100.00", "quarter", 1, "33.3333"),
        ("120.00", "year", 1, "10.0000"),
        ("265.00", "year", 2, "11.0417"),
        ("10.00", "week", 1, "43.3333"),
        ("6.00", "week", 2, "13.0000"),
        ("1.00", "day", 1, "30.4167"),
        ("-100.00", "year", 1, "-8.3333"),
    ],
)
def test_rule_1_divides_the_amount_by_the_months_of_its_interval(
    amount: str, interval: str, count: int | None, mrr: str
) -> None:
    assert by_interval(Decimal(amount), interval, count) == Decimal(mrr)


@pytest.mark.parametrize(
    ("amount", "start", "end", "interval", "mrr"),
    [
        ("15.00", "2024-02-15", "2024-03-01", ("month", 1), "29.0000"),  # 15 of the 29 days of February
        ("-14.00", "2023-02-15", "2023-03-01", ("month", 1), "-28.0000"),  # 14 of 28
        ("100.00", "2024-07-01", "2025-01-01", ("year", 1), "16.5761"),  # 184 of 366 days: 36600 / 184 / 12
        ("3.00", "2024-03-05", "2024-03-08", ("week", None), "30.3333"),  # 3 of 7 days: 7 x 52 / 12
        (
            "1.00",
            "2024-03-30",
            "2024-03-31",
            ("month", 1),
            "31.0000",
        ),  # a month before the 31st: from 29 February
    ],
)
def test_rule_2_undoes_the_proration(
    amount: str, start: str, end: str, interval: tuple[str, int | None], mrr: str
) -> None:
    assert of_proration(Decimal(amount), (at(start), at(end)), interval, UTC) == Decimal(mrr)


def test_rule_2_counts_the_hour_that_a_local_month_lacks() -> None:
    start, end = (
        at("2024-03-21T23:00"),
        at("2024-03-31T22:00"),
    )  # local midnights; 10 days less an hour: 239 h
    mrr = of_proration(Decimal("239.00"), (start, end), ("month", 1), BERLIN)
    assert mrr == Decimal("743.0000")  # a March of 31 days less an hour


@pytest.mark.parametrize(
    ("amount", "start", "end", "mrr"),
    [
        ("20.00", "2024-01-31", "2024-02-29", "20.0000"),  # the start plus a month
        ("20.00", "2024-02-29", "2024-03-31", "20.0000"),  # the end minus a month
        ("60.00", "2024-05-31", "2024-08-31", "20.0000"),
        ("25.00", "2024-02-10", "2024-03-25", "16.8478"),  # 1 + 15/31 months
        ("77.00", "2024-01-15", "2024-03-30", "31.0000"),  # 2 + 15/31: 30 January back to the 15th
        ("2.00", "2024-05-01", "2024-05-03", "30.0000"),  # 2 of the 30 days from 3 April
    ],
)
def test_rule_3_finds_the_term_from_start_and_end(amount: str, start: str, end: str, mrr: str) -> None:
    assert by_term(Decimal(amount), at(start), at(end), UTC) == Decimal(mrr)
