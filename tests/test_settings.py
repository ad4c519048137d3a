"""Settings: where they come from, in which order, and what is said when one is wrong."""

import json
import os
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from loyalty_pipeline.settings import Settings, settings_schema
from loyalty_pipeline.settings_sources import SettingsError


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working directory and no variables of the machine's own."""
    for variable in list(os.environ):
        if variable.startswith("LOYALTY_"):
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def complaint(file: Path | None = None, **overrides: object) -> str:
    with pytest.raises(SettingsError) as raised:
        Settings.load(file, **overrides)
    return str(raised.value)


def test_nothing_said_means_the_defaults_of_the_definitions() -> None:
    settings = Settings.load()
    assert settings.timezone == "UTC"
    assert settings.reporting_currency == "EUR"
    assert settings.fiscal_year_start_month == 1
    assert settings.mrr_source is None
    assert (settings.renewal_grace_days, settings.delinquency_days) == (3, 30)
    assert settings.mrr_floor == Decimal("0.50")
    assert (settings.activity, settings.activity_window_days) == ("subscriptions", 90)
    assert (settings.gross_margin, settings.discount_rate) == (Decimal("0.8"), 0.1)
    assert (settings.clv_horizon_months, settings.advocacy_window_months, settings.advocacy_depth) == (
        36,
        12,
        5,
    )
    assert settings.max_bad_share == 0.01
    assert (settings.keep_snapshots, settings.keep_hours) == (3, 24)
    assert settings.start_schedules is False
    assert settings.tables == {}
    assert settings.expectations is None


def test_every_setting_has_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_an_argument_beats_the_environment_and_that_beats_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "loyalty.toml", "keep_hours = 31\nkeep_snapshots = 4\nadvocacy_depth = 1\n")
    monkeypatch.setenv("LOYALTY_KEEP_HOURS", "32")
    monkeypatch.setenv("LOYALTY_KEEP_SNAPSHOTS", "5")
    settings = Settings.load(keep_hours=33)
    assert (settings.keep_hours, settings.keep_snapshots, settings.advocacy_depth) == (33, 5, 1)


def test_an_argument_of_none_and_an_empty_variable_count_as_not_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "loyalty.toml", "as_of = 2026-05-01\ntimezone = 'Asia/Tokyo'\n")
    monkeypatch.setenv("LOYALTY_TIMEZONE", "")
    settings = Settings.load(as_of=None)
    assert (settings.as_of, settings.timezone) == (date(2026, 5, 1), "Asia/Tokyo")


def test_the_file_in_the_source_folder_comes_before_that_of_the_working_directory(tmp_path: Path) -> None:
    write(tmp_path / "loyalty.toml", "keep_hours = 31\nadvocacy_depth = 1\n")
    write(tmp_path / "company/loyalty.toml", "keep_hours = 32\n")
    settings = Settings.load(source="company")
    assert (settings.keep_hours, settings.advocacy_depth) == (32, 5)


def test_without_any_source_the_file_of_the_default_one_is_found(tmp_path: Path) -> None:
    write(tmp_path / "data/demo/loyalty.toml", "source = '.'\nkeep_hours = 32\n")
    settings = Settings.load()
    assert (settings.keep_hours, Path(settings.source)) == (32, Path("data/demo"))


def test_a_source_named_in_the_environment_finds_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "company/loyalty.toml", "keep_hours = 32\n")
    monkeypatch.setenv("LOYALTY_SOURCE", "company")
    assert Settings.load().keep_hours == 32


def test_a_file_that_is_named_is_the_only_one_read(tmp_path: Path) -> None:
    write(tmp_path / "loyalty.toml", "keep_hours = 31\n")
    named = write(tmp_path / "other/mine.toml", "advocacy_depth = 2\n")
    settings = Settings.load(named)
    assert (settings.keep_hours, settings.advocacy_depth) == (24, 2)


def test_paths_in_a_file_start_at_its_folder_and_others_at_the_working_directory(tmp_path: Path) -> None:
    named = write(tmp_path / "company/loyalty.toml", "source = '.'\ndata_dir = '../lake'\n")
    assert Settings.load(named).source == str(tmp_path / "company")
    assert Settings.load(named).data_dir.resolve() == tmp_path / "lake"
    assert Settings.load(named, data_dir="here").data_dir == Path("here")


def test_a_folder_of_expectations_that_is_there_need_not_be_named(tmp_path: Path) -> None:
    (tmp_path / "company/expectations").mkdir(parents=True)
    assert Settings.load(source="company").expectations == Path("company/expectations")
    assert Settings.load(source="s3://bucket/raw").expectations is None
    write(tmp_path / "loyalty.toml", "source = 'company'\n")
    assert Settings.load().expectations == Path("company/expectations")
    (tmp_path / "expectations").mkdir()
    assert Settings.load().expectations == Path("expectations")


def test_a_folder_of_expectations_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "company/expectations").mkdir(parents=True)
    named = write(tmp_path / "company/loyalty.toml", "source = '.'\nexpectations = '../rules'\n")
    found = Settings.load(named).expectations
    assert found is not None
    assert found.resolve() == tmp_path / "rules"
    monkeypatch.setenv("LOYALTY_EXPECTATIONS", "others")
    assert Settings.load(named).expectations == Path("others")


def test_a_source_may_be_a_url_and_stays_as_it_is(tmp_path: Path) -> None:
    named = write(tmp_path / "loyalty.toml", "source = 's3://bucket/raw'\n")
    assert Settings.load(named).source == "s3://bucket/raw"
    assert Settings.load(source="gs://other/raw").source == "gs://other/raw"


def test_money_is_read_as_its_decimal_digits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / "loyalty.toml", "mrr_floor = 0.1\ngross_margin = 0.7\ndiscount_rate = 0.12\n")
    settings = Settings.load()
    assert (settings.mrr_floor, settings.gross_margin) == (Decimal("0.1"), Decimal("0.7"))
    assert settings.discount_rate == 0.12
    monkeypatch.setenv("LOYALTY_MRR_FLOOR", "0.2")
    assert Settings.load().mrr_floor == Decimal("0.2")


def test_tables_map_names_and_constants_of_a_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(
        tmp_path / "loyalty.toml",
        """
        [tables.customers]
        file = "people.csv"
        columns = { customer_id = "Id" }
        values = { country = "DE", birth_year = 1980, created_at = 2026-01-01T00:00:00Z }
        """,
    )
    mapping = Settings.load().tables["customers"]
    assert (mapping.file, mapping.columns) == ("people.csv", {"customer_id": "Id"})
    assert mapping.values["country"] == "DE"
    assert mapping.values["birth_year"] == 1980
    assert mapping.values["created_at"] == datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))
    monkeypatch.setenv("LOYALTY_TABLES", '{"customers": {"file": "folk.csv"}}')
    assert Settings.load().tables["customers"].file == "folk.csv"


def test_arguments_alone_read_neither_environment_nor_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / "loyalty.toml", "keep_hours = 31\n")
    monkeypatch.setenv("LOYALTY_ADVOCACY_DEPTH", "1")
    settings = Settings()
    assert (settings.keep_hours, settings.advocacy_depth) == (24, 5)


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.keep_hours = 31  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("timezone", "Europe/Berln", "expected the IANA name of a time zone, did you mean Europe/Berlin?"),
        ("timezone", "America", "expected the IANA name of a time zone"),
        ("timezone", "../etc/passwd", "expected the IANA name of a time zone"),
        ("reporting_currency", "euro", "expected an ISO 4217 code, such as EUR"),
        ("fiscal_year_start_month", "13", "expected less than or equal to 12"),
        ("fiscal_year_start_month", "0", "expected greater than or equal to 1"),
        ("mrr_source", "invoices", "expected 'subscription_items' or 'invoice_lines'"),
        ("activity", "clicks", "expected 'subscriptions' or 'purchases'"),
        ("activity_window_days", "0", "expected greater than or equal to 1"),
        ("renewal_grace_days", "-1", "expected greater than or equal to 0"),
        ("delinquency_days", "many", "expected a valid integer"),
        ("delinquency_days", "1.5", "expected a valid integer"),
        ("mrr_floor", "-0.01", "expected greater than or equal to 0"),
        ("mrr_floor", "0.00001", "expected no more than 4"),
        ("mrr_floor", "NaN", "expected a finite number"),
        ("gross_margin", "80", "expected less than or equal to 1"),
        ("discount_rate", "nan", "expected"),
        ("max_bad_share", "1.01", "expected less than or equal to 1"),
        ("keep_snapshots", "2", "expected greater than or equal to 3"),
        ("keep_hours", "23", "expected greater than or equal to 24"),
        ("as_of", "yesterday", "expected a valid date"),
        ("nightly_cron", "at three", "expected five fields"),
        ("nightly_cron", "0 0 3 * * *", "expected five fields"),
        ("start_schedules", "perhaps", "expected a valid boolean"),
    ],
)
def test_a_wrong_value_is_told_with_its_name_origin_and_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, expected: str
) -> None:
    variable = f"LOYALTY_{name.upper()}"
    monkeypatch.setenv(variable, value)
    told = complaint()
    assert told.startswith(f'{name} = "{value}" ({variable}): ')
    assert expected in told
    monkeypatch.delenv(variable)
    file = write(tmp_path / "wrong.toml", f"{name} = '{value}'\n")
    assert f"({file})" in complaint(file)
    assert "(argument)" in complaint(**{name: value})


def test_a_source_without_a_name_is_wrong() -> None:
    assert complaint(source="") == 'source = "" (argument): expected at least 1 character'


def test_all_wrong_settings_are_told_at_once() -> None:
    assert len(complaint(timezone="Nowhere/Land", keep_hours=-1).splitlines()) == 2


def test_an_unknown_name_is_told_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = write(tmp_path / "loyalty.toml", "time_zone = 'UTC'\n")
    assert complaint() == "time_zone (loyalty.toml): no such setting; did you mean timezone?"
    file.write_text("[tables.customers]\ncolums = { customer_id = 'Id' }\n", "utf-8")
    assert complaint() == "tables.customers.colums (loyalty.toml): no such setting; did you mean columns?"
    file.unlink()
    assert complaint(asof="2026-01-01") == "asof (argument): no such setting; did you mean as_of?"
    monkeypatch.setenv("LOYALTY_TIME_ZONE", "UTC")
    assert complaint() == "LOYALTY_TIME_ZONE (environment): no such setting; did you mean LOYALTY_TIMEZONE?"


def test_a_secret_is_taken_from_the_environment_only_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = write(tmp_path / "loyalty.toml", "alert_webhook = 'https://chat.example/s3cret'\n")
    told = complaint()
    assert "LOYALTY_ALERT_WEBHOOK" in told
    assert "s3cret" not in told
    file.unlink()
    monkeypatch.setenv("LOYALTY_ALERT_WEBHOOK", "ftp://chat.example/s3cret")
    assert "s3cret" not in complaint()
    monkeypatch.setenv("LOYALTY_ALERT_WEBHOOK", "https://chat.example/s3cret")
    settings = Settings.load()
    assert "s3cret" not in repr(settings)
    assert settings.alert_webhook is not None
    assert settings.alert_webhook.get_secret_value() == "https://chat.example/s3cret"


def test_a_file_that_is_missing_or_malformed_is_told_with_its_name(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    assert complaint(missing).startswith(f"{missing}: expected a settings file")
    malformed = write(tmp_path / "bad.toml", "timezone = UTC\n")
    assert complaint(malformed).startswith(f"{malformed}: expected TOML")


def test_tables_in_the_environment_must_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_TABLES", "customers=people.csv")
    assert complaint().startswith("tables (LOYALTY_TABLES): expected JSON")


def test_the_as_of_is_the_setting_else_the_day_of_the_run_in_the_reporting_time_zone() -> None:
    assert Settings(as_of=date(2026, 5, 1)).as_of_date(date(2026, 6, 1)) == date(2026, 5, 1)
    assert Settings().as_of_date(date(2026, 6, 1)) == date(2026, 6, 1)
    # 26 hours lie between these zones, so at any moment their dates differ.
    west, east = Settings(timezone="Etc/GMT+12"), Settings(timezone="Pacific/Kiritimati")
    assert east.as_of_date() - west.as_of_date() in {timedelta(days=1), timedelta(days=2)}


def test_the_schema_names_every_setting_that_a_file_may_have() -> None:
    schema = settings_schema()
    assert set(schema["properties"]) == set(Settings.model_fields) - {"alert_webhook"}
    assert schema["additionalProperties"] is False
    assert all(entry.get("description") for entry in schema["properties"].values())
    json.dumps(schema)
