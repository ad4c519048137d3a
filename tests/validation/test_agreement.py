"""On messy tables Great Expectations finds the rows that a plain count finds, in one slice and in several."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.landing import LandingReport
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.results import CheckResult
from loyalty_pipeline.validation.rule import KEY, ONE_VERSION, Rule
from loyalty_pipeline.validation.validator import Judgement, Rows, Validator
from tests.landing.company import Company
from tests.landing.plain_validator import PlainValidator
from tests.validation.dirt import dirt, frame_of, messy

EXTRACTED_AT = datetime(2024, 6, 1, 3, tzinfo=UTC)
TOLD_ALIKE = ("rule", "column", "severity", "passed", "rows", "bad_rows", "sample_keys", "error")


Judgements = list[tuple[Judgement, Judgement]]


@pytest.fixture
def judged_twice(monkeypatch: pytest.MonkeyPatch) -> tuple[Validator, Judgements]:
    """Landings judge twice and let all pass, so that every table is judged: the real validator, and what came of it."""
    real, judgements = Validator(0.0), Judgements()

    class Both(Validator):
        def validate(self, rows: Rows, rules: Sequence[Rule]) -> Judgement:
            plain = PlainValidator(real.max_bad_share)
            judgements.append((real.validate(rows, rules), plain.validate(rows, rules)))
            return PlainValidator(1.0).validate(rows, rules)

    monkeypatch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", Both)
    return real, judgements


@pytest.mark.slow
def test_every_rule_of_every_table_finds_the_rows_that_a_plain_count_finds(
    tmp_path: Path, judged_twice: tuple[Validator, Judgements]
) -> None:
    validator, both = judged_twice
    dice = random.Random(7)  # noqa: S311 - not a secret
    company = Company(tmp_path, max_bad_share=1.0)
    for night, share in enumerate((0.04, 0.06)):
        validator.max_bad_share = share
        for number, table in enumerate(RAW_TABLES):
            # The second night finds what landed in the first, and some of its tables are empty.
            rows = messy(table, dice, 300) if not night else messy(table, dice, 60) if number % 4 else []
            frame_of(table, rows).write_parquet(company.source / f"{table}.parquet")
        company.land(extracted_at=EXTRACTED_AT.replace(day=1 + night))
    for real, plain in both:
        for ours, theirs in zip(real.results, plain.results, strict=True):
            assert told(ours) == told(theirs)
        assert real.reasons.sort("_row").to_dicts() == plain.reasons.sort("_row").to_dicts()
    checks = [check for real, _ in both for check in real.results]
    assert {check.verdict for check in checks} == {"passed", "set aside", "warned", "blocked"}
    broken = {(check.table, check.rule) for check in checks if check.bad_rows}
    expected = {(table, rule) for table in RAW_TABLES for rule in (*dirt(table), ONE_VERSION)}
    assert broken == expected


def told(result: CheckResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in TOLD_ALIKE}


@pytest.fixture
def in_slices(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it, and from then on a slice has 10 rows."""

    def cut() -> None:
        for module in ("sources.extract", "landing.reading", "landing.filing"):
            monkeypatch.setattr(import_module(f"loyalty_pipeline.{module}"), "SLICE_ROWS", 10)

    return cut


SLICED = ("customers", "invoices", "invoice_lines", "survey_responses")


def landed(folder: Path) -> tuple[list[LandingReport], dict[str, list[dict[str, Any]]]]:
    """Two nights of a messy company: the reports, and what has landed and what was set aside."""
    company, dice, reports = Company(folder, max_bad_share=1.0), random.Random(3), []  # noqa: S311 - not a secret
    for count in (45, 61):
        for table in SLICED:
            frame_of(table, messy(table, dice, count)).write_parquet(company.source / f"{table}.parquet")
        reports.append(company.land())
    found = {table: company.rows(table).sort("_batch", "_row").to_dicts() for table in SLICED}
    for table in SLICED:
        for report in reports:
            found[f"{table} {report.batch}"] = company.quarantined(table, report.batch).to_dicts()
    return reports, found


def test_a_table_of_several_slices_lands_as_one_of_one_slice_does(
    tmp_path: Path, in_slices: Callable[[], None]
) -> None:
    whole, found = landed(tmp_path / "whole")
    in_slices()
    sliced, found_in_slices = landed(tmp_path / "sliced")
    assert found_in_slices == found
    assert [report.to_dict() for report in sliced] == [report.to_dict() for report in whole]
    assert min(len(rows) for rows in found.values()) > 10, "each has several slices"
    assert KEY in {check.rule for check in sliced[0].checks}
