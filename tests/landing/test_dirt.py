"""Every rule of every raw table sets aside the row that breaks it, whole, and no other."""

from importlib import import_module

import polars as pl
import pytest

from loyalty_pipeline.landing import LandingReport
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.validation.dirt import NEVER_READ, dirt, dirty, frame_of, good, reasons, row_rules

from .company import Company
from .plain_validator import PlainValidator

ALL = [(table, rule) for table in RAW_TABLES for rule in reasons(table)]
FIRST = 100
"""The number of the first dirty row."""


def rows_of(table: str) -> dict[str, dict[str, str | None]]:
    """A dirty row for each reason."""
    return {rule: dirty(table, rule, number=FIRST + n) for n, rule in enumerate(reasons(table))}


@pytest.fixture(scope="module")
def landed(tmp_path_factory) -> tuple[Company, LandingReport]:
    """A company with two good rows of each table, and between them one that breaks each rule."""
    company = Company(tmp_path_factory.mktemp("company"), max_bad_share=1.0)
    for table in RAW_TABLES:
        rows = [good(table), *rows_of(table).values(), good(table, 2)]
        frame_of(table, rows).write_parquet(company.source / f"{table}.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)
        return company, company.land()


@pytest.mark.parametrize("table", RAW_TABLES)
def test_every_rule_about_a_row_has_dirt_that_breaks_it(table):
    breakable = {rule.name for rule in row_rules(table) if rule.expectation not in NEVER_READ}
    assert breakable == dirt(table).keys()
    assert all(dirty(table, rule, number=1) != good(table) for rule in breakable)


@pytest.mark.parametrize("table", RAW_TABLES)
def test_good_rows_land_and_every_other_is_set_aside(landed, table):
    company, report = landed
    found = report.tables[table]
    assert (found.extracted, found.accepted) == (len(reasons(table)) + 2, 2)
    assert (found.quarantined, found.duplicates, found.already_landed) == (len(reasons(table)), 0, 0)
    assert found.waiting == sum(rule.endswith("_refers_to_a_row") for rule in reasons(table))
    assert sorted(company.rows(table)["_row"]) == [1, found.extracted]
    counted = {check.rule: check.bad_rows for check in found.checks if check.severity == "critical"}
    broken = {rule: bad for rule, bad in counted.items() if bad}
    assert broken == dict.fromkeys(reasons(table), 1)


@pytest.mark.parametrize(("table", "rule"), ALL)
def test_the_row_that_breaks_a_rule_is_in_the_quarantine_whole_with_that_reason(landed, table, rule):
    company, _ = landed
    number = 2 + reasons(table).index(rule)
    (row,) = company.quarantined(table).filter(_row=number).to_dicts()
    assert row["_reasons"] == [rule]
    assert row["_waiting"] == rule.endswith("_refers_to_a_row")
    assert {name: row[name] for name in RAW_TABLES[table].columns()} == rows_of(table)[rule]


@pytest.mark.parametrize("table", RAW_TABLES)
def test_a_key_of_no_length_is_missing(tmp_path, table):
    company = Company(tmp_path, max_bad_share=1.0)
    lengthless = [rule.column for rule in row_rules(table) if rule.expectation in NEVER_READ]
    rows = [good(table, FIRST + n) | {column: "  "} for n, column in enumerate(lengthless)]
    for parent in RAW_TABLES:
        frame_of(parent, [good(parent), *(rows if parent == table else [])]).write_parquet(
            company.source / f"{parent}.parquet"
        )
    company.land()
    if lengthless:
        bad = company.quarantined(table)
        assert bad["_reasons"].to_list() == [[f"{column}_is_set"] for column in lengthless]
        assert pl.concat([bad[column] for column in lengthless]).to_list() == ["  "] * len(lengthless)


def test_a_value_that_warns_lands(tmp_path):
    company = Company(tmp_path, max_bad_share=0.0)
    for table in RAW_TABLES:
        warning = [rule for rule in dirt(table) if rule not in reasons(table)]
        rows = [good(table), *(dirty(table, rule, number=FIRST + n) for n, rule in enumerate(warning))]
        frame_of(table, rows).write_parquet(company.source / f"{table}.parquet")
    report = company.land()
    assert {table: found.accepted for table, found in report.tables.items() if found.accepted > 1} == {
        "customers": 2
    }
    assert [check.rule for check in report.checks if check.verdict == "warned"] == [
        "country_is_a_known_value"
    ]
