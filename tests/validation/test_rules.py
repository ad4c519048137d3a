"""Rules come from the contracts, each with one name and one sentence."""

import subprocess
import sys

import pytest

from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns
from loyalty_pipeline.validation.rule import ALL_READ, FUTURE, KEY, NO_COLUMN_LOST, NO_COLUMN_NEW
from loyalty_pipeline.validation.rules import rules


@pytest.mark.parametrize("table", RAW_TABLES)
def test_every_rule_of_a_table_has_its_own_name_and_columns_of_the_table(table: str) -> None:
    contract = RAW_TABLES[table]
    found = rules(contract)
    assert len({rule.name for rule in found}) == len(found)
    assert len({rule.description for rule in found}) == len(found)
    columns = {*contract.columns(), ", ".join(contract.primary_key())}
    assert {rule.column for rule in found if rule.is_about_rows} <= columns
    assert {rule.column for rule in found if not rule.is_about_rows} == {"*"}


@pytest.mark.parametrize("table", RAW_TABLES)
def test_a_table_is_held_to_its_key_its_count_and_its_columns(table: str) -> None:
    found = {rule.name: (rule.severity, rule.tolerance) for rule in rules(RAW_TABLES[table])}
    assert found[KEY] == ("critical", "none")
    assert found[ALL_READ] == found[NO_COLUMN_LOST] == ("critical", "its own")
    assert found[NO_COLUMN_NEW] == ("warning", "its own")


@pytest.mark.parametrize("table", RAW_TABLES)
def test_every_column_that_may_not_be_missing_has_a_rule_that_says_so(table: str) -> None:
    columns = RAW_TABLES[table].columns()
    found = {
        rule.column for rule in rules(RAW_TABLES[table]) if rule.expectation == "column_values_to_not_be_null"
    }
    assert found == {name for name, column in columns.items() if not column.nullable}


def test_a_source_without_updated_at_is_not_held_to_it() -> None:
    contract = RAW_TABLES["invoices"]
    with_it = {rule.name for rule in rules(contract)}
    without = {rule.name for rule in rules(contract, has_updated_at=False)}
    assert with_it - without == {FUTURE, "updated_at_is_set", "updated_at_can_be_read"}
    assert without <= with_it


def test_no_key_is_personal_so_that_samples_of_keys_may_be_shown() -> None:
    for contract in RAW_TABLES.values():
        assert not set(contract.primary_key()) & set(personal_columns(contract))


def test_no_rule_shows_values_of_a_personal_column() -> None:
    for contract in RAW_TABLES.values():
        shown = {rule.column for rule in rules(contract) if rule.shows_values}
        assert not shown & set(personal_columns(contract))
    assert shown


def test_importing_landing_or_validation_imports_neither_great_expectations_nor_pandas() -> None:
    code = (
        "import sys, loyalty_pipeline.landing, loyalty_pipeline.landing.table, loyalty_pipeline.validation.validator;"
        "import loyalty_pipeline.validation.entries, loyalty_pipeline.validation.suite, loyalty_pipeline.pipeline;"
        "import loyalty_pipeline.validation.history;"
        "assert not {'great_expectations', 'pandas'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
