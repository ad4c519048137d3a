"""Fivetran's own seed files, whose schemas are real: every column counted by hand, in plain Python.

The files lie beside the checkout; a machine without them skips these tests. A seed `customer_data.csv` is what a connection lands
as `customer`. Its variants for single warehouses are left out.
"""

import csv
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.sources.shipped import names, shipped

from .landed import read

SEEDS = Path(__file__).parents[4] / "shared" / "data"

Seed = list[dict[str, str]]
Row = dict[str, Any]


@pytest.fixture(scope="module", params=[name for name in names() if name.startswith("fivetran_")])
def landing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A landing and the folder with its seeds, under the names that a connection gives them."""
    name = request.param
    seeds = SEEDS / name / "integration_tests" / "seeds"
    if not seeds.is_dir():
        pytest.skip(f"{seeds.relative_to(SEEDS.parent)} is not beside the checkout")
    folder = tmp_path_factory.mktemp(name) / "landing"
    folder.mkdir()
    for file in seeds.glob("*_data.csv"):
        shutil.copyfile(file, folder / file.name.replace("_data.csv", ".csv"))
    return name, folder


def test_every_table_is_what_was_counted_by_hand(landing: tuple[str, Path]) -> None:
    name, folder = landing
    for table in shipped(name):
        found, counted = read(name, folder, table), COUNTED[name][table](folder)
        key = next(iter(counted[0])) if counted else ""
        # What nobody counted must be empty.
        shown = [{column: value for column, value in row.items() if value is not None} for row in found or []]
        plain = [{column: value for column, value in row.items() if value is not None} for row in counted]
        assert shown == sorted(plain, key=lambda row: str(row[key])), table


def seed(folder: Path, name: str) -> Seed:
    with (folder / f"{name}.csv").open(newline="") as file:
        return [{column: value.strip() for column, value in row.items()} for row in csv.DictReader(file)]


def when(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def cents(text: str) -> Decimal:
    return Decimal(text) / 100


def gone(row: dict[str, str], column: str, word: str = "true") -> datetime | None:
    return when(row["_fivetran_synced"]) if row.get(column, "").lower() == word else None


def stripe_customers(folder: Path) -> list[Row]:
    return [
        {
            "customer_id": row["id"],
            "created_at": when(row["created"]),
            "name": row["name"] or None,
            "email": row["email"] or None,
            "country": row["address_country"] or None,
            "updated_at": when(row["_fivetran_synced"]),
            "deleted_at": gone(row, "is_deleted"),
        }
        for row in seed(folder, "customer")
    ]


def stripe_plans(folder: Path) -> list[Row]:
    goods = {row["id"]: row["name"] for row in seed(folder, "product")}
    prices = {row["id"]: row for row in seed(folder, "price")}
    offered = [
        row
        | {
            "term": row["recurring_interval"],
            "terms": row["recurring_interval_count"],
            "amount": row["unit_amount"],
        }
        for row in prices.values()
        if row["recurring_interval"]
    ]
    offered += [
        row | {"term": row["interval"], "terms": row["interval_count"]}
        for row in seed(folder, "plan")
        if row["id"] not in prices
    ]
    return [
        {
            "plan_id": row["id"],
            "name": row["nickname"] or goods.get(row["product_id"]) or row["id"],
            "amount": cents(row["amount"]),
            "currency": row["currency"].upper(),
            "interval": row["term"],
            "interval_count": int(row["terms"]),
            "updated_at": when(row["_fivetran_synced"]),
            "deleted_at": gone(row, "is_deleted"),
        }
        for row in offered
    ]


def stripe_subscriptions(folder: Path) -> list[Row]:
    plans = {row["plan_id"] for row in stripe_plans(folder)}
    items: dict[str, list[str]] = {}
    for item in seed(folder, "subscription_item"):
        items.setdefault(item["subscription_id"], []).append(item["plan_id"])
    # Each subscription has one version there; those without any are in the table of today.
    versions = {row["id"]: row for row in seed(folder, "subscription") + seed(folder, "subscription_history")}
    return [
        {
            "subscription_id": key,
            "customer_id": row["customer_id"],
            "plan_id": items[key][0] if len(items.get(key, ())) == 1 and items[key][0] in plans else None,
            "status": row["status"],
            "started_at": when(row["start_date"]),
            "trial_ends_at": when(row["trial_end"]),
            "cancelled_at": when(row["canceled_at"]),
            "ended_at": when(row["ended_at"]),
            "updated_at": when(row["_fivetran_synced"]),
        }
        for key, row in versions.items()
    ]


def stripe_invoices(folder: Path) -> list[Row]:
    return [
        {
            "invoice_id": row["id"],
            "customer_id": row["customer_id"],
            "subscription_id": row["subscription_id"],
            "status": row["status"],
            "issued_at": when(row["period_end"]),
            "due_at": when(row["due_date"]),
            "currency": row["currency"].upper(),
            "total": cents(row["total"]),
            "updated_at": when(row["_fivetran_synced"]),
            "deleted_at": gone(row, "is_deleted"),
        }
        for row in seed(folder, "invoice")
    ]


def stripe_lines(folder: Path) -> list[Row]:
    # The lines of an invoice of 10.00 are 0.21: nothing was taken off, and no plan of theirs is there.
    assert {row["plan_id"] for row in seed(folder, "invoice_line_item")} & {
        row["id"] for row in seed(folder, "plan")
    } == set()
    return [
        {
            "line_id": row["unique_id"],
            "invoice_id": row["invoice_id"],
            "subscription_id": row["subscription_id"],
            "kind": "recurring",
            "quantity": float(row["quantity"]),
            "amount": cents(row["amount"]),
            "discount": Decimal(0),
            "tax": Decimal(0),
            "period_start": when(row["period_start"]),
            "period_end": when(row["period_end"]),
            "proration": row["proration"] == "TRUE",
            "updated_at": when(row["_fivetran_synced"]),
        }
        for row in seed(folder, "invoice_line_item")
    ]


def stripe_refunds(folder: Path) -> list[Row]:
    billed = {row["id"]: row["invoice_id"] for row in seed(folder, "charge") if row["invoice_id"]}
    return [row for row in seed(folder, "refund") if row["charge_id"] in billed]


def hubspot_customers(folder: Path) -> list[Row]:
    contacts = {row["id"]: row for row in seed(folder, "contact")}
    merged = {
        other: row["id"]
        for row in contacts.values()
        for other in row["property_hs_merged_object_ids"].split(";")
        if other
    }
    merged |= {row["vid_to_merge"]: row["canonical_vid"] for row in seed(folder, "contact_merge_audit")}
    return [
        {
            "customer_id": key,
            "created_at": when(row["property_createdate"]),
            "name": f"{row['property_firstname']} {row['property_lastname']}".strip() or None,
            "email": row["property_email"] or None,
            "merged_into_customer_id": merged.get(key),
            "updated_at": when(row["_fivetran_synced"]),
            "deleted_at": gone(row, "_fivetran_deleted"),
        }
        for key, row in contacts.items()
    ]


def hubspot_interactions(folder: Path) -> list[Row]:
    channels = {"engagement_call": "phone", "engagement_email": "email", "engagement_communication": "chat"}
    held = {
        row["engagement_id"]: (row, channel)
        for name, channel in channels.items()
        for row in seed(folder, name)
    }
    met = {row["engagement_id"] for row in seed(folder, "engagement_meeting")}
    present = [(row["engagement_id"], row["contact_id"]) for row in seed(folder, "engagement_contact")]
    assert not met & {engagement for engagement, _ in present}
    return [
        {
            "interaction_id": f"{engagement}-{contact}",
            "customer_id": contact,
            "channel": held[engagement][1],
            "started_at": when(held[engagement][0]["property_hs_timestamp"]),
            "duration_seconds": 0,
            "actions": 1,
            "updated_at": when(held[engagement][0]["_fivetran_synced"]),
            "deleted_at": gone(held[engagement][0], "_fivetran_deleted"),
        }
        for engagement, contact in present
        if engagement in held
    ]


def hubspot_tickets(folder: Path) -> list[Row]:
    asked = {row["ticket_id"] for row in seed(folder, "ticket_contact")}
    return [row for row in seed(folder, "ticket") if row["id"] in asked]


def zendesk_customers(folder: Path) -> list[Row]:
    return [
        {
            "customer_id": row["external_id"] or row["id"],
            "created_at": when(row["created_at"]),
            "name": row["name"],
            "email": row["email"],
            "language": row["locale"],
            "updated_at": when(row["_fivetran_synced"]),
            "deleted_at": gone(row, "active", "false"),
        }
        for row in seed(folder, "user")
        if row["role"] == "end-user"
    ]


def zendesk_tickets(folder: Path) -> list[Row]:
    external = {row["id"]: row["external_id"] for row in seed(folder, "user")}
    comments, history = seed(folder, "ticket_comment"), seed(folder, "ticket_field_history")
    rows = []
    for row in seed(folder, "ticket"):
        said = [c for c in comments if c["ticket_id"] == row["id"] and c["public"] == "TRUE"]
        answers = [c["created"] for c in said if c["user_id"] != row["requester_id"]]
        changes = sorted(
            (h["updated"], h["value"])
            for h in history
            if (h["ticket_id"], h["field_name"]) == (row["id"], "status")
        )
        settled: str | None = None
        for instant, value in changes:
            settled = (settled or instant) if value in {"solved", "closed"} else None
        if not changes and row["status"] in {"solved", "closed"}:
            settled = row["updated_at"]
        rows.append(
            {
                "ticket_id": row["id"],
                "customer_id": external.get(row["requester_id"]) or row["requester_id"],
                "topic": row["type"] or None,
                "opened_at": when(row["created_at"]),
                "first_response_at": when(min(answers, default=None)),
                "resolved_at": when(settled),
                "contacts": max(1, len(said) - len(answers)),
                "updated_at": when(row["_fivetran_synced"]),
                "deleted_at": gone(row, "status", "deleted"),
            }
        )
    return rows


COUNTED: dict[str, dict[str, Callable[[Path], list[Row]]]] = {
    "fivetran_stripe": {
        "customers": stripe_customers,
        "plans": stripe_plans,
        "subscriptions": stripe_subscriptions,
        "invoices": stripe_invoices,
        "invoice_lines": stripe_lines,
        "refunds": stripe_refunds,
    },
    "fivetran_hubspot": {
        "customers": hubspot_customers,
        "interactions": hubspot_interactions,
        "support_tickets": hubspot_tickets,
    },
    "fivetran_zendesk": {"customers": zendesk_customers, "support_tickets": zendesk_tickets},
}
