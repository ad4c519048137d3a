"""Rules come from the contracts, each with one name and one sentence."""

from datetime import UTC, datetime

import pytest

from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns
from loyalty_pipeline.validation.rules import FUTURE, rules

NOW = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("table", RAW_TABLES)
def test_every_rule_of_a_table_has_its_own_name_and_a_column_of_the_table(table):
    contract = RAW_TABLES[table]
    found = rules(contract, NOW)
    assert len({rule.name for rule in found}) == len(found)
    columns = {*contract.columns(), ", ".join(contract.primary_key())}
    assert {rule.column for rule in found} <= columns


def test_a_source_without_updated_at_is_not_held_to_it():
    contract = RAW_TABLES["invoices"]
    assert FUTURE in {rule.name for rule in rules(contract, NOW)}
    assert not {rule.name for rule in rules(contract)} & {FUTURE, "updated_at_is_set"}


def test_no_key_is_personal_so_that_samples_of_keys_may_be_shown():
    for contract in RAW_TABLES.values():
        assert not set(contract.primary_key()) & set(personal_columns(contract))
