"""What every run found is on record, and published as it is on record."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.landing.checks import ChecksFailed
from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.validation.history import PLACE, ValidationHistory, remember, validation_history
from loyalty_pipeline.validation.results import CheckResult
from tests.landing.company import Company, customer, invoice, line
from tests.landing.plain_validator import PlainValidator

RUN_AT = datetime(2024, 6, 1, 3, tzinfo=UTC)
AS_OF = date(2024, 5, 10)


def check(rule: str = "amount_is_set", **given: Any) -> CheckResult:
    usual = {"severity": "critical", "passed": True, "rows": 10, "bad_rows": 0, "expectation": "anything"}
    return CheckResult("plans", "amount", rule, "amount is there", **(usual | given))


@pytest.fixture
def _counted_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)


@pytest.mark.parametrize(
    ("given", "verdict", "blocks"),
    [
        ({}, "passed", False),
        ({"bad_rows": 1}, "set aside", False),
        ({"bad_rows": 1, "passed": False}, "blocked", True),
        ({"passed": False}, "blocked", True),
        ({"passed": False, "error": "no such column"}, "failed to run", True),
        ({"severity": "warning"}, "passed", False),
        ({"severity": "warning", "bad_rows": 1}, "passed", False),
        ({"severity": "warning", "bad_rows": 1, "passed": False}, "warned", False),
        ({"severity": "warning", "passed": False, "error": "no such column"}, "failed to run", False),
    ],
)
def test_a_verdict_is_one_word_and_only_failed_critical_rules_block(
    given: dict[str, Any],
    verdict: str,
    blocks: bool,  # noqa: FBT001
) -> None:
    result = check(**given)
    assert (result.verdict, result.blocks) == (verdict, blocks)
    assert result.to_dict() | given == result.to_dict()
    assert result.to_dict()["verdict"] == verdict


def test_a_share_without_rows_is_nothing() -> None:
    assert (check(rows=0).share, check(bad_rows=3).share) == (0.0, 0.3)


def test_nothing_was_checked_before_the_first_run(tmp_path: Path) -> None:
    assert ValidationHistory.validate(validation_history(tmp_path)).is_empty()


def test_a_run_that_checked_nothing_adds_nothing(tmp_path: Path) -> None:
    remember(tmp_path, RUN_AT, "000001", [])
    assert list(tmp_path.iterdir()) == []
    remember(tmp_path, RUN_AT, "000001", [check()])
    before = (tmp_path / PLACE).read_bytes()
    remember(tmp_path, RUN_AT + timedelta(days=1), "", [])
    assert (tmp_path / PLACE).read_bytes() == before


def test_a_row_says_all_of_a_check_and_null_where_there_is_nothing_to_say(tmp_path: Path) -> None:
    failed = check("b", severity="warning", passed=False, rows=0, error="why", observed="what")
    remember(tmp_path, RUN_AT, "000001", [check(bad_rows=3, sample_keys=["p1"], sample_values=["v"]), failed])
    kept, broken = ValidationHistory.validate(validation_history(tmp_path)).to_dicts()
    assert kept == {
        "run_at": RUN_AT,
        "table": "plans",
        "check": "amount_is_set",
        "batch": "000001",
        "column": "amount",
        "expectation": "anything",
        "description": "amount is there",
        "severity": "critical",
        "verdict": "set aside",
        "rows": 10,
        "bad_rows": 3,
        "bad_share": 0.3,
        "observed": None,
        "error": None,
    }
    told = {"verdict": "failed to run", "severity": "warning", "rows": 0, "bad_share": None}
    assert {**broken, **told, "error": "why", "observed": "what"} == broken


def test_runs_follow_each_other_and_what_was_noted_stays(tmp_path: Path) -> None:
    remember(tmp_path, RUN_AT, "000001", [check("a"), check("b")])
    first = validation_history(tmp_path)
    remember(tmp_path, RUN_AT + timedelta(days=1), "", [check("a")])
    history = validation_history(tmp_path)
    assert history.head(2).equals(first)
    assert history["run_at"].is_sorted()
    assert history["batch"].to_list() == ["000001", "000001", ""]


@pytest.mark.usefixtures("_counted_in_python")
def test_every_run_that_read_something_is_on_record_in_the_same_words_as_in_its_report(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path, max_bad_share=0.4)
    company.write("customers", [customer(), customer(2, country="UK"), customer(3, country="??")])
    first = company.land()
    assert company.land().batch == "", "nothing has changed"
    history = ValidationHistory.validate(validation_history(company.settings.data_dir))
    assert history["run_at"].unique().to_list() == [first.extracted_at]
    said = ["table", "check", "verdict", "rows", "bad_rows"]
    assert history.select(said).rows() == [
        (result.table, result.rule, result.verdict, result.rows, result.bad_rows) for result in first.checks
    ]
    of_country = history.filter(table="customers", column="country").select("check", "verdict", "bad_rows")
    assert of_country.rows() == [
        ("country_has_the_right_shape", "set aside", 1),
        ("country_is_a_known_value", "warned", 2),
    ]


@pytest.mark.usefixtures("_counted_in_python")
def test_a_stopped_run_has_its_checks_up_to_the_one_that_stopped_it_and_no_batch(tmp_path: Path) -> None:
    company = Company(tmp_path, max_bad_share=0.4)
    company.write("invoices", [invoice(), invoice(2, status="lost")])
    with pytest.raises(ChecksFailed):
        company.land()
    history = ValidationHistory.validate(validation_history(company.settings.data_dir))
    assert history["batch"].unique().to_list() == [""]
    assert history["table"].unique(maintain_order=True).to_list() == ["customers", "invoices"]
    assert history.filter(verdict="blocked")["check"].to_list() == ["status_is_one_of_its_values"]


@pytest.mark.usefixtures("_counted_in_python")
def test_a_run_that_a_currency_without_a_rate_stopped_is_on_record_once_for_each_check(
    tmp_path: Path,
) -> None:
    company = Company(tmp_path)
    company.write("invoices", [invoice(currency="USD")])
    with pytest.raises(DataFault, match="no rate for USD"):
        company.land()
    history = ValidationHistory.validate(validation_history(company.settings.data_dir))
    assert history["batch"].unique().to_list() == [""]
    blocked = history.filter(verdict="blocked").select("table", "check", "observed").rows()
    assert [(table, name) for table, name, _ in blocked] == [("invoices", "table_can_be_landed")]
    assert "no rate for USD" in blocked[0][2]
    assert "invoice_lines" in history["table"], "what passed is on record as well"


@pytest.mark.slow
@pytest.mark.usefixtures("_counted_in_python")
def test_the_published_table_is_the_record_also_of_the_nights_that_published_nothing(tmp_path: Path) -> None:
    company = Company(tmp_path)
    settings = Settings(
        source=str(company.source), data_dir=tmp_path / "data", as_of=AS_OF, max_bad_share=0.4
    )
    first = published(settings)
    assert first.equals(recorded(settings))
    company.write("invoice_lines", [line(), line(2, kind="gift"), line(3, kind="gift")])
    with pytest.raises(ChecksFailed):
        nightly(settings)
    current = pl.read_parquet(settings.data_dir / "metrics" / "validation_history.parquet")
    assert current.equals(first), "what is published stays"
    company.write("invoice_lines", [line(), line(2)])
    last = published(settings)
    assert last.equals(recorded(settings))
    assert last.filter(table="invoice_lines", check="kind_is_one_of_its_values")["verdict"].to_list() == [
        "passed",
        "blocked",
        "passed",
    ]


def published(settings: Settings) -> pl.DataFrame:
    return pl.read_parquet(nightly(settings).publication.folder / "validation_history.parquet")


def recorded(settings: Settings) -> pl.DataFrame:
    return ValidationHistory.validate(validation_history(settings.data_dir)).sort(
        ValidationHistory.primary_key()
    )
