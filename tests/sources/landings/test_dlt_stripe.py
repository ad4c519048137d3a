"""What dlt lands of Stripe's API: each rule on a landing of a few rows."""

from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.extract import Extract
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.shipped import shipped

from .landed import at, by_key, lay, money, read

LANDING = "dlt_stripe"
FEBRUARY, MARCH = 1_706_745_600, 1_709_251_200  # 2024-02-01 and 2024-03-01 at midnight in UTC
LOADED = {"_dlt_load_id": "1710000000.1", "_dlt_id": "a"}
LATER = {"_dlt_load_id": "1710000100.1", "_dlt_id": "b"}
GOLD = {
    "id": "gold",
    "unit_amount": 1999,
    "currency": "eur",
    "recurring__interval": "month",
    "type": "recurring",
} | LOADED
INVOICE = {
    "id": "in_1",
    "customer": "cus_1",
    "subscription": "sub_1",
    "status": "paid",
    "created": FEBRUARY,
    "currency": "eur",
    "subtotal": 1999,
    "tax": 0,
    "total": 1999,
} | LOADED
LINE = {
    "id": "il_1",
    "amount": 1999,
    "currency": "eur",
    "subscription": "sub_1",
    "type": "subscription",
    "quantity": 1,
    "proration": False,
    "discountable": True,
    "period__start": FEBRUARY,
    "period__end": MARCH,
    "price__id": "gold",
    "_dlt_parent_id": "a",
    "_dlt_id": "line",
}


def lines(
    folder: Path, given: list[dict[str, Any]], invoice: dict[str, Any] | None = None, **tables: Any
) -> dict[str, dict[str, Any]]:
    landing = {
        "invoices__lines__data": [LINE | line for line in given],
        "invoices": [INVOICE | (invoice or {})],
        "prices": [GOLD],
    }
    return by_key(LANDING, lay(folder / "landing", **landing | tables), "invoice_lines")


def test_instants_are_seconds_since_1970(tmp_path: Path) -> None:
    customer = {
        "id": "cus_1",
        "created": FEBRUARY,
        "address__country": "DE",
        "email": "ann@example.org",
    } | LOADED
    row = by_key(LANDING, lay(tmp_path / "landing", customers=[customer]), "customers")["cus_1"]
    assert (row["created_at"], row["country"], row["email"]) == (at("2024-02-01"), "DE", "ann@example.org")


def test_instants_that_were_made_timestamps_are_refused_by_name(tmp_path: Path) -> None:
    customer = {"id": "cus_1", "created": "2024-02-01 00:00:00"} | LOADED
    folder = lay(tmp_path / "landing", customers=[customer])
    with pytest.raises(SourceError, match=r"customers: 1 of 1 values of .* created cannot be read as whole"):
        read(LANDING, folder, "customers")


def test_nobody_says_when_a_row_changed(tmp_path: Path) -> None:
    folder = lay(tmp_path / "landing", customers=[{"id": "cus_1", "created": FEBRUARY} | LOADED])
    origin = FileSource.of(folder, shipped(LANDING)).find("customers")
    assert origin is not None
    assert not Extract.of(origin, RAW_TABLES["customers"], tmp_path).has("updated_at")


def test_the_last_load_of_a_thing_counts(tmp_path: Path) -> None:
    folder = lay(
        tmp_path / "landing",
        customers=[
            {"id": "cus_1", "name": name, "created": FEBRUARY} | load
            for name, load in (("New", LATER), ("Old", LOADED))
        ],
        prices=[GOLD | {"unit_amount": 1}, GOLD | {"unit_amount": 2} | LATER],
        subscriptions=[
            {"id": "sub_1", "customer": "cus_1", "status": status, "start_date": FEBRUARY} | load
            for status, load in (("active", LOADED), ("canceled", LATER))
        ],
        subscriptions__items__data=[
            {"price__id": "gone", "_dlt_parent_id": "a"},
            {"price__id": "gold", "_dlt_parent_id": "b"},
        ],
        invoices=[INVOICE | {"status": "open"}, INVOICE | {"status": "paid"} | LATER],
        invoices__lines__data=[LINE, LINE | {"amount": 500, "_dlt_parent_id": "b", "_dlt_id": "line_b"}],
    )
    assert by_key(LANDING, folder, "customers")["cus_1"]["name"] == "New"
    assert by_key(LANDING, folder, "plans")["gold"]["amount"] == money("0.02")
    subscription = by_key(LANDING, folder, "subscriptions")["sub_1"]
    assert (subscription["status"], subscription["plan_id"]) == ("canceled", "gold")
    assert by_key(LANDING, folder, "invoices")["in_1"]["status"] == "paid"
    assert by_key(LANDING, folder, "invoice_lines")["il_1"]["amount"] == money("5")


def test_plans_are_recurring_prices_and_plans_that_are_no_prices(tmp_path: Path) -> None:
    plan = {"amount": 100, "currency": "jpy", "interval": "year", "product": "prod_1"} | LOADED
    once = {"id": "setup", "unit_amount": 500, "currency": "eur", "type": "one_time"} | LOADED
    folder = lay(
        tmp_path / "landing",
        prices=[GOLD, once],
        plans=[plan | {"id": "gold"}, plan | {"id": "old"}, plan | {"id": "named", "name": "Yen"}],
        products=[{"id": "prod_1", "name": "Seats"} | LOADED],
    )
    plans = by_key(LANDING, folder, "plans")
    assert {key: (row["name"], row["amount"], row["interval"]) for key, row in plans.items()} == {
        "gold": ("gold", money("19.99"), "month"),
        "old": ("Seats", money("100"), "year"),
        "named": ("Yen", money("100"), "year"),
    }


def test_a_line_is_net_of_its_own_discounts_and_included_tax(tmp_path: Path) -> None:
    made = lines(
        tmp_path,
        [{"amount": 11_900}, {"id": "il_2", "amount": 1_000, "_dlt_id": "line_2"}],
        {"subtotal": 12_900, "tax": 1805, "total": 11_710, "discount__coupon__duration": "forever"},
        invoices__lines__data__discount_amounts=[
            {"amount": 690, "_dlt_parent_id": "line"},
            {"amount": 500, "_dlt_parent_id": "line"},
        ],
        invoices__lines__data__tax_amounts=[
            {"amount": 1710, "inclusive": True, "_dlt_parent_id": "line"},
            {"amount": 95, "inclusive": True, "_dlt_parent_id": "line_2"},
        ],
    )
    first, second = made.values()
    assert (first["amount"], first["discount"], first["tax"]) == (money("90"), money("11.90"), money("17.10"))
    assert (second["amount"], second["discount"], second["tax"]) == (money("9.05"), money("0"), money("0.95"))
    assert (first["discount_kind"], second["discount_kind"]) == ("forever", None)


def test_tax_on_top_is_in_no_line(tmp_path: Path) -> None:
    taxes = [{"amount": 380, "inclusive": False, "_dlt_parent_id": "line"}]
    (row,) = lines(
        tmp_path, [{}], {"tax": 380, "total": 2379}, invoices__lines__data__tax_amounts=taxes
    ).values()
    assert (row["amount"], row["tax"], row["discount"]) == (money("19.99"), money("3.80"), money("0"))


def test_where_only_the_invoice_states_discount_and_tax_they_are_spread(tmp_path: Path) -> None:
    made = lines(
        tmp_path,
        [
            {"amount": 1000},
            {"id": "il_2", "amount": 2000},
            {"id": "il_3", "amount": 500, "discountable": False},
        ],
        {"subtotal": 3500, "tax": 340, "total": 3740, "discount__coupon__duration": "once"},
    )
    assert [row["amount"] for row in made.values()] == [money("9.67"), money("19.33"), money("5")]
    assert [row["discount"] for row in made.values()] == [money("0.33"), money("0.67"), money("0")]
    assert [row["discount_kind"] for row in made.values()] == ["once", "once", None]
    assert sum(row["tax"] for row in made.values()) == money("3.40")


def test_an_invoice_with_more_lines_than_were_landed_takes_nothing_off(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, [{}], {"subtotal": 30_000, "total": 30_000}).values()
    assert (row["amount"], row["discount"]) == (money("19.99"), money("0"))


def test_newer_api_versions_say_the_same_in_other_places(tmp_path: Path) -> None:
    line = {
        "subscription": "",
        "type": "",
        "proration": "",
        "price__id": "",
        "pricing__price_details__price": "gold",
        "parent__type": "subscription_item_details",
        "parent__subscription_item_details__subscription": "sub_1",
        "parent__subscription_item_details__proration": True,
    }
    invoice = {
        "subscription": "",
        "parent__subscription_details__subscription": "sub_1",
        "tax": "",
        "total": 1999,
        "total_excluding_tax": 1680,
    }
    taxes = [{"amount": 319, "tax_behavior": "inclusive", "_dlt_parent_id": "line"}]
    (row,) = lines(tmp_path, [line], invoice, invoices__lines__data__taxes=taxes).values()
    assert (row["kind"], row["plan_id"], row["interval"], row["proration"]) == (
        "recurring",
        "gold",
        "month",
        True,
    )
    assert (row["amount"], row["tax"], row["subscription_id"]) == (money("16.80"), money("3.19"), "sub_1")
    assert row["discount"] == money("0")
    assert by_key(LANDING, tmp_path / "landing", "invoices")["in_1"]["subscription_id"] == "sub_1"


def test_newer_api_versions_say_by_a_word_which_tax_is_included(tmp_path: Path) -> None:
    made = lines(
        tmp_path,
        [{"amount": 1160}, {"id": "il_2", "amount": 1000, "_dlt_id": "line_2"}],
        {"subtotal": 2160, "tax": "", "total": 2350, "total_excluding_tax": 2000},
        invoices__lines__data__taxes=[
            {"amount": 160, "tax_behavior": "inclusive", "_dlt_parent_id": "line"},
            {"amount": 190, "tax_behavior": "exclusive", "_dlt_parent_id": "line_2"},
        ],
    )
    assert [row["amount"] for row in made.values()] == [money("10"), money("10")]
    assert [row["tax"] for row in made.values()] == [money("1.60"), money("1.90")]


def test_tax_of_newer_api_versions_is_what_the_total_has_beyond_the_one_without_it(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, [{}], {"tax": "", "total": 2379, "total_excluding_tax": 1999}).values()
    assert (row["amount"], row["tax"]) == (money("19.99"), money("3.80"))


def test_something_added_to_a_subscription_is_one_off_in_newer_api_versions_too(tmp_path: Path) -> None:
    item = {"subscription": "", "type": "", "price__id": "", "parent__type": "invoice_item_details"}
    (row,) = lines(tmp_path, [item | {"parent__invoice_item_details__subscription": "sub_1"}]).values()
    assert (row["kind"], row["subscription_id"]) == ("one_off", "sub_1")


def test_tax_that_only_the_invoice_states_and_includes_is_no_discount(tmp_path: Path) -> None:
    invoice = {"subtotal": 1190, "tax": 190, "total": 1190}
    (row,) = lines(tmp_path, [{"amount": 1190}], invoice).values()
    assert (row["amount"], row["tax"], row["discount"]) == (money("10"), money("1.90"), money("0"))


def test_a_discount_that_is_expanded_tells_how_long_it_lasts(tmp_path: Path) -> None:
    expanded = [{"coupon__duration": "repeating", "_dlt_parent_id": "a"}]
    (row,) = lines(tmp_path, [{}], {"total": 1899}, invoices__discounts=expanded).values()
    assert (row["amount"], row["discount_kind"]) == (money("18.99"), "repeating")


def test_lines_of_old_api_versions_are_told_apart_by_their_unique_id(tmp_path: Path) -> None:
    made = lines(tmp_path, [{"id": "sub_1", "unique_id": key, "_dlt_id": key} for key in ("il_a", "il_b")])
    assert sorted(made) == ["il_a", "il_b"]


def test_an_invoice_is_issued_when_it_is_final(tmp_path: Path) -> None:
    final = INVOICE | {"status_transitions__finalized_at": MARCH, "status_transitions__paid_at": MARCH + 60}
    row = by_key(LANDING, lay(tmp_path / "landing", invoices=[final]), "invoices")["in_1"]
    assert (row["issued_at"], row["paid_at"]) == (at("2024-03-01"), at("2024-03-01 00:01"))


def test_a_subscription_to_several_prices_has_no_plan(tmp_path: Path) -> None:
    folder = lay(
        tmp_path / "landing",
        subscriptions=[
            {"id": "sub_1", "customer": "cus_1", "status": "active", "created": FEBRUARY} | LOADED
        ],
        subscriptions__items__data=[{"price__id": key, "_dlt_parent_id": "a"} for key in ("gold", "silver")],
        prices=[GOLD, GOLD | {"id": "silver"}],
    )
    assert by_key(LANDING, folder, "subscriptions")["sub_1"]["plan_id"] is None


def test_a_line_tells_its_price_itself_where_the_api_puts_it_there(tmp_path: Path) -> None:
    told = {"price__id": "other", "price__recurring__interval": "week", "price__recurring__interval_count": 2}
    used = {
        "id": "il_2",
        "plan__id": "calls",
        "price__id": "",
        "plan__interval": "month",
        "plan__usage_type": "metered",
    }
    made = lines(tmp_path, [told, used | {"_dlt_id": "line_2"}])
    assert (made["il_1"]["interval"], made["il_1"]["interval_count"], made["il_1"]["plan_id"]) == (
        "week",
        2,
        None,
    )
    assert made["il_2"]["kind"] == "usage"


def test_what_is_no_subscription_is_one_off(tmp_path: Path) -> None:
    item = {"subscription": "", "type": "invoiceitem", "price__id": "", "period__end": FEBRUARY}
    (row,) = lines(tmp_path, [item]).values()
    assert (row["kind"], row["period_start"], row["period_end"]) == ("one_off", None, None)


@pytest.mark.parametrize(
    ("currency", "told"), [("eur", "19.99"), ("jpy", "1999"), ("ugx", "19.99"), ("mga", "1999")]
)
def test_amounts_are_counted_as_stripe_counts_them(tmp_path: Path, currency: str, told: str) -> None:
    (row,) = lines(tmp_path, [{"currency": currency}], {"currency": currency}).values()
    assert row["amount"] == money(told)
    assert by_key(LANDING, tmp_path / "landing", "invoices")["in_1"]["total"] == money(told)


def refunds(folder: Path, refund: dict[str, Any], **tables: Any) -> dict[str, dict[str, Any]]:
    given = {
        "id": "re_1",
        "amount": 1190,
        "currency": "eur",
        "created": FEBRUARY,
        "status": "succeeded",
    } | LOADED
    landing = {"refunds": [given | refund], "invoices": [INVOICE | {"tax": 380, "total": 2380}]}
    return by_key(LANDING, lay(folder / "landing", **landing | tables), "refunds")


@pytest.mark.parametrize(
    ("refund", "tables"),
    [
        ({"charge": "ch_1"}, {"charges": [{"id": "ch_1", "invoice": "in_1"} | LOADED]}),
        ({"charge": "ch_1"}, {"invoices": [INVOICE | {"charge": "ch_1", "tax": 380, "total": 2380}]}),
        ({"charge": "ch_1"}, {"invoices": [INVOICE | {"charge__id": "ch_1", "tax": 380, "total": 2380}]}),
        (
            {"payment_intent": "pi_1"},
            {"invoices": [INVOICE | {"payment_intent": "pi_1", "tax": 380, "total": 2380}]},
        ),
        (
            {"charge": "ch_1"},
            {
                "charges": [{"id": "ch_1", "payment_intent": "pi_1"} | LOADED],
                "invoice_payments": [{"invoice": "in_1", "payment__payment_intent": "pi_1"}],
            },
        ),
        ({"charge": "ch_1"}, {"invoice_payments": [{"invoice": "in_1", "payment__charge": "ch_1"}]}),
    ],
    ids=["charge", "invoice", "expanded", "intent", "payment", "payment-of-charge"],
)
def test_a_refund_finds_its_invoice_in_every_api_version(
    tmp_path: Path, refund: dict[str, str], tables: dict[str, Any]
) -> None:
    row = refunds(tmp_path, refund, **tables)["re_1"]
    assert (row["invoice_id"], row["amount"], row["refunded_at"]) == ("in_1", money("10"), at("2024-02-01"))


def test_the_invoice_that_a_charge_names_comes_before_others_of_its_payment(tmp_path: Path) -> None:
    other = INVOICE | {"id": "in_0", "payment_intent": "pi_1", "total": 1190, "_dlt_id": "c"}
    charge = {"id": "ch_1", "invoice": "in_1", "payment_intent": "pi_1"} | LOADED
    made = refunds(tmp_path, {"charge": "ch_1"}, charges=[charge], invoices=[INVOICE, other])
    assert made["re_1"]["invoice_id"] == "in_1"


def test_a_refund_of_a_charge_without_an_invoice_is_none_of_revenue(tmp_path: Path) -> None:
    assert (
        refunds(tmp_path, {"charge": "ch_1"}, charges=[{"id": "ch_1", "payment_intent": "pi_9"} | LOADED])
        == {}
    )


def test_a_refund_that_failed_is_none(tmp_path: Path) -> None:
    charges = [{"id": "ch_1", "invoice": "in_1"} | LOADED]
    assert refunds(tmp_path, {"charge": "ch_1", "status": "failed"}, charges=charges) == {}
