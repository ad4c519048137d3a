"""Invoices as they were known at the as-of."""

from __future__ import annotations

from datetime import datetime, timedelta

from .records import Raw, Row, current


class Invoices:
    """The invoices that were issued before the as-of."""

    def __init__(self, raw: Raw, as_of_at: datetime) -> None:
        self.as_of_at = as_of_at
        rows = current(raw, "invoices", "invoice_id")
        self.by_id = {row["invoice_id"]: row for row in rows if row["issued_at"] < as_of_at}

    def paid_at(self, invoice: Row) -> datetime | None:
        """Return when a paid invoice was paid; a payment at or after the as-of has not happened."""
        if invoice["status"] != "paid":
            return None
        paid_at: datetime = invoice.get("paid_at") or invoice["issued_at"]
        return paid_at if paid_at < self.as_of_at else None

    def makes_mrr(self, invoice: Row) -> bool:
        """Draft and void never count."""
        return invoice["status"] in ("open", "paid", "uncollectible")

    def delinquent_at(self, invoice: Row, delinquency_days: int) -> datetime | None:
        """Return when the lines of an invoice that is not paid end at the latest."""
        if self.paid_at(invoice) is not None:
            return None
        due_at: datetime = invoice.get("due_at") or invoice["issued_at"]
        return due_at + timedelta(days=delinquency_days)
