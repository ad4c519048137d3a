"""Every mapping that comes with the package speaks of tables and columns that exist, and makes what contracts require."""

import re
from typing import Any

import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.settings import Settings, SettingsError, TableMapping
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.mapping import check_mappings
from loyalty_pipeline.sources.opening import mappings_of, source_of
from loyalty_pipeline.sources.shipped import names, shipped

from .landed import made_of_nothing

LANDINGS = ("dlt_stripe", "fivetran_hubspot", "fivetran_stripe", "fivetran_zendesk")
MAPPINGS = [(landing, table, mapping) for landing in names() for table, mapping in shipped(landing).items()]
EACH = pytest.mark.parametrize(
    ("table", "mapping"),
    [pytest.param(table, mapping, id=f"{landing}-{table}") for landing, table, mapping in MAPPINGS],
)


def test_these_landings_have_mappings() -> None:
    assert tuple(names()) == LANDINGS


@pytest.mark.parametrize("landing", names())
def test_a_mapping_names_raw_tables_and_their_columns(landing: str) -> None:
    check_mappings(shipped(landing))


@EACH
def test_a_query_makes_columns_of_the_contract_and_all_that_it_requires(
    table: str, mapping: TableMapping
) -> None:
    contract, made = RAW_TABLES[table], set(made_of_nothing(mapping).columns)
    needed = {name for name, column in contract.columns().items() if not column.nullable} - {"updated_at"}
    assert needed <= made
    # Beside these it has the currencies in which its cents are counted.
    assert made <= set(contract.column_names()) | set(mapping.minor_units.values())


@EACH
def test_a_query_makes_the_types_of_the_contract(table: str, mapping: TableMapping) -> None:
    made, columns = made_of_nothing(mapping).schema, RAW_TABLES[table].columns()
    for name, dtype in made.items():
        if name in columns and name not in mapping.minor_units:
            wanted = columns[name].dtype
            is_alike = (dtype.is_numeric() and wanted.is_numeric()) or dtype.base_type() == wanted.base_type()
            assert is_alike, f"{name}: {dtype}"


@EACH
def test_cents_are_amounts_of_the_contract_in_a_currency_of_the_result(
    table: str, mapping: TableMapping
) -> None:
    made, columns = made_of_nothing(mapping).columns, RAW_TABLES[table].columns()
    exact = {name for name in made if name in columns and columns[name].dtype.is_decimal()}
    assert set(mapping.minor_units) == exact
    assert set(mapping.minor_units.values()) <= set(made)


@EACH
def test_every_table_and_column_that_is_read_is_used(table: str, mapping: TableMapping) -> None:
    words = set(re.findall(r"\w+", mapping.query))
    tables, columns = set(mapping.reads), {name for names in mapping.reads.values() for name in names}
    assert (tables | columns) - words == set(), table


def sources(**tables: Any) -> Settings:
    billing = {"url": "billing", "landing": "fivetran_stripe"}
    crm = {"url": "crm", "landing": "fivetran_hubspot"}
    return Settings(sources={"billing": billing, "crm": crm}, tables=tables)


def test_a_table_that_two_landings_bring_must_be_placed() -> None:
    with pytest.raises(SourceError, match=r"customers: in the sources billing and crm\. Say which"):
        source_of(sources(), "customers")


def test_to_say_where_a_table_is_leaves_the_mapping_of_its_landing() -> None:
    settings = sources(customers={"source": "crm"})
    assert source_of(settings, "customers") == "crm"
    assert "from people" in mappings_of(settings, "crm")["customers"].query


def test_a_mapping_of_the_settings_takes_the_place_of_the_landing_s() -> None:
    settings = sources(customers={"source": "crm", "table": "people"})
    assert mappings_of(settings, "crm")["customers"].query == ""
    assert mappings_of(settings, "crm")["support_tickets"].query != ""


def test_an_unknown_landing_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        SettingsError, match=r"expected one of dlt_stripe, .*; did you mean fivetran_stripe\?"
    ):
        shipped("fivetran-stripe")
