"""Invoices: their state at the as-of, and when unpaid service stops counting."""

from typing import Any

import polars as pl

from loyalty_pipeline.sources.billing import Invoice
from loyalty_pipeline.staging.invoices import billed_invoices
from loyalty_pipeline.staging.met_merges import MetMerge
from tests.whiteboard import at, rows, table

AS_OF = at("2024-03-01")


def billed(*invoices: dict[str, Any], merges: tuple[dict[str, str], ...] = ()) -> pl.LazyFrame:
    drawn = table(
        Invoice, *invoices, customer_id="ada", status="paid", issued_at="2024-01-10", currency="EUR", total=10
    )
    return billed_invoices(drawn, table(MetMerge, *merges), AS_OF, 30)


def test_drafts_and_void_invoices_never_count() -> None:
    states = ("draft", "open", "paid", "void", "uncollectible")
    found = billed(*({"invoice_id": state, "status": state} for state in states))
    assert rows(found, "invoice_id") == ["open", "paid", "uncollectible"]


def test_an_invoice_issued_at_the_as_of_does_not_count() -> None:
    found = billed(
        {"invoice_id": "at"} | {"issued_at": "2024-03-01"},
        {"invoice_id": "before", "issued_at": "2024-02-29"},
    )
    assert rows(found, "invoice_id") == ["before"]


def test_a_payment_at_the_as_of_has_not_happened() -> None:
    found = billed(
        {"invoice_id": "1", "paid_at": "2024-02-29T23:59:59"}, {"invoice_id": "2", "paid_at": "2024-03-01"}
    )
    assert rows(found, "invoice_id", "status", "paid_at") == [
        ("1", "paid", at("2024-02-29T23:59:59")),
        ("2", "open", None),
    ]


def test_a_paid_invoice_without_a_payment_day_was_paid_when_issued() -> None:
    assert rows(billed({"invoice_id": "1"}), "paid_at", "cut_at") == [(at("2024-01-10"), None)]


def test_unpaid_service_stops_counting_thirty_days_after_it_was_due_or_else_issued() -> None:
    found = billed(
        {"invoice_id": "1", "status": "open", "due_at": "2024-01-20"},
        {"invoice_id": "2", "status": "uncollectible"},
        {"invoice_id": "3", "paid_at": "2024-03-05", "due_at": "2024-01-20"},
    )
    assert rows(found, "invoice_id", "cut_at") == [
        ("1", at("2024-02-19")),
        ("2", at("2024-02-09")),
        ("3", at("2024-02-19")),
    ]


def test_the_latest_version_is_the_invoice_and_a_deleted_one_is_gone() -> None:
    found = billed(
        {"invoice_id": "1", "status": "void", "updated_at": "2024-01-10"},
        {"invoice_id": "1", "updated_at": "2024-01-12"},
        {"invoice_id": "2", "updated_at": "2024-01-10"},
        {"invoice_id": "2", "updated_at": "2024-01-12", "deleted_at": "2024-01-12"},
    )
    assert rows(found, "invoice_id", "status") == [("1", "paid")]


def test_of_two_versions_of_one_instant_the_one_extracted_last_counts() -> None:
    found = billed({"invoice_id": "1", "status": "open", "_batch": "000002"}, {"invoice_id": "1"})
    assert rows(found, "invoice_id", "status") == [("1", "open")]


def test_the_invoices_of_a_merged_record_are_those_of_the_customer() -> None:
    found = billed({"invoice_id": "1"}, merges=({"record_id": "ada", "customer_id": "root"},))
    assert rows(found, "customer_id") == ["root"]
