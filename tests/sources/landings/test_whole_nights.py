"""A whole night on what connectors land gives the figures that are worked out by hand."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.pipeline import Night, nightly
from loyalty_pipeline.settings import Settings

from .landed import lay

pytestmark = pytest.mark.slow

SYNCED = {"_fivetran_synced": "2024-05-01 06:00:00"}
PRICES = [
    {"id": "gold", "unit_amount": 2000, "recurring_interval": "month", "recurring_interval_count": 1},
    {"id": "platinum", "unit_amount": 5000, "recurring_interval": "month", "recurring_interval_count": 1},
    {"id": "yearly", "unit_amount": 24000, "recurring_interval": "year", "recurring_interval_count": 1},
]
CUSTOMERS = ("cus_a", "cus_b", "cus_c", "cus_d")

# Who was billed when for what: customer, day, tax in percent, total, and of each line its price, amount, period and proration.
Billed = tuple[str, str, int, int, list[tuple[str, int, str, str, bool]]]
BILLED: list[Billed] = [
    # a pays 20.00 a month and 19 % of tax on top.
    ("cus_a", "2024-02-01", 380, 2380, [("gold", 2000, "2024-02-01", "2024-03-01", False)]),
    ("cus_a", "2024-03-01", 380, 2380, [("gold", 2000, "2024-03-01", "2024-04-01", False)]),
    ("cus_a", "2024-04-01", 380, 2380, [("gold", 2000, "2024-04-01", "2024-05-01", False)]),
    # b pays 20.00 for two months and leaves on 10 March.
    ("cus_b", "2024-01-10", 0, 2000, [("gold", 2000, "2024-01-10", "2024-02-10", False)]),
    ("cus_b", "2024-02-10", 0, 2000, [("gold", 2000, "2024-02-10", "2024-03-10", False)]),
    # c pays 240.00 a year less a tenth: 18.00 a month.
    ("cus_c", "2024-02-15", 0, 21600, [("yearly", 24000, "2024-02-15", "2025-02-15", False)]),
    # d changes in the middle of April from 20.00 to 50.00, half a month each.
    ("cus_d", "2024-03-01", 0, 2000, [("gold", 2000, "2024-03-01", "2024-04-01", False)]),
    ("cus_d", "2024-04-01", 0, 2000, [("gold", 2000, "2024-04-01", "2024-05-01", False)]),
    (
        "cus_d",
        "2024-04-16",
        0,
        1500,
        [
            ("gold", -1000, "2024-04-16", "2024-05-01", True),
            ("platinum", 2500, "2024-04-16", "2024-05-01", True),
        ],
    ),
]


def stripe(folder: Path) -> Path:
    """The landing of these four customers."""
    invoices: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for number, (customer, day, tax, total, positions) in enumerate(BILLED):
        of_whom = {"subscription_id": f"sub_{customer}", "currency": "eur"} | SYNCED
        amounts = {"subtotal": sum(amount for _, amount, *_ in positions), "tax": tax, "total": total}
        paid = {"status": "paid", "created": day, "status_transitions_paid_at": day}
        invoices.append({"id": f"in_{number}", "customer_id": customer} | amounts | paid | of_whom)
        for place, (price, amount, start, end, is_proration) in enumerate(positions):
            period = {
                "period_start": start,
                "period_end": end,
                "proration": is_proration,
                "type": "subscription",
            }
            line = {
                "id": f"il_{number}_{place}",
                "invoice_id": f"in_{number}",
                "price_id": price,
                "amount": amount,
            }
            lines.append(line | period | of_whom)
    ended = {"cus_b": "2024-03-10"}
    return lay(
        folder,
        customer=[{"id": key, "created": "2024-01-01"} | SYNCED for key in CUSTOMERS],
        price=[price | {"currency": "eur", "type": "recurring"} | SYNCED for price in PRICES],
        subscription_history=[
            {
                "id": f"sub_{key}",
                "customer_id": key,
                "status": "canceled" if key in ended else "active",
                "start_date": "2024-01-10",
                "ended_at": ended.get(key),
                "_fivetran_active": True,
            }
            | SYNCED
            for key in CUSTOMERS
        ],
        subscription_item=[
            {"id": f"si_{key}", "subscription_id": f"sub_{key}", "plan_id": "gold"} for key in CUSTOMERS
        ],
        invoice=invoices,
        invoice_line_item=lines,
        charge=[{"id": "ch_1", "invoice_id": "in_4"}],
        refund=[
            {
                "id": "re_1",
                "charge_id": "ch_1",
                "amount": 500,
                "currency": "eur",
                "created": "2024-03-12",
                "status": "succeeded",
            }
            | SYNCED
        ],
    )


def night_of(folder: Path, sources: dict[str, Any], **given: Any) -> Night:
    return nightly(
        Settings(
            sources=sources,
            data_dir=folder / "data",
            as_of=date(2024, 5, 1),
            reporting_currency="EUR",
            **given,
        )
    )


def by_month(night: Night, table: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    rows = pl.read_parquet(night.publication.folder / f"{table}.parquet").filter(
        pl.col("period") == "month", pl.col("segment_by") == "all"
    )
    return {
        f"{row['period_start']:%Y-%m}": tuple(row[name] for name in columns)
        for row in rows.sort("period_start").to_dicts()
    }


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("stripe")
    billing = {"url": str(stripe(folder / "landing")), "landing": "fivetran_stripe"}
    return night_of(folder, {"billing": billing})


def test_every_row_lands(night: Night) -> None:
    tables = {name: table for name, table in night.landing.tables.items() if table.extracted}
    assert {name: table.accepted for name, table in tables.items()} == {
        "customers": 4,
        "plans": 3,
        "subscriptions": 4,
        "invoices": 9,
        "invoice_lines": 10,
        "refunds": 1,
    }


def test_mrr_moves_as_worked_out_by_hand(night: Night) -> None:
    moved = by_month(
        night, "mrr_growth", "opening_mrr", "new_mrr", "expanded_mrr", "churned_mrr", "closing_mrr"
    )
    assert {month: tuple(map(str, amounts)) for month, amounts in moved.items()} == {
        "2024-01": ("0.00", "20.00", "0.00", "0.00", "20.00"),
        "2024-02": ("20.00", "38.00", "0.00", "0.00", "58.00"),
        "2024-03": ("58.00", "20.00", "0.00", "20.00", "58.00"),
        "2024-04": ("58.00", "0.00", "30.00", "0.00", "88.00"),
    }


def test_one_of_three_customers_leaves_in_march(night: Night) -> None:
    left = by_month(night, "churn", "opening_customers", "churned_customers", "churned_mrr")
    assert left["2024-03"] == (3, 1, Decimal("20.00"))
    assert left["2024-04"] == (3, 0, Decimal("0.00"))


def test_three_landings_tell_of_the_same_customers(tmp_path: Path) -> None:
    contacts = [
        {"id": number, "property_customer_id": key, "property_createdate": "2024-01-01"} | SYNCED
        for number, key in enumerate(CUSTOMERS)
    ]
    crm = lay(
        tmp_path / "crm",
        contact=contacts,
        engagement_contact=[{"engagement_id": 9, "contact_id": 0}],
        engagement_call=[{"engagement_id": 9, "property_hs_timestamp": "2024-04-03"} | SYNCED],
    )
    support = lay(
        tmp_path / "support",
        user=[{"id": 1, "external_id": "cus_a", "role": "end-user", "created_at": "2024-01-01"} | SYNCED],
        ticket=[{"id": 7, "requester_id": 1, "status": "open", "created_at": "2024-04-02"} | SYNCED],
    )
    sources = {
        "billing": {"url": str(stripe(tmp_path / "billing")), "landing": "fivetran_stripe"},
        "crm": {"url": str(crm), "landing": "fivetran_hubspot"},
        "support": {"url": str(support), "landing": "fivetran_zendesk"},
    }
    placed = {"customers": {"source": "crm"}, "support_tickets": {"source": "support"}}
    landed = night_of(tmp_path, sources, tables=placed).landing.tables
    assert {name: table.accepted for name, table in landed.items() if table.extracted} == {
        "customers": 4,
        "interactions": 1,
        "support_tickets": 1,
        "plans": 3,
        "subscriptions": 4,
        "invoices": 9,
        "invoice_lines": 10,
        "refunds": 1,
    }
