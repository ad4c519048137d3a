"""`loyalty demo`, `doctor`, `ui`, and the help that leads to them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.lake.lock import exclusive
from tests.cli.conftest import Said, Shop


def test_help_names_every_command(call: Callable[..., Said]) -> None:
    said = call("--help")
    assert said.code == 0
    for command in ("run", "demo", "ui", "doctor"):
        assert command in said.out
    assert said.err == ""


def test_without_a_command_the_help_is_shown(call: Callable[..., Said]) -> None:
    said = call()
    assert said.code == 2
    assert "Usage" in said.out + said.err


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", ["--source", "--data-dir", "--as-of", "--full", "--settings", "--json"]),
        ("demo", ["--customers", "--months", "--seed", "--out"]),
        ("ui", ["--port", "--host"]),
        ("doctor", ["--settings", "--json"]),
    ],
)
def test_the_help_of_a_command_describes_its_options(
    call: Callable[..., Said], command: str, options: list[str]
) -> None:
    said = call(command, "--help")
    assert said.code == 0
    for option in options:
        assert option in said.out


def test_demo_writes_a_company_and_says_what_to_do_next(call: Callable[..., Said], tmp_path: Path) -> None:
    said = call("demo", "--customers", "20", "--months", "3", "--seed", "5", "--out", "company")
    assert said.code == 0
    assert "16 raw tables" in said.out
    assert "Next: loyalty run --source company --data-dir data" in said.out
    assert pl.read_parquet(tmp_path / "company" / "customers.parquet")["customer_id"].n_unique() >= 20
    assert (tmp_path / "company" / "loyalty.toml").exists()


def test_demo_of_no_customers_is_a_usage_error(call: Callable[..., Said]) -> None:
    said = call("demo", "--customers", "0")
    assert said.code == 2
    assert "Traceback" not in said.err


def test_the_doctor_finds_nothing_where_nothing_is_wrong(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_SOURCE", str(shop.source))
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(shop.data))
    said = shop.call("doctor")
    assert said.code == 0, said.out
    assert "BAD" not in said.out
    assert "ok   invoices: " in said.out
    assert "ok   refunds: not there; optional" in said.out


def test_the_doctor_says_what_is_wrong_and_fails(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_SOURCE", str(shop.source))
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(shop.data))
    (shop.source / "invoices.parquet").unlink()
    with exclusive(shop.data):
        said = shop.call("doctor", "--json")
    assert said.code == 1
    findings = {finding["subject"]: finding for finding in json.loads(said.out)}
    assert findings["invoices"]["is_good"] is False
    assert findings["invoices"]["told"] == "required, and not there"
    assert "is in use by process" in findings["lock"]["told"]
    assert findings["customers"]["is_good"] is True


def test_the_doctor_names_a_wrong_setting_and_a_missing_source(
    call: Callable[..., Said], tmp_path: Path
) -> None:
    (tmp_path / "wrong.toml").write_text("gross_margin = 2\n")
    said = call("doctor", "--settings", "wrong.toml")
    assert said.code == 1
    assert "BAD  settings: gross_margin" in said.out
    (tmp_path / "away.toml").write_text('source = "nowhere"\n')
    said = call("doctor", "--settings", "away.toml")
    assert said.code == 1
    assert "nowhere is not a folder" in said.out


def test_the_ui_outside_of_the_project_says_where_to_go(
    call: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    said = call("ui")
    assert said.code == 2
    assert "workspace.yaml is not here" in said.err
    assert "published" not in said.err


def test_the_ui_that_is_not_installed_says_how_to_install_it(
    call: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    said = call("ui")
    assert said.code == 2
    assert "pip install 'loyalty-pipeline[ui]'" in said.err


def test_the_ui_hands_its_address_to_dagster(
    call: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    (tmp_path / "workspace.yaml").touch()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: object())
    monkeypatch.setattr("loyalty_pipeline.cli.dagster_ui._tell_history", lambda: None)
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setattr(
        "subprocess.call", lambda command: commands.append([*command, os.environ["DAGSTER_HOME"]]) or 7
    )
    said = call("ui", "--port", "4000", "--host", "0.0.0.0")  # noqa: S104 - what somebody may ask for
    assert said.code == 7
    address = ["-h", "0.0.0.0", "-p", "4000"]  # noqa: S104 - as above
    assert commands[0][1:] == ["-m", "dagster", "dev", "-w", "workspace.yaml", *address, str(tmp_path)]
