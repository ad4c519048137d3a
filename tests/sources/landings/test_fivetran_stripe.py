"""What Fivetran lands of Stripe, but for the lines of invoices: each rule on a landing of a few rows."""

from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.shipped import shipped

from .fivetran_stripe_rows import INVOICE, LANDING, LINE, MONTHLY, SYNCED, lines
from .landed import at, by_key, lay, money, read


def test_a_customer_is_told_by_stripe_s_id(tmp_path: Path) -> None:
    row = {"id": "cus_1", "created": "2024-01-02 03:04:05", "name": " Ann ", "email": "ann@example.org"}
    folder = lay(tmp_path / "landing", customer=[row | {"address_country": "DE", "_fivetran_synced": SYNCED}])
    ann = by_key(LANDING, folder, "customers")["cus_1"]
    assert (ann["name"], ann["email"], ann["country"]) == ("Ann", "ann@example.org", "DE")
    assert (ann["created_at"], ann["updated_at"]) == (at("2024-01-02 03:04:05"), at(SYNCED))
    assert ann["deleted_at"] is None


@pytest.mark.parametrize("country", ["Germany", "de", "D", ""])
def test_a_country_that_is_no_code_costs_no_customer(tmp_path: Path, country: str) -> None:
    row = {"id": "cus_1", "created": "2024-01-01", "address_country": country, "_fivetran_synced": SYNCED}
    assert by_key(LANDING, lay(tmp_path / "landing", customer=[row]), "customers")["cus_1"]["country"] is None


def test_what_is_deleted_counts_as_deleted_when_it_was_last_synced(tmp_path: Path) -> None:
    gone = {"is_deleted": True, "_fivetran_synced": SYNCED}
    folder = lay(
        tmp_path / "landing",
        customer=[{"id": "cus_1", "created": "2024-01-01"} | gone],
        invoice=[INVOICE | gone],
        invoice_line_item=[LINE],
        price=[MONTHLY | gone],
    )
    for table, key in {
        "customers": "cus_1",
        "invoices": "in_1",
        "invoice_lines": "il_1",
        "plans": "gold",
    }.items():
        assert by_key(LANDING, folder, table)[key]["deleted_at"] == at(SYNCED), table


def test_plans_are_recurring_prices_and_plans_that_are_no_prices(tmp_path: Path) -> None:
    once = {
        "id": "setup",
        "unit_amount": 5000,
        "currency": "eur",
        "type": "one_time",
        "_fivetran_synced": SYNCED,
    }
    tiers = MONTHLY | {"id": "tiers", "nickname": "", "unit_amount": "", "product_id": "prod_1"}
    old = {"currency": "usd", "interval": "year", "interval_count": 2, "_fivetran_synced": SYNCED}
    folder = lay(
        tmp_path / "landing",
        price=[MONTHLY, once, tiers],
        plan=[old | {"id": "gold", "amount": 1}, old | {"id": "old", "amount": 12000}],
        product=[{"id": "prod_1", "name": "Seats"}],
    )
    plans = by_key(LANDING, folder, "plans")
    assert sorted(plans) == ["gold", "old", "tiers"]
    assert (plans["gold"]["amount"], plans["gold"]["currency"], plans["gold"]["interval"]) == (
        money("19.99"),
        "EUR",
        "month",
    )
    assert (plans["old"]["name"], plans["old"]["amount"]) == ("old", money("120"))
    assert (plans["old"]["interval"], plans["old"]["interval_count"]) == ("year", 2)
    assert (plans["tiers"]["name"], plans["tiers"]["amount"]) == ("Seats", money("0"))


def test_a_price_s_nickname_comes_before_the_name_of_its_product(tmp_path: Path) -> None:
    goods = [{"id": "prod_1", "name": "Seats"}]
    folder = lay(tmp_path / "landing", price=[MONTHLY | {"product_id": "prod_1"}], product=goods)
    assert by_key(LANDING, folder, "plans")["gold"]["name"] == "Gold"


def test_an_old_account_has_plans_without_prices_and_another_has_none(tmp_path: Path) -> None:
    plan = {"id": "old", "amount": 100, "currency": "usd", "interval": "day", "_fivetran_synced": SYNCED}
    assert sorted(by_key(LANDING, lay(tmp_path / "old", plan=[plan]), "plans")) == ["old"]
    assert read(LANDING, lay(tmp_path / "none", customer=[]), "plans") is None


@pytest.mark.parametrize(
    ("currency", "amount", "told"),
    [
        ("eur", 1999, "19.99"),
        ("jpy", 1999, "1999"),
        ("kwd", 1990, "1.99"),
        ("isk", 199900, "1999"),
        ("ugx", 199900, "1999"),
        ("mga", 1999, "1999"),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(
    tmp_path: Path, currency: str, amount: int, told: str
) -> None:
    money_of = {"currency": currency, "total": amount, "subtotal": amount}
    (line,) = lines(tmp_path, [{"amount": amount, "currency": currency}], money_of).values()
    assert line["amount"] == money(told)
    (invoice,) = by_key(LANDING, tmp_path / "landing", "invoices").values()
    assert (invoice["total"], invoice["currency"]) == (money(told), currency.upper())


def test_an_invoice_is_issued_when_it_is_final(tmp_path: Path) -> None:
    final = {
        "status_transitions_finalized_at": "2024-02-01 01:00",
        "status_transitions_paid_at": "2024-02-03 10:00:00",
        "due_date": "2024-02-15",
    }
    final["status_transitions_finalized_at"] += ":00"
    folder = lay(tmp_path / "landing", invoice=[INVOICE | final, INVOICE | {"id": "in_2", "status": "draft"}])
    invoices = by_key(LANDING, folder, "invoices")
    assert invoices["in_1"]["issued_at"] == at("2024-02-01 01:00")
    assert (invoices["in_1"]["paid_at"], invoices["in_1"]["due_at"]) == (
        at("2024-02-03 10:00"),
        at("2024-02-15"),
    )
    assert invoices["in_2"]["issued_at"] == at("2024-02-01")
    assert (invoices["in_2"]["status"], invoices["in_2"]["paid_at"]) == ("draft", None)


def test_an_invoice_of_the_time_before_statuses_is_paid_or_open(tmp_path: Path) -> None:
    before = [
        INVOICE | {"id": key, "status": "", "paid": paid} for key, paid in (("in_1", True), ("in_2", False))
    ]
    invoices = by_key(LANDING, lay(tmp_path / "landing", invoice=before), "invoices")
    assert [row["status"] for row in invoices.values()] == ["paid", "open"]


def test_the_newest_version_of_a_subscription_counts(tmp_path: Path) -> None:
    version = {"id": "sub_1", "customer_id": "cus_1", "start_date": "2024-01-01", "_fivetran_synced": SYNCED}
    old = {"status": "active", "_fivetran_active": False, "_fivetran_start": "2024-01-01"}
    new = {
        "status": "canceled",
        "_fivetran_active": True,
        "_fivetran_start": "2024-02-01",
        "canceled_at": "2024-02-01",
        "ended_at": "2024-03-01",
        "cancellation_details_feedback": "too_expensive",
        "cancellation_details_reason": "cancellation_requested",
    }
    folder = lay(
        tmp_path / "landing",
        subscription_history=[version | new, version | old],
        subscription_item=[{"id": "si_1", "subscription_id": "sub_1", "plan_id": "gold"}],
        price=[MONTHLY],
    )
    (row,) = by_key(LANDING, folder, "subscriptions").values()
    assert (row["status"], row["plan_id"], row["cancel_reason"]) == ("canceled", "gold", "too_expensive")
    assert (row["cancelled_at"], row["ended_at"]) == (at("2024-02-01"), at("2024-03-01"))


def test_the_active_version_counts_where_none_says_when_it_began(tmp_path: Path) -> None:
    versions = [
        {
            "id": "sub_1",
            "customer_id": "cus_1",
            "created": "2024-01-01",
            "status": status,
            "_fivetran_active": is_active,
        }
        | {"_fivetran_synced": synced}
        for status, is_active, synced in (("active", True, "2024-02-01"), ("trialing", False, SYNCED))
    ]
    folder = lay(tmp_path / "landing", subscription_history=versions)
    (row,) = by_key(LANDING, folder, "subscriptions").values()
    assert (row["status"], row["started_at"]) == ("active", at("2024-01-01"))


def test_the_last_version_of_a_deleted_subscription_counts(tmp_path: Path) -> None:
    version = {"id": "sub_1", "customer_id": "cus_1", "start_date": "2024-01-01", "_fivetran_active": False}
    versions = [
        version | {"status": status, "_fivetran_start": start, "_fivetran_synced": SYNCED}
        for status, start in (("canceled", "2024-02-01"), ("active", "2024-01-01"))
    ]
    (row,) = by_key(
        LANDING, lay(tmp_path / "landing", subscription_history=versions), "subscriptions"
    ).values()
    assert row["status"] == "canceled"


def test_subscriptions_without_history_are_read_as_they_are(tmp_path: Path) -> None:
    old = {"customer_id": "cus_1", "status": "active", "created": "2024-01-01", "_fivetran_synced": SYNCED}
    both = old | {"id": "sub_1", "_fivetran_active": True}
    folder = lay(tmp_path / "landing", subscription=[old | {"id": "sub_1"}, old | {"id": "sub_2"}])
    assert sorted(by_key(LANDING, folder, "subscriptions")) == ["sub_1", "sub_2"]
    lay(folder, subscription_history=[both | {"status": "past_due"}])
    assert [row["status"] for row in by_key(LANDING, folder, "subscriptions").values()] == [
        "past_due",
        "active",
    ]


def test_a_subscription_to_several_prices_has_no_plan(tmp_path: Path) -> None:
    row = {
        "id": "sub_1",
        "customer_id": "cus_1",
        "status": "active",
        "created": "2024-01-01",
        "_fivetran_synced": SYNCED,
    }
    items = [
        {"id": key, "subscription_id": "sub_1", "plan_id": plan}
        for key, plan in (("a", "gold"), ("b", "silver"))
    ]
    folder = lay(
        tmp_path / "landing",
        subscription_history=[row],
        subscription_item=items,
        price=[MONTHLY, MONTHLY | {"id": "silver"}],
    )
    assert by_key(LANDING, folder, "subscriptions")["sub_1"]["plan_id"] is None


def refunds(folder: Path, charge: dict[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    """What becomes of a refund of 11.90 of this charge."""
    refund = {"id": "re_1", "charge_id": "ch_1", "amount": 1190, "currency": "eur", "created": "2024-02-10"}
    tables = {
        "refund": [refund | {"_fivetran_synced": SYNCED, "status": "succeeded"} | more],
        "charge": [{"id": "ch_1"} | charge],
        "invoice": [INVOICE | {"charge_id": "ch_9", "payment_intent_id": "pi_1", "tax": 380, "total": 2380}],
    }
    return by_key(LANDING, lay(folder / "landing", **tables), "refunds")


def test_a_refund_is_on_the_invoice_of_its_charge_without_its_share_of_tax(tmp_path: Path) -> None:
    row = refunds(tmp_path, {"invoice_id": "in_1"}, reason="duplicate")["re_1"]
    assert (row["invoice_id"], row["amount"], row["currency"]) == ("in_1", money("10"), "EUR")
    assert (row["refunded_at"], row["reason"]) == (at("2024-02-10"), "duplicate")


@pytest.mark.parametrize("charge", [{"payment_intent_id": "pi_1"}, {"id": "ch_9"}])
def test_a_charge_that_does_not_name_its_invoice_is_found_from_there(
    tmp_path: Path, charge: dict[str, str]
) -> None:
    more = {"charge_id": charge.get("id", "ch_1")}
    assert refunds(tmp_path, charge, **more)["re_1"]["invoice_id"] == "in_1"


def test_a_refund_of_a_charge_without_an_invoice_is_none_of_revenue(tmp_path: Path) -> None:
    assert refunds(tmp_path, {"payment_intent_id": "pi_other"}) == {}


@pytest.mark.parametrize("status", ["failed", "canceled", "pending", "requires_action"])
def test_a_refund_that_did_not_happen_is_none(tmp_path: Path, status: str) -> None:
    assert refunds(tmp_path, {"invoice_id": "in_1"}, status=status) == {}


def test_nothing_is_made_of_what_stripe_does_not_know(tmp_path: Path) -> None:
    source = FileSource.of(lay(tmp_path / "landing", customer=[]), shipped(LANDING))
    others = ("subscription_items", "support_tickets", "social_posts", "fx_rates")
    assert [source.find(table) for table in others] == [None] * len(others)
