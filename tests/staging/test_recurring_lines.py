"""Recurring lines: from invoices, from subscription items, from purchases."""

from decimal import Decimal
from typing import Any

import polars as pl

from loyalty_pipeline.sources.billing import InvoiceLine, SubscriptionItem
from loyalty_pipeline.staging.invoices import BilledInvoice
from loyalty_pipeline.staging.met_merges import MetMerge
from loyalty_pipeline.staging.recurring_lines import recurring_lines
from tests.whiteboard import at, rows, table

BILLED = table(
    BilledInvoice,
    {"invoice_id": "1", "status": "paid", "paid_at": "2024-01-12"},
    {"invoice_id": "2", "status": "open", "cut_at": "2024-02-19"},
    customer_id="ada",
    currency="EUR",
    total=Decimal(10),
    issued_at="2024-01-10",
)
LINES = table(
    InvoiceLine,
    {"line_id": "a", "invoice_id": "1", "kind": "recurring"},
    {"line_id": "b", "invoice_id": "1", "kind": "usage"},
    {"line_id": "c", "invoice_id": "2", "kind": "recurring"},
    {"line_id": "d", "invoice_id": "void", "kind": "recurring"},
    amount=Decimal(30),
    period_start="2024-01-10",
    period_end="2024-04-10",
    interval="quarter",
    interval_count=1,
    proration=False,
)


def item(name: str, status: str, ends_at: str | None = "2024-03-10") -> dict[str, Any]:
    return {"item_id": name, "status": status, "ends_at": ends_at}


ITEMS = table(
    SubscriptionItem,
    item("1", "active", None),
    item("2", "past_due"),
    item("3", "trialing"),
    item("4", "paused"),
    item("5", "active", "2024-01-10"),
    subscription_id="s",
    customer_id="ada",
    amount=Decimal(30),
    currency="EUR",
    interval="quarter",
    interval_count=1,
    starts_at="2024-01-10",
)


def lines_from(source: str) -> pl.LazyFrame:
    return recurring_lines(LINES, ITEMS, BILLED, table(MetMerge), source, "UTC", 30, 90)


def test_from_invoices_come_the_recurring_lines_of_those_that_count() -> None:
    found = rows(lines_from("invoice_lines"), "line_id", "kind", "cut_at", "mrr")
    assert found == [("a", "recurring", None, Decimal(10)), ("c", "recurring", at("2024-02-19"), Decimal(10))]


def test_from_items_come_active_and_past_due_ones_as_recurring_and_trials_and_pauses_by_name() -> None:
    kinds = rows(lines_from("subscription_items"), "line_id", "kind")
    assert kinds == [("1", "recurring"), ("2", "recurring"), ("3", "trialing"), ("4", "paused")]


def test_a_past_due_item_counts_for_thirty_days() -> None:
    cuts = rows(lines_from("subscription_items"), "line_id", "cut_at")
    assert [cut for _, cut in cuts] == [None, at("2024-02-09"), None, None]


def test_a_purchase_is_a_line_without_mrr_that_lasts_the_activity_window() -> None:
    found = rows(lines_from("purchases"), "line_id", "starts_at", "ends_at", "mrr")
    assert found == [("1", at("2024-01-12"), at("2024-04-11"), Decimal(0))]
