"""Rows as Fivetran lands them of Stripe: a price, an invoice of it and its line."""

from pathlib import Path
from typing import Any

from .landed import by_key, lay

LANDING = "fivetran_stripe"
SYNCED = "2024-03-01 06:00:00"
MONTHLY = {
    "id": "gold",
    "nickname": "Gold",
    "unit_amount": 1999,
    "currency": "eur",
    "recurring_interval": "month",
    "recurring_interval_count": 1,
    "recurring_usage_type": "licensed",
    "type": "recurring",
    "_fivetran_synced": SYNCED,
}
INVOICE = {
    "id": "in_1",
    "customer_id": "cus_1",
    "subscription_id": "sub_1",
    "status": "paid",
    "created": "2024-02-01 00:00:00",
    "currency": "eur",
    "subtotal": 1999,
    "tax": 0,
    "total": 1999,
    "_fivetran_synced": SYNCED,
}
LINE = {
    "id": "il_1",
    "invoice_id": "in_1",
    "subscription_id": "sub_1",
    "price_id": "gold",
    "type": "subscription",
    "quantity": 1,
    "amount": 1999,
    "currency": "eur",
    "discountable": True,
    "period_start": "2024-02-01",
    "period_end": "2024-03-01",
    "proration": False,
    "_fivetran_synced": SYNCED,
}


def lines(
    folder: Path, given: list[dict[str, Any]], invoice: dict[str, Any] | None = None, **tables: Any
) -> dict[str, dict[str, Any]]:
    """The invoice lines of a landing in which every line is `LINE` but for what is given."""
    landing = {
        "invoice_line_item": [LINE | line for line in given],
        "invoice": [INVOICE | (invoice or {})],
        "price": [MONTHLY],
    }
    return by_key(LANDING, lay(folder / "landing", **landing | tables), "invoice_lines")
