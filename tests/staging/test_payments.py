"""Payments: lines of paid invoices, less refunds."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from loyalty_pipeline.sources.billing import Invoice, InvoiceLine, Refund
from loyalty_pipeline.staging.invoices import BilledInvoice, billed_invoices
from loyalty_pipeline.staging.met_merges import MetMerge
from loyalty_pipeline.staging.payments import payments
from tests.whiteboard import at, rows, table

INVOICES = table(
    Invoice,
    {"invoice_id": "1", "paid_at": "2024-01-31T23:30", "total": 12},
    {"invoice_id": "2", "status": "open", "total": 5},
    {"invoice_id": "3", "total": 0},
    {"invoice_id": "4", "total": -1},
    customer_id="ada",
    status="paid",
    issued_at="2024-01-10",
    currency="EUR",
)


def line(name: str, invoice: str, amount: str, **cells: Any) -> dict[str, Any]:
    return {"line_id": name, "invoice_id": invoice, "amount": Decimal(amount), "kind": "recurring"} | cells


def paid(
    *lines: dict[str, Any],
    refunds: tuple[dict[str, Any], ...] = (),
    timezone: str = "UTC",
    invoices: pl.LazyFrame = INVOICES,
) -> pl.LazyFrame:
    merges = table(MetMerge)
    billed = billed_invoices(invoices, merges, at("2025-01-01"), 30).pipe(BilledInvoice.cast)
    given_back = table(Refund, *refunds, currency="EUR")
    return payments(invoices, table(InvoiceLine, *lines), given_back, billed, merges, timezone)


def test_all_kinds_of_lines_of_a_paid_invoice_are_revenue_when_it_is_paid() -> None:
    found = paid(line("a", "1", "10.00"), line("b", "1", "2.50", kind="usage"), line("c", "2", "5.00"))
    assert rows(found, "occurred_at", "amount")[-1] == (at("2024-01-31T23:30"), Decimal("12.50"))


def test_an_unpaid_invoice_brings_nothing() -> None:
    assert sum(rows(paid(line("c", "2", "5.00")), "amount")) == 0


def test_a_payment_counts_in_the_month_of_the_local_clock() -> None:
    found = paid(line("a", "1", "10.00"), timezone="Europe/Berlin")
    assert rows(found, "occurred_at", "month")[-1] == (at("2024-01-31T23:30"), date(2024, 2, 1))


def test_a_refund_lowers_revenue_when_it_is_given_back() -> None:
    refund = {"refund_id": "r", "invoice_id": "1", "amount": Decimal("3.00"), "refunded_at": "2024-02-05"}
    found = paid(line("a", "1", "10.00"), refunds=(refund,)).filter(pl.col("amount") < 0)
    assert rows(found, "customer_id", "occurred_at", "amount") == [
        ("ada", at("2024-02-05"), Decimal("-3.00"))
    ]


def test_what_is_given_away_is_a_purchase_and_a_credit_note_is_none() -> None:
    invoices = INVOICES.filter(pl.col("invoice_id").is_in(["3", "4"])).with_columns(customer_id="invoice_id")
    found = paid(line("a", "3", "0.00"), line("b", "4", "-1.00"), invoices=invoices)
    assert rows(found, "customer_id", "is_purchase", "purchase_amount") == [("3", True, 0), ("4", False, 0)]


def test_a_deleted_line_is_no_revenue() -> None:
    gone = line("a", "1", "10.00", deleted_at="2024-02-01", updated_at="2024-02-01")
    assert sum(rows(paid(line("a", "1", "10.00"), gone), "amount")) == 0
