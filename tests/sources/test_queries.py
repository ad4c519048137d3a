"""Raw tables that a query makes of several tables of a source."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.settings import Settings, SettingsError
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.minor_units import in_major_units

REFUNDS = {
    "query": """
        select refund.id as refund_id, charge.invoice_id, refund.amount, upper(refund.currency) as currency,
            refund.created as refunded_at, refund.synced as updated_at
        from refund left join charge on refund.charge_id = charge.id
    """,
    "reads": {
        "refund": {
            "id": "text",
            "charge_id": "text",
            "amount": "whole",
            "currency": "text",
            "created": "instant",
            "synced": "instant",
        },
        "charge": {"id": "text", "invoice_id": "text"},
    },
    "minor_units": {"amount": "currency"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    root.mkdir()
    rows = "re_2,ch_1,700,jpy,2024-01-02 10:00:00,2024-01-03\nre_1,ch_9,1999,usd,2024-01-01,2024-01-03\n"
    (root / "refund.csv").write_text(f"id,charge_id,amount,currency,created,synced\n{rows}")
    (root / "charge.csv").write_text("id,invoice_id\nch_1,in_1\n")
    return root


def made(folder: Path, mapping: dict[str, Any] = REFUNDS) -> list[dict[str, Any]]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    found = FileSource.of(folder, {"refunds": mapping}).find("refunds")
    assert found is not None
    return pl.read_parquet(found.parquet(scratch)).to_dicts()


def test_a_query_makes_the_rows_in_the_order_of_their_key(folder: Path) -> None:
    first, second = made(folder)
    assert (first["refund_id"], first["invoice_id"], first["amount"]) == ("re_1", None, "19.9900")
    assert (second["refund_id"], second["invoice_id"], second["amount"]) == ("re_2", "in_1", "700.0000")


def test_a_table_that_is_not_there_is_empty_but_for_the_first(folder: Path) -> None:
    (folder / "charge.csv").unlink()
    assert [row["invoice_id"] for row in made(folder)] == [None, None]
    (folder / "refund.csv").unlink()
    assert FileSource.of(folder, {"refunds": REFUNDS}).find("refunds") is None


def test_of_the_tables_that_one_of_names_any_is_enough(folder: Path) -> None:
    (folder / "refund.csv").unlink()
    either = REFUNDS | {"one_of": ["refund", "charge"]}
    assert made(folder, either) == []
    (folder / "charge.csv").unlink()
    assert FileSource.of(folder, {"refunds": either}).find("refunds") is None


def test_a_column_that_is_not_there_is_null(folder: Path) -> None:
    (folder / "charge.csv").write_text("id\nch_1\n")
    assert [row["invoice_id"] for row in made(folder)] == [None, None]


def test_a_value_that_is_not_of_the_type_it_is_read_as_is_refused(folder: Path) -> None:
    (folder / "refund.csv").write_text("id,amount\nre_1,a lot\n")
    with pytest.raises(
        SourceError, match=r"refunds: 1 of 1 values of .*refund\.csv amount cannot be read as whole"
    ):
        made(folder)


def test_a_query_that_cannot_be_run_says_which_and_why(folder: Path) -> None:
    with pytest.raises(SourceError, match=r"refunds: its query cannot be run: .*nowhere.*\[tables.refunds\]"):
        made(folder, REFUNDS | {"query": "select * from nowhere"})


def test_another_file_another_query_and_other_rules_change_the_fingerprint(folder: Path) -> None:
    def fingerprint(mapping: dict[str, Any] = REFUNDS, terms: str = "") -> str:
        found = FileSource.of(folder, {"refunds": mapping}).find("refunds")
        assert found is not None
        return found.fingerprint(terms)

    before = fingerprint()
    assert before == fingerprint()
    assert before != fingerprint(terms="stricter")
    assert before != fingerprint(REFUNDS | {"query": REFUNDS["query"] + " where true"})
    (folder / "charge.csv").write_text("id,invoice_id\nch_1,in_22\n")
    assert fingerprint() != before


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("-1999", "eur", "-19.9900"),
        ("5", "KWD", "0.0050"),
        ("12345", "UYW", "1.2345"),
        ("500", "isk", "5.0000"),
        ("1.5", "EUR", "1.5 minor units of EUR"),
        ("100", "XXX", "100 minor units of XXX"),
        ("100", None, "100 minor units of no currency"),
        (None, "EUR", None),
    ],
)
def test_minor_units_become_major_ones_exactly_or_stay_what_they_are(
    amount: str | None, currency: str | None, told: str | None
) -> None:
    rows = pl.DataFrame({"a": [amount], "c": [currency]}, schema={"a": pl.String, "c": pl.String})
    assert in_major_units(rows, "a", "c", {"isk": 2}).item(0, "a") == told


@given(st.lists(st.integers(-(10**13), 10**13), min_size=1), st.sampled_from(["EUR", "JPY", "BHD"]))
def test_minor_units_are_those_of_decimal_arithmetic(amounts: list[int], currency: str) -> None:
    digits = {"EUR": 2, "JPY": 0, "BHD": 3}[currency]
    rows = pl.DataFrame({"a": amounts, "c": [currency] * len(amounts)})
    found = in_major_units(rows, "a", "c", {})["a"].to_list()
    assert [Decimal(one) for one in found] == [Decimal(amount).scaleb(-digits) for amount in amounts]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"query": "select 1"}, "expected `query` and `reads` together"),
        ({"reads": {"refund": {"id": "text"}}}, "expected `query` and `reads` together"),
        ({"minor_units": {"amount": "currency"}}, "expected `minor_units` with a `query`"),
        (
            REFUNDS | {"one_of": ["refund", "charges"]},
            "expected tables of `reads` in `one_of`, found charges",
        ),
    ],
)
def test_half_of_a_query_is_a_wrong_setting(table: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Settings.load(tables={"refunds": table})
