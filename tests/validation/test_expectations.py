"""Great Expectations on the verdicts: same answer for few rows and for many, and no import before it is needed."""

import subprocess
import sys
from datetime import UTC, datetime

import polars as pl
import pytest

from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation import expectations
from loyalty_pipeline.validation.expectations import check
from loyalty_pipeline.validation.rules import KEY, rules

RULES = [
    rule
    for rule in rules(RAW_TABLES["plans"], datetime(2024, 1, 1, tzinfo=UTC))
    if rule.name in ("amount_is_set", KEY)
]


@pytest.mark.parametrize("rows_shown", [1000, 10])
def test_a_rule_passes_up_to_its_tolerance_and_a_key_has_none(monkeypatch, rows_shown):
    monkeypatch.setattr(expectations, "ROWS_SHOWN_TO_GX", rows_shown)
    keys = pl.Series([f"p{number}" for number in range(100)])
    verdicts = pl.DataFrame({"amount_is_set": [False] * 7 + [True] * 93, KEY: [True] * 99 + [False]})
    passed = {}
    for share in (0.06, 0.07):
        results = check("plans", verdicts, rules=RULES, max_bad_share=share, keys=keys)
        passed |= {(share, result.rule): result.passed for result in results}
    assert passed == {
        (0.06, "amount_is_set"): False,
        (0.07, "amount_is_set"): True,
        (0.06, KEY): False,
        (0.07, KEY): False,
    }
    by_rule = {result.rule: result for result in results}
    assert by_rule["amount_is_set"].sample_keys == ["p0", "p1", "p2", "p3", "p4"]
    assert (by_rule["amount_is_set"].bad_rows, by_rule["amount_is_set"].share) == (7, 0.07)
    assert by_rule[KEY].blocks


def test_no_rows_need_no_check():
    assert check("plans", pl.DataFrame({"amount_is_set": []}), rules=RULES, max_bad_share=0.01) == []


def test_importing_landing_or_validation_does_not_import_great_expectations():
    code = (
        "import sys, loyalty_pipeline.landing, loyalty_pipeline.landing.table, loyalty_pipeline.validation.expectations;"
        "assert not {'great_expectations', 'pandas'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
