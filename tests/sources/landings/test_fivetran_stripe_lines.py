"""What Fivetran lands of Stripe's invoices: which lines recur, and what they are worth without discount and tax."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .fivetran_stripe_rows import MONTHLY, SYNCED, lines
from .landed import at, money


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


def test_the_larger_of_two_discounts_says_how_long_they_last(tmp_path: Path) -> None:
    coupons = [{"id": key, "duration": duration} for key, duration in (("c_1", "once"), ("c_2", "forever"))]
    discounts = [
        {"id": key, "invoice_id": "in_1", "coupon_id": coupon, "amount": amount}
        for key, coupon, amount in (("di_1", "c_1", 100), ("di_2", "c_2", 300))
    ]
    (row,) = lines(tmp_path, [{}], {"total": 1599}, coupon=coupons, discount=discounts).values()
    assert (row["discount"], row["discount_kind"]) == (money("4"), "forever")


def test_a_discount_on_lines_that_may_not_be_discounted_is_taken_off_all_the_same(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, [{"discountable": False}], {"total": 1899}).values()
    assert row["amount"] == money("18.99")


def test_nothing_is_taken_off_a_credit(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, [{"amount": -1000}], {"subtotal": -1000, "total": -1500}).values()
    assert (row["amount"], row["discount"]) == (money("-10"), money("0"))


def test_a_line_changes_with_its_invoice(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, [{}], {"_fivetran_synced": "2024-03-02"}).values()
    assert row["updated_at"] == at("2024-03-02")


def test_a_price_for_once_is_one_off_on_a_line_of_a_subscription_too(tmp_path: Path) -> None:
    setup = {"id": "setup", "type": "one_time", "unit_amount": 500, "_fivetran_synced": SYNCED}
    (row,) = lines(tmp_path, [{"price_id": "setup"}], price=[setup]).values()
    assert (row["kind"], row["interval"]) == ("one_off", None)


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


def test_only_discounts_of_invoices_tell_whether_tax_is_included(tmp_path: Path) -> None:
    invoice = {"subtotal": 1190, "tax": 190, "total": 1190}
    discount = [{"id": "di_1", "type": "SUBSCRIPTION", "invoice_id": "in_1", "amount": 100}]
    (row,) = lines(tmp_path, [{"amount": 1190}], invoice, discount=discount).values()
    assert (row["amount"], row["discount"]) == (money("10"), money("0"))


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
