"""Several sources: which one a table is read from, and what is said where that is not clear."""

from pathlib import Path

import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.pipeline import extract
from loyalty_pipeline.settings import Settings, SettingsError
from loyalty_pipeline.sources.opening import is_database, opened, source_of
from tests.landing.company import MINIMAL, Company, customer, invoice
from tests.landing.shop import Shop
from tests.sources.databases.shops import SqliteShop


def test_a_table_is_read_from_the_source_that_lists_it_or_that_its_mapping_names_else_from_the_default() -> (
    None
):
    settings = Settings(
        source="exports",
        sources={"crm": {"url": "crm", "tables": ["customers"]}, "billing": {"url": "billing"}},
        tables={"invoices": {"source": "billing"}},
    )
    assert [source_of(settings, table) for table in ("customers", "invoices", "plans")] == [
        "crm",
        "billing",
        "",
    ]


def test_without_a_default_other_tables_are_nowhere_and_a_single_source_has_them_all() -> None:
    two = Settings(
        sources={"a": {"url": "a", "tables": ["customers"]}, "b": {"url": "b", "tables": ["plans"]}}
    )
    assert source_of(two, "invoices") is None
    with opened(two) as sources:
        assert sources.find("invoices") is None
    assert source_of(Settings(sources={"only": {"url": "x"}}), "invoices") == "only"


@pytest.mark.parametrize(
    ("address", "is_it"),
    [
        ("data/demo", False),
        ("s3://b/p", False),
        ("https://h/x", False),
        ("postgresql://u:p[x@h/d", True),
        ("sqlite:///x", True),
    ],
)
def test_what_has_a_scheme_that_is_no_files_is_a_database(address: str, is_it: bool) -> None:  # noqa: FBT001
    assert is_database(address) is is_it


def test_two_sources_that_list_a_table_are_an_error_that_says_what_to_do() -> None:
    settings = Settings(sources={name: {"url": name, "tables": ["plans"]} for name in ("a", "b")})
    with pytest.raises(
        SourceError, match=r"plans: in the sources a and b\. Say which: \[tables\.plans\] source = "
    ):
        source_of(settings, "plans")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"tables": {"plans": {"source": "biling"}}},
            "tables.plans.source = biling: .*did you mean billing",
        ),
        (
            {"sources": {"billing": {"url": "b", "tables": ["custmers"]}}},
            "sources.billing.tables: custmers: .*did you mean customers",
        ),
    ],
)
def test_names_that_do_not_exist_are_wrong_settings(tmp_path: Path, more: dict, told: str) -> None:
    settings = Settings(**({"sources": {"billing": {"url": "b"}}, "data_dir": tmp_path} | more))
    with pytest.raises(SettingsError, match=told):
        extract(settings)


def test_rows_of_a_database_that_wait_for_a_file_are_released_by_it(tmp_path: Path) -> None:
    files = Company(tmp_path / "files")
    file = SqliteShop(tmp_path / "shop.db")
    shop = Shop(tmp_path / "shop", file.address, file.execute)
    shop.write("invoices", [invoice(1), invoice(2, customer_id="c2")])
    settings = Settings(
        source=file.address,
        sources={"crm": {"url": str(files.source), "tables": ["customers"]}},
        data_dir=tmp_path / "data",
        max_bad_share=1,
    )
    assert extract(settings).tables["invoices"].waiting == 1
    files.write("customers", [customer(1), customer(2)])
    report = extract(settings)
    assert report.tables["invoices"].released == 1
    assert not extract(settings).batch


def test_customers_of_files_and_invoices_of_a_database_land_together(tmp_path: Path) -> None:
    files = Company(tmp_path / "files")
    file = SqliteShop(tmp_path / "shop.db")
    shop = Shop(tmp_path / "shop", file.address, file.execute)
    for table in ("invoices", "invoice_lines"):
        (files.source / f"{table}.parquet").unlink()
    shop.execute("drop table customers")
    settings = Settings(
        source=str(files.source),
        sources={"billing": {"url": file.address, "tables": ["invoices", "invoice_lines"]}},
        data_dir=tmp_path / "data",
    )
    report = extract(settings)
    assert {name: table.accepted for name, table in report.tables.items() if table.batch} == dict.fromkeys(
        MINIMAL, 1
    )
    assert not extract(settings).batch
