"""Every column of every table says what it means and in which unit, and nothing personal is published."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns

if TYPE_CHECKING:
    import dataframely as dy

COMPUTED = {name: table.contract for name, table in tables().items()}
EACH_TABLE = pytest.mark.parametrize("name", [*RAW_TABLES, *COMPUTED])
OF_CUSTOMERS = ("customer_clv", "advocates")
"""Published tables with a row per customer: an opaque id, and no name."""
EACH_PUBLISHED = pytest.mark.parametrize("name", [function.__name__ for function in PUBLISHED])


def contract_of(name: str) -> type[dy.Schema]:
    return COMPUTED[name] if name in COMPUTED else RAW_TABLES[name]


def facts(contract: type[dy.Schema], column: str) -> dict[str, Any]:
    return contract.columns()[column].metadata or {}


@EACH_TABLE
def test_every_column_is_described_in_a_sentence(name: str) -> None:
    columns = contract_of(name).columns()
    silent = [
        column
        for column, definition in columns.items()
        if not re.search(r"\w.*[.?]$", definition.description or "")
    ]
    assert silent == []


@EACH_TABLE
def test_every_number_has_a_unit(name: str) -> None:
    contract = contract_of(name)
    numbers = [column for column, dtype in polars_schema(contract).items() if dtype.is_numeric()]
    assert [column for column in numbers if not facts(contract, column).get("unit")] == []


@EACH_TABLE
def test_every_instant_is_in_utc_to_the_microsecond(name: str) -> None:
    schema = polars_schema(contract_of(name))
    instants = [dtype for dtype in schema.values() if isinstance(dtype, pl.Datetime)]
    assert set(instants) <= {pl.Datetime("us", "UTC")}


@EACH_TABLE
def test_every_table_says_what_one_row_is(name: str) -> None:
    assert re.match(r"One row (is|per) ", contract_of(name).__doc__ or "")


@EACH_PUBLISHED
def test_no_published_column_is_personal_and_only_tables_of_customers_name_one(name: str) -> None:
    personal = {column for raw in RAW_TABLES.values() for column in personal_columns(raw)}
    assert {"name", "email"} <= personal
    for column in COMPUTED[name].columns():
        assert column not in personal | {"invoice_id", "line_id"}
        assert column != "customer_id" or name in OF_CUSTOMERS
        assert not facts(COMPUTED[name], column).get("personal")


@EACH_PUBLISHED
def test_published_money_is_exact_to_the_cent_and_every_rate_a_float(name: str) -> None:
    for column, dtype in polars_schema(COMPUTED[name]).items():
        if isinstance(dtype, pl.Decimal):
            assert dtype == pl.Decimal(18, 2), column
        if column.endswith(("_rate", "_share", "_low", "_high")):
            assert dtype == pl.Float64, column
