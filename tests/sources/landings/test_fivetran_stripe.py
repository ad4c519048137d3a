"""What Fivetran lands of Stripe: each rule on a landing of a few rows."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.shipped import shipped

from .landed import at, by_key, lay, money, read

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


def test_a_line_has_the_interval_of_its_price_or_its_plan(tmp_path: Path) -> None:
    plan = {
        "id": "old",
        "interval": "year",
        "interval_count": 2,
        "usage_type": "licensed",
        "amount": 1,
        "currency": "eur",
    }
    made = lines(tmp_path, [{}, {"id": "il_2", "price_id": "", "plan_id": "old"}], plan=[plan])
    assert (made["il_1"]["kind"], made["il_1"]["interval"], made["il_1"]["interval_count"]) == (
        "recurring",
        "month",
        1,
    )
    assert (made["il_2"]["plan_id"], made["il_2"]["interval"], made["il_2"]["interval_count"]) == (
        "old",
        "year",
        2,
    )
    assert (made["il_1"]["period_start"], made["il_1"]["period_end"]) == (at("2024-02-01"), at("2024-03-01"))


def test_metered_lines_are_usage_and_prices_for_once_are_one_off(tmp_path: Path) -> None:
    prices = [
        MONTHLY | {"id": "calls", "recurring_usage_type": "metered"},
        {
            "id": "setup",
            "type": "one_time",
            "unit_amount": 500,
            "currency": "eur",
            "_fivetran_synced": SYNCED,
        },
    ]
    instant = {"period_start": "2024-02-01", "period_end": "2024-02-01"}
    given_lines = [
        {"id": "used", "price_id": "calls"},
        {"id": "setup", "price_id": "setup", "type": "invoiceitem"} | instant,
        {"id": "item", "price_id": "", "subscription_id": "", "type": "invoiceitem"} | instant,
        {"id": "added", "price_id": "", "type": "invoiceitem"} | instant,
    ]
    made = lines(tmp_path, given_lines, price=prices)
    assert {key: row["kind"] for key, row in made.items()} == {
        "used": "usage",
        "setup": "one_off",
        "item": "one_off",
        "added": "one_off",
    }
    assert made["setup"]["plan_id"] is None
    assert made["used"]["period_end"] == at("2024-03-01")
    assert (made["item"]["period_start"], made["item"]["interval"]) == (None, None)


def test_both_sides_of_a_proration_recur(tmp_path: Path) -> None:
    change = {"type": "invoiceitem", "proration": True, "discountable": False, "period_start": "2024-02-15"}
    given_lines = [{"id": "back", "amount": -1000} | change, {"id": "more", "amount": 2500} | change]
    made = lines(tmp_path, given_lines, {"subtotal": 1500, "total": 1500})
    assert {row["kind"] for row in made.values()} == {"recurring"}
    assert all(row["proration"] for row in made.values())
    assert [row["amount"] for row in made.values()] == [money("-10"), money("25")]


def test_a_line_of_a_subscription_without_its_price_recurs_by_its_own_period(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, [{"price_id": "forgotten", "quantity": ""}]).values()
    assert (line["kind"], line["interval"], line["plan_id"], line["quantity"]) == (
        "recurring",
        None,
        None,
        1.0,
    )


def test_lines_of_old_api_versions_are_told_apart_by_their_unique_id(tmp_path: Path) -> None:
    made = lines(tmp_path, [{"id": "sub_1", "unique_id": key} for key in ("il_a", "il_b")])
    assert sorted(made) == ["il_a", "il_b"]


def test_the_discount_of_an_invoice_is_taken_off_the_lines_that_may_be_discounted(tmp_path: Path) -> None:
    given_lines = [
        {"id": "il_1", "amount": 1000},
        {"id": "il_2", "amount": 2000},
        {"id": "il_3", "amount": 500, "discountable": False},
    ]
    coupon = [{"id": "c_1", "duration": "repeating"}]
    discount = [{"id": "di_1", "invoice_id": "in_1", "coupon_id": "c_1", "amount": 100, "type": "INVOICE"}]
    made = lines(tmp_path, given_lines, {"subtotal": 3500, "total": 3400}, coupon=coupon, discount=discount)
    assert [row["discount"] for row in made.values()] == [money("0.33"), money("0.67"), money("0")]
    assert [row["amount"] for row in made.values()] == [money("9.67"), money("19.33"), money("5")]
    assert [row["discount_kind"] for row in made.values()] == ["repeating", "repeating", None]


def test_tax_on_top_is_in_no_line(tmp_path: Path) -> None:
    made = lines(
        tmp_path,
        [{"amount": 1000}, {"id": "il_2", "amount": 500}],
        {"subtotal": 1500, "tax": 285, "total": 1785},
    )
    assert [row["amount"] for row in made.values()] == [money("10"), money("5")]
    assert [row["tax"] for row in made.values()] == [money("1.90"), money("0.95")]
    assert [row["discount"] for row in made.values()] == [money("0"), money("0")]


def test_tax_that_is_included_is_taken_out_of_the_lines(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, [{"amount": 1190}], {"subtotal": 1190, "tax": 190, "total": 1190}).values()
    assert (line["amount"], line["tax"], line["discount"]) == (money("10"), money("1.90"), money("0"))


def test_tax_of_newer_api_versions_is_what_the_total_has_beyond_the_one_without_it(tmp_path: Path) -> None:
    invoice = {"subtotal": 1000, "tax": "", "total": 1190, "total_excluding_tax": 1000}
    (line,) = lines(tmp_path, [{"amount": 1000}], invoice).values()
    assert (line["amount"], line["tax"]) == (money("10"), money("1.90"))


def test_an_invoice_of_which_nobody_landed_a_total_keeps_its_lines(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, [{}], {"subtotal": "", "tax": "", "total": ""}).values()
    assert (line["amount"], line["discount"], line["tax"]) == (money("19.99"), money("0"), money("0"))


@settings(max_examples=15)
@given(
    amounts=st.lists(st.integers(-5000, 500_000), min_size=1, max_size=6),
    share=st.integers(0, 100),
    tax=st.integers(0, 90_000),
)
def test_the_lines_of_an_invoice_add_up_to_its_total_without_tax(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[int], share: int, tax: int
) -> None:
    positive = sum(amount for amount in amounts if amount > 0)
    net = sum(amounts) - positive * share // 100
    made = lines(
        tmp_path_factory.mktemp("invoice"),
        [{"id": f"il_{place}", "amount": amount} for place, amount in enumerate(amounts)],
        {"subtotal": sum(amounts), "tax": tax, "total": net + tax},
    )
    assert sum(row["amount"] for row in made.values()) == Decimal(net).scaleb(-2)
    assert all(row["discount"] >= 0 for row in made.values())
    taxable = any(row["amount"] > 0 for row in made.values())
    assert sum(row["tax"] for row in made.values()) == (Decimal(tax).scaleb(-2) if taxable else 0)


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
