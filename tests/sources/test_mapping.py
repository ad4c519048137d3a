"""Mappings of tables and columns that do not exist are told, not ignored."""

import pytest

from loyalty_pipeline.settings import SettingsError, TableMapping
from loyalty_pipeline.sources.mapping import check_mappings


def test_a_mapping_of_tables_and_columns_that_exist_passes() -> None:
    mapping = TableMapping(file="people.csv", columns={"customer_id": "Id"}, values={"country": "DE"})
    check_mappings({"customers": mapping})


def test_every_unknown_table_and_column_is_told_with_the_nearest_one() -> None:
    mistaken = TableMapping(columns={"custmer_id": "Id"}, values={"contry": "DE"})
    with pytest.raises(SettingsError) as raised:
        check_mappings({"customer": TableMapping(), "customers": mistaken})
    assert str(raised.value).splitlines() == [
        "tables.customer: expected a raw table; did you mean customers?",
        "tables.customers.columns.custmer_id: expected a column of customers; did you mean customer_id?",
        "tables.customers.values.contry: expected a column of customers; did you mean country?",
    ]
