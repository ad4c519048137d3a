"""What `loyalty init` takes for what: by name, by what others call it, by likeness, each column once."""

from pathlib import Path

import pytest

from loyalty_pipeline.cli.init import landing_of, propose
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.opening import opened
from loyalty_pipeline.sources.proposals import nearest_table, proposed
from loyalty_pipeline.sources.shipped import names, shipped


@pytest.mark.parametrize(
    ("table", "names", "found"),
    [
        ("customers", ["Customers", "clients"], "Customers"),
        ("customers", ["crm.clients", "users"], "crm.clients"),
        ("invoice_lines", ["InvoiceLineItems", "invoices"], "InvoiceLineItems"),
        ("survey_responses", ["survey_reponses"], "survey_reponses"),
        ("invoices", ["inventory", "voices"], None),
        ("plans", [], None),
    ],
)
def test_a_table_is_found_by_its_name_by_a_common_one_or_by_likeness(
    table: str, names: list[str], found: str | None
) -> None:
    assert nearest_table(table, names) == found


def test_columns_are_mapped_where_they_are_called_otherwise_and_each_is_taken_once() -> None:
    columns = [
        "ID",
        "customer",
        "Status",
        "InvoiceDate",
        "currency_code",
        "Grand Total",
        "updated",
        "created_at",
    ]
    found = proposed("invoices", RAW_TABLES["invoices"], "bills", columns)
    assert found.is_complete
    assert found.columns == {
        "invoice_id": "ID",
        "customer_id": "customer",
        "status": "Status",
        "issued_at": "InvoiceDate",
        "currency": "currency_code",
        "total": "Grand Total",
        "updated_at": "updated",
    }
    assert len(set(found.columns.values())) == len(found.columns)


def test_required_columns_that_are_not_there_are_said_and_optional_ones_are_not() -> None:
    found = proposed("invoices", RAW_TABLES["invoices"], "bills", ["invoice_id", "customer_id", "issued_at"])
    assert found.missing == ("status", "currency", "total")
    assert found.columns == {}


def test_the_tables_of_a_folder_are_its_files_and_its_folders_of_files(tmp_path: Path) -> None:
    for name in (
        "Customers.csv",
        "bills/2024/a.csv",
        "notes.txt",
        "lines.csv.gz",
        ".hidden.csv",
        "empty/readme.md",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert FileSource.of(tmp_path, {}).names() == ["Customers", "bills", "lines"]


def test_tables_of_nobody_are_no_landing() -> None:
    assert landing_of(["people", "bills"]) == ""
    assert landing_of(list(RAW_TABLES)) == ""


@pytest.mark.parametrize("landing", names())
def test_the_tables_of_a_landing_are_known_and_its_proposal_is_settings_that_load(
    landing: str, tmp_path: Path
) -> None:
    read = {name for mapping in shipped(landing).values() for name in mapping.reads}
    assert landing_of(sorted(read)) == landing
    for name in read:
        (tmp_path / f"{name}.csv").write_text("id\n")
    out = tmp_path / "settings" / "loyalty.toml"
    out.parent.mkdir()
    propose(str(tmp_path), out, is_forced=False)
    settings = Settings.load(out)
    assert settings.sources["landed"].landing == landing
    assert settings.sources["landed"].url == str(out.parent / "..")
    with opened(settings) as sources:
        assert {table for table in shipped(landing) if sources.find(table)} == set(shipped(landing))
