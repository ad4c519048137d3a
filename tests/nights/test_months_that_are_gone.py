"""Months in which nothing happens any more leave nothing behind in those after them."""

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from loyalty_pipeline.pipeline import open_lake
from tests.nights.company import Company
from tests.nights.rebuild import difference, rebuilt
from tests.nights.shop import bill, night, record, shop, told


def differences(company: Company, root: Path) -> dict[str, str]:
    """What is not as in a full rebuild, or stale, after another night."""
    night(company, root / "data")
    settings = company.chosen(root / "data")
    lake = open_lake(settings)
    assert [name for name in lake.tables if lake.stale(name)] == []
    return difference(lake, rebuilt(settings, root / "fresh"))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Path]:
    """The shop after its first night."""
    company, root = shop(), tmp_path_factory.mktemp("begun")
    night(company, root / "data")
    return company, root


@pytest.fixture
def company(begun: tuple[Company, Path], tmp_path: Path) -> Company:
    """The same, whose data are this test's."""
    shutil.copytree(begun[1], tmp_path, dirs_exist_ok=True, copy_function=os.link)
    return begun[0].copy()


def test_who_paid_before_the_first_month_that_is_left_has_paid_nothing(
    company: Company, tmp_path: Path
) -> None:
    company.say("customers", record("zoe"))
    bill(company, "zoe", 1)
    night(company, tmp_path / "data")
    for table in ("invoices", "invoice_lines"):
        gone = datetime(2024, 6, 19, tzinfo=UTC)
        company.say(table, told(company, table, "zoe 1"), updated_at=gone, deleted_at=gone)
    assert differences(company, tmp_path) == {}


def test_a_first_month_that_is_earlier_is_there_for_those_after_it(company: Company, tmp_path: Path) -> None:
    company.say("customers", record("zoe"))
    bill(company, "zoe", 1)
    assert differences(company, tmp_path) == {}


def test_an_as_of_of_months_ago_takes_the_months_since_away_and_brings_them_again(
    company: Company, tmp_path: Path
) -> None:
    company.settings["as_of"] = date(2024, 4, 2)
    assert differences(company, tmp_path) == {}
    company.settings["as_of"] = date(2024, 6, 20)
    assert differences(company, tmp_path) == {}


def test_rows_that_come_into_another_month_with_another_clock_leave_theirs(
    company: Company, tmp_path: Path
) -> None:
    company.settings["timezone"] = "America/New_York"
    assert differences(company, tmp_path) == {}
    company.settings["timezone"] = "UTC"
    assert differences(company, tmp_path) == {}
