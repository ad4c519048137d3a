"""What the doctor says of the files of expectations."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shop

GOOD = """
big: {expect: column_values_to_be_between, column: amount, max_value: 1000000}
there: {expect: table_row_count_to_be_between, min_value: 1}
tax_is_set: {mostly: 0.999}
"""
BAD = """
big: {expect: column_values_to_be_betwen, column: amount, max_value: 1000000}
tax_is_sat: {mostly: 0.999}
"""


@pytest.fixture
def folder(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOYALTY_SOURCE", str(shop.source))
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(shop.data))
    made = shop.source / "expectations"
    made.mkdir()
    return made


def test_the_doctor_counts_what_is_expected(shop: Shop, folder: Path) -> None:
    (folder / "invoice_lines.yaml").write_text(GOOD)
    (folder / "plans.yaml").write_text("# nothing yet\n")
    (folder / "customers.yaml").write_text(
        "name_length: {expect: column_value_lengths_to_be_between, column: name, min_value: 2}"
    )
    said = shop.call("doctor")
    assert said.code == 0, said.out
    assert f"ok   {folder}/invoice_lines.yaml: 2 expectations, 1 rule changed" in said.out
    assert f"ok   {folder}/plans.yaml: no entries" in said.out
    assert f"ok   {folder}/customers.yaml: 1 expectation\n" in said.out


def test_the_doctor_tells_every_fault_of_a_file_and_the_good_files_too(shop: Shop, folder: Path) -> None:
    (folder / "invoice_lines.yaml").write_text(BAD)
    (folder / "plans.yaml").write_text("# nothing yet\n")
    said = shop.call("doctor", "--json")
    assert said.code == 1
    findings = {Path(finding["subject"]).name: finding for finding in json.loads(said.out)}
    assert findings["plans.yaml"]["is_good"] is True
    assert findings["invoice_lines.yaml"]["is_good"] is False
    assert findings["invoice_lines.yaml"]["told"].splitlines() == [
        "line 2: big: no expectation is called column_values_to_be_betwen; did you mean column_values_to_be_between?",
        (
            "line 3: tax_is_sat: without `expect` an entry changes a rule of the contract, and none is called so; "
            "did you mean tax_is_set?"
        ),
    ]


def test_the_doctor_misses_a_folder_that_is_named(
    shop: Shop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.rmdir()
    assert "expectations" not in shop.call("doctor").out.replace("great-expectations", "")
    monkeypatch.setenv("LOYALTY_EXPECTATIONS", "nowhere")
    said = shop.call("doctor")
    assert said.code == 1
    assert "BAD  expectations: nowhere is not a folder" in said.out
