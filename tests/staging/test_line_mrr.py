"""MRR of one line, by the three rules; the numbers are worked by hand."""

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.sources.billing import InvoiceLine
from loyalty_pipeline.staging.line_mrr import with_mrr
from tests.whiteboard import at

NAMES = ("amount", "interval", "interval_count", "proration")


def mrr(amount: str, span: tuple[str, str], timezone: str = "UTC", **line: Any) -> Decimal:
    schema = {name: polars_schema(InvoiceLine)[name] for name in NAMES}
    row = {"amount": Decimal(amount), "interval": None, "interval_count": None, "proration": False} | line
    lines = pl.LazyFrame([row], schema=schema).with_columns(starts_at=at(span[0]), ends_at=at(span[1]))
    found: Decimal = with_mrr(lines.cast({"starts_at": pl.Datetime("us", "UTC")}), timezone).collect()["mrr"][
        0
    ]
    return found


@pytest.mark.parametrize(
    ("amount", "interval", "count", "monthly"),
    [
        ("29.00", "month", 1, "29.0000"),
        ("100.00", "quarter", 1, "33.3333"),
        ("265.00", "year", 2, "11.0417"),
        ("10.00", "week", 1, "43.3333"),  # 52 weeks a year
        ("1.00", "day", 1, "30.4167"),  # 365 days a year
        ("0.0001", "month", 2, "0.0001"),  # a half is rounded away from zero
        ("-0.0001", "month", 2, "-0.0001"),
        ("7.00", "month", None, "7.0000"),  # no count is one
    ],
)
def test_a_known_interval_divides_the_amount_by_its_months(
    amount: str, interval: str, count: int | None, monthly: str
) -> None:
    span = ("2024-01-10", "2024-02-10")
    assert mrr(amount, span, interval=interval, interval_count=count) == Decimal(monthly)


@pytest.mark.parametrize(
    ("amount", "span", "interval", "count", "monthly"),
    [
        ("15.00", ("2024-02-15", "2024-03-01"), "month", 1, "29.0000"),  # 15 of the 29 days of February
        ("-14.00", ("2023-02-15", "2023-03-01"), "month", 1, "-28.0000"),  # a credit for 14 of 28
        ("100.00", ("2024-07-01", "2025-01-01"), "year", 1, "16.5761"),  # 184 of 366 days
        ("3.00", ("2024-03-05", "2024-03-08"), "week", 1, "30.3333"),  # 3 of 7 days
        ("1.00", ("2024-03-30", "2024-03-31"), "month", 1, "31.0000"),  # from 29 February: 31 days
    ],
)
def test_a_proration_is_scaled_up_to_the_interval_that_ends_with_it(
    amount: str, span: tuple[str, str], interval: str, count: int, monthly: str
) -> None:
    assert mrr(amount, span, interval=interval, interval_count=count, proration=True) == Decimal(monthly)


def test_a_proration_counts_the_hour_that_a_local_month_lacks() -> None:
    """From local midnight of 22 March to that of 1 April in Berlin: 239 of the 743 hours of March."""
    span = ("2024-03-21T23:00", "2024-03-31T22:00")
    found = mrr("239.00", span, "Europe/Berlin", interval="month", interval_count=1, proration=True)
    assert found == Decimal("743.0000")


@pytest.mark.parametrize(
    ("amount", "span", "monthly"),
    [
        ("20.00", ("2024-01-31", "2024-02-29"), "20.0000"),  # the start plus a month, clamped
        ("20.00", ("2024-02-29", "2024-03-31"), "20.0000"),  # the end minus a month, clamped
        ("25.00", ("2024-02-10", "2024-03-25"), "16.8478"),  # 1 + 15/31 months
        ("2.00", ("2024-05-01", "2024-05-03"), "30.0000"),  # 2 of the 30 days before 3 May
    ],
)
def test_without_an_interval_the_term_is_counted_back_from_the_end(
    amount: str, span: tuple[str, str], monthly: str
) -> None:
    assert mrr(amount, span) == Decimal(monthly)


def test_a_proration_without_an_interval_is_counted_by_its_term() -> None:
    assert mrr("20.00", ("2024-01-31", "2024-02-29"), proration=True) == Decimal("20.0000")
