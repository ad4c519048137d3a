"""CDNOW, the purchases of 23,570 customers of a shop, through the whole job.

The master file agrees with what plain Python counts in it. The sample of one in ten gives the parameters that were
published: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way"; Fader & Hardie (2013), gamma-gamma.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

CDNOW = Path(__file__).parents[2] / "shared" / "data" / "cdnow"
WINDOW = timedelta(days=90)


@dataclass(frozen=True)
class Purchase:
    """One line of a file, read in plain Python."""

    customer: str
    day: date
    dollars: Decimal


def purchases(name: str, *, customer: int) -> list[Purchase]:
    lines = [line.split() for line in (CDNOW / name).read_text().splitlines()]
    return [
        Purchase(
            cells[customer],
            date(int(cells[-3][:4]), int(cells[-3][4:6]), int(cells[-3][6:])),
            Decimal(cells[-1]),
        )
        for cells in lines
        if cells and cells[0].isdigit()
    ]


def settings_toml(name: str, as_of: str, columns: dict[str, str], *, has_header: bool) -> str:
    """Return a loyalty.toml that reads customers, invoices and their lines from one file of purchases."""
    file = f'file = "{name}"\nseparator = "whitespace"\ndate_format = "%Y%m%d"\nhas_header = {str(has_header).lower()}'
    return f"""
source = "{CDNOW.as_posix()}"
as_of = "{as_of}"
reporting_currency = "USD"
activity = "purchases"
activity_window_days = {WINDOW.days}

[tables.customers]
{file}
distinct = true
columns = {{ customer_id = "{columns["customer"]}", created_at = "{columns["day"]}" }}

[tables.invoices]
{file}
columns = {{ invoice_id = "_row", customer_id = "{columns["customer"]}", issued_at = "{columns["day"]}", \
total = "{columns["dollars"]}" }}
values = {{ status = "paid", currency = "USD" }}

[tables.invoice_lines]
{file}
columns = {{ line_id = "_row", invoice_id = "_row", quantity = "{columns["discs"]}", amount = "{columns["dollars"]}" }}
values = {{ kind = "one_off", discount = 0, tax = 0, proration = false }}
"""


def published(folder: Path, toml: str) -> Callable[[str], pl.DataFrame]:
    """Run a night and return what reads a published table."""
    (folder / "loyalty.toml").write_text(toml)
    settings = Settings.load(folder / "loyalty.toml", data_dir=folder / "data")
    night = nightly(settings)
    assert all(report.quarantined == 0 for report in night.landing.tables.values())
    return lambda table: pl.read_parquet(settings.data_dir / "metrics" / f"{table}.parquet")


def months(table: pl.DataFrame, column: str) -> dict[date, Any]:
    """Return a column of the row of everybody in each month."""
    rows = table.filter(pl.col("period") == "month", pl.col("segment_by") == "all")
    return dict(rows.select("period_start", column).rows())


@pytest.fixture(scope="module")
def bought() -> list[Purchase]:
    return purchases("CDNOW_master.txt", customer=0)


@pytest.fixture(scope="module")
def first_days(bought: list[Purchase]) -> dict[str, date]:
    days: dict[str, date] = {}
    for purchase in bought:
        days[purchase.customer] = min(purchase.day, days.get(purchase.customer, purchase.day))
    return days


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pl.DataFrame]:
    columns = {"customer": "customer_id", "day": "date", "discs": "number_of_cds", "dollars": "dollar_value"}
    toml = settings_toml("CDNOW_master.txt", "1998-07-01", columns, has_header=True)
    return published(tmp_path_factory.mktemp("master"), toml)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pl.DataFrame]:
    columns = {"customer": "column_2", "day": "column_3", "discs": "column_4", "dollars": "column_5"}
    toml = settings_toml("CDNOW_sample.txt", "1997-10-01", columns, has_header=False)
    return published(tmp_path_factory.mktemp("sample"), toml)


@pytest.mark.slow
def test_the_master_file_has_69659_purchases_of_23570_customers(
    bought: list[Purchase], first_days: dict[str, date]
) -> None:
    assert (len(bought), len(first_days)) == (69_659, 23_570)


@pytest.mark.slow
def test_revenue_of_each_month_is_what_was_spent_in_it(
    master: Callable[[str], pl.DataFrame], bought: list[Purchase]
) -> None:
    spent: dict[date, Decimal] = defaultdict(Decimal)
    for purchase in bought:
        spent[purchase.day.replace(day=1)] += purchase.dollars
    assert months(master("advocacy_revenue"), "total_revenue") == spent
    assert sum(spent.values()) == Decimal("2500315.63")


@pytest.mark.slow
def test_every_customer_is_counted_once_it_has_bought(
    master: Callable[[str], pl.DataFrame], first_days: dict[str, date]
) -> None:
    so_far = {month: sum(day < after(month) for day in first_days.values()) for month in all_months()}
    assert months(master("clv"), "customers") == so_far
    assert months(master("customer_retention"), "new_customers") == dict.fromkeys(all_months(), 0) | Counter(
        day.replace(day=1) for day in first_days.values()
    )


@pytest.mark.slow
def test_a_cohort_is_who_bought_first_in_its_month(
    master: Callable[[str], pl.DataFrame], bought: list[Purchase], first_days: dict[str, date]
) -> None:
    cohorts = master("cohort_retention").filter(pl.col("segment_by") == "all")
    sizes = dict(cohorts.filter(pl.col("months_since") == 0).select("cohort", "cohort_customers").rows())
    assert sizes == Counter(day.replace(day=1) for day in first_days.values())
    spent: dict[date, Decimal] = defaultdict(Decimal)
    for purchase in bought:
        spent[first_days[purchase.customer].replace(day=1)] += purchase.dollars
    last = cohorts.filter(pl.col("period_start") == date(1998, 6, 1))
    assert dict(last.select("cohort", "cumulative_revenue").rows()) == spent


@pytest.mark.slow
def test_active_is_who_bought_in_the_90_days_before_the_close(
    master: Callable[[str], pl.DataFrame], bought: list[Purchase]
) -> None:
    active = {
        month: len({p.customer for p in bought if p.day < after(month) <= p.day + WINDOW})
        for month in all_months()
    }
    assert months(master("customer_retention"), "closing_customers") == active


@pytest.mark.slow
def test_the_sample_gives_the_published_parameters(sample: Callable[[str], pl.DataFrame]) -> None:
    (fit,) = sample("clv_fits").filter(pl.col("closes_on") == date(1997, 10, 1)).to_dicts()
    assert (fit["customers"], fit["repeat_customers"], fit["is_fit_at_edge"]) == (2_357, 946, False)
    assert [round(fit[name], 3) for name in ("r", "alpha", "a", "b")] == [0.243, 4.414, 0.793, 2.426]
    assert round(fit["log_likelihood"], 1) == -9582.4
    assert [round(fit[name], 2) for name in ("p", "q", "v")] == [6.25, 3.74, 15.44]


def all_months() -> list[date]:
    return [date(1997 + number // 12, number % 12 + 1, 1) for number in range(18)]


def after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
