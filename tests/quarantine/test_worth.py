"""What rows that were set aside are worth, by the same rules that the published MRR is made by."""

from datetime import date
from decimal import Decimal

import pytest

from loyalty_pipeline.quarantine.overview import by_reason
from tests.landing.company import at, customer, invoice, line
from tests.quarantine.shop import Shop

RATES = {"rate_date": date(2024, 1, 1), "currency": "USD", "rate": 0.5, "updated_at": at("2024-01-01")}
ITEM = {
    "item_id": "t1",
    "subscription_id": "s1",
    "customer_id": "c1",
    "status": "active",
    "quantity": 1.0,
    "amount": "60.00",
    "discount": "0",
    "currency": "EUR",
    "interval": "month",
    "interval_count": 1,
    "starts_at": at("2024-02-01"),
    "ends_at": None,
    "updated_at": at("2024-02-01"),
}


def test_a_line_waits_with_its_mrr_for_an_invoice_that_comes_a_night_later(shop):
    shop.write("invoice_lines", line(), line(2, invoice_id="i2", amount="30.00"))
    shop.night()
    waiting = shop.shown("invoice_lines")["l2"]
    assert (waiting["_waiting"], waiting["_mrr"], waiting["_currency"]) == (True, Decimal("30.00"), "EUR")
    before, at_stake = shop.mrr(), shop.total()
    shop.write("invoices", invoice(), invoice(2))
    shop.night()
    assert shop.mrr() - before == at_stake.mrr == at_stake.running == 30
    assert shop.folder.current() == {}
    assert shop.total().mrr is None


@pytest.mark.parametrize(
    ("said", "mrr"),
    [
        ({"interval": "year", "amount": "100.00"}, "8.3333"),
        ({"interval": "week", "amount": "12.00"}, "52.0000"),
        ({"interval": "month", "interval_count": 3, "amount": "100.00"}, "33.3333"),
        ({"interval": None, "period_end": at("2024-04-01"), "amount": "60.00"}, "30.0000"),
        ({"proration": True, "period_start": at("2024-02-15"), "amount": "15.00"}, "29.0000"),
    ],
)
def test_a_line_is_worth_what_the_pipeline_would_make_of_it(shop, said, mrr):
    shop.write("invoice_lines", line(), line(2, tax="?", **said))
    shop.land()
    assert shop.shown("invoice_lines")["l2"]["_mrr"] == Decimal(mrr)


@pytest.mark.parametrize(
    "said",
    [
        {"amount": "ten"},
        {"amount": None},
        {"interval": "fortnight"},
        {"interval_count": "some"},
        {"proration": "perhaps"},
        {"kind": "recuring"},
        {"proration": True, "period_start": "yesterday"},
        {"interval": None, "period_end": at("2024-01-01")},
    ],
)
def test_what_cannot_be_computed_is_unknown_and_never_zero(shop, said):
    texts = {"interval_count": "1", "proration": "false", "period_start": "2024-02-01"}
    shop.write("invoice_lines", line(**texts), line(2, **texts | said))
    shop.land()
    row = shop.shown("invoice_lines")["l2"]
    assert (row["_mrr"], row["_unknown"]) == (None, 1)
    assert (shop.total().mrr, shop.total().unknown) == (None, 1)


@pytest.mark.parametrize("said", [{"kind": "usage"}, {"kind": "one_off"}, {"deleted_at": at("2024-02-02")}])
def test_a_line_that_never_has_mrr_moves_none_and_is_not_unknown(shop, said):
    shop.write("invoice_lines", line(), line(2, tax="?", **said))
    shop.land()
    row = shop.shown("invoice_lines")["l2"]
    assert (row["_mrr"], row["_unknown"]) == (None, 0)


@pytest.mark.parametrize("status", ["draft", "void"])
def test_a_line_of_an_invoice_that_does_not_count_moves_none(shop, status):
    shop.write("invoices", invoice(), invoice(2, status=status))
    shop.write("invoice_lines", line(), line(2, invoice_id="i2", tax="?"))
    shop.land()
    assert shop.total() == type(shop.total())(None, None, 0, 0)


def test_a_line_that_waits_for_an_invoice_that_waits_for_a_customer_is_held_by_all_and_counts_once(shop):
    shop.write("customers", customer(), customer(2, created_at=None))
    shop.write("invoices", invoice(), invoice(2, customer_id="c2"))
    shop.write("invoice_lines", line(), line(2, invoice_id="i2", amount="40.00"))
    shop.land()
    held = [
        shop.shown(*place)[key]["_mrr"]
        for key, *place in [("c2", "customers"), ("i2", "invoices"), ("l2", "invoice_lines")]
    ]
    assert held == [40, 40, 40]
    assert shop.total().mrr == 40


def test_who_waits_for_a_record_that_waits_itself_is_held_by_the_whole_chain(shop):
    chain = [
        customer(2, merged_into_customer_id="c3"),
        customer(3, merged_into_customer_id="c4"),
        customer(4, country="Germany"),
    ]
    shop.write("customers", customer(merged_into_customer_id=None), *chain)
    shop.write("invoices", invoice(), invoice(2, customer_id="c2"))
    shop.write("invoice_lines", line(), line(2, invoice_id="i2", amount="40.00"))
    shop.land()
    assert {key: row["_mrr"] for key, row in shop.shown("customers").items()} == dict.fromkeys(
        ["c2", "c3", "c4"], Decimal(40)
    )
    assert shop.total().mrr == 40


def test_a_bad_line_of_a_bad_invoice_is_not_what_the_invoice_holds_back(shop):
    shop.write("invoices", invoice(), invoice(2, total="?"))
    shop.write("invoice_lines", line(), line(2, invoice_id="i2"), line(3, invoice_id="i2", tax="?"))
    shop.land()
    assert shop.shown("invoices")["i2"]["_mrr"] == 100
    assert shop.total().mrr == 200


def test_a_foreign_line_is_worth_its_mrr_at_the_rate_of_the_last_day(shop):
    shop.write("fx_rates", RATES, RATES | {"rate_date": date(2024, 2, 20), "rate": 0.25})
    shop.write("invoices", invoice(), invoice(2, currency="USD"))
    shop.write("invoice_lines", line(), line(2, invoice_id="i2", tax="?", amount="10.00"))
    shop.land()
    row = shop.shown("invoice_lines")["l2"]
    assert (row["_mrr"], row["_own_mrr"], row["_currency"]) == (Decimal("2.5"), 10, "USD")


def test_without_a_rate_the_mrr_is_unknown_in_the_reporting_currency_and_known_in_its_own(shop):
    shop.write("invoices", invoice(), invoice(2, currency="JPY", total="?"))
    shop.write("invoice_lines", line(), line(2, invoice_id="i2", amount="1200"))
    shop.land()
    row = shop.shown("invoice_lines")["l2"]
    assert (row["_mrr"], row["_unknown"], row["_own_mrr"], row["_currency"]) == (None, 1, 1200, "JPY")
    assert shop.shown("invoices")["i2"]["_unknown"] == 1


def test_where_invoices_have_several_currencies_that_of_a_missing_one_is_unknown(shop):
    shop.write("fx_rates", RATES)
    shop.write("invoices", invoice(), invoice(2, currency="USD"))
    shop.write("invoice_lines", line(), line(2, invoice_id="nobody"))
    shop.land()
    row = shop.shown("invoice_lines")["l2"]
    assert (row["_mrr"], row["_unknown"], row["_own_mrr"], row["_currency"]) == (None, 1, 100, None)


def test_a_row_that_corrects_one_that_has_landed_is_worth_what_it_corrects(shop):
    shop.night()
    shop.write("invoice_lines", line(amount="70.00", tax="?", updated_at=at("2024-02-10")))
    shop.night()
    assert shop.shown("invoice_lines")["l1"]["_mrr"] == -30
    before, at_stake = shop.mrr(), shop.total()
    shop.write("invoice_lines", line(amount="70.00", updated_at=at("2024-02-10")))
    shop.night()
    assert shop.mrr() - before == at_stake.mrr == -30


def test_a_row_older_than_the_one_that_has_landed_moves_nothing(shop):
    shop.land()
    shop.write("invoice_lines", line(amount="70.00", tax="?", updated_at=at("2024-01-01")))
    shop.land()
    assert shop.shown("invoice_lines")["l1"]["_mrr"] is None
    assert shop.total().unknown == 0


def test_an_invoice_is_worth_the_lines_that_have_landed_and_would_begin_to_count(shop):
    shop.write("invoices", invoice(status="draft"))
    shop.night()
    shop.write("invoices", invoice(total="?", updated_at=at("2024-02-10")))
    shop.night()
    assert shop.shown("invoices")["i1"]["_mrr"] == 100
    assert shop.mrr() == 0
    shop.write("invoices", invoice(updated_at=at("2024-02-10")))
    shop.night()
    assert shop.mrr() == 100


def test_of_several_versions_of_a_line_the_last_counts(shop):
    later = line(2, tax="?", amount="80.00", updated_at=at("2024-02-09"))
    shop.write("invoice_lines", line(), later, line(2, tax="?", amount="10.00"))
    shop.land()
    assert shop.total().mrr == 80


def test_rows_without_a_key_count_one_by_one(shop):
    shop.write("invoice_lines", line(), *[line(2, amount="5.00") | {"line_id": None}] * 2)
    shop.land()
    assert shop.total().mrr == 10


def test_the_largest_comes_first_then_the_unknown_then_what_moves_none(shop):
    bad = [
        line(2, kind="usage", tax="?"),
        line(3, tax="?", amount="5.00"),
        line(4, amount="?"),
        line(5, tax="?", amount="90.00"),
    ]
    shop.write("invoice_lines", line(), *bad)
    shop.land()
    assert list(shop.shown("invoice_lines")) == ["l5", "l3", "l4", "l2"]


def test_a_refund_moves_revenue_and_no_mrr(shop):
    refund = {
        "refund_id": "r1",
        "invoice_id": "nobody",
        "amount": "12.50",
        "currency": "EUR",
        "refunded_at": at("2024-02-03"),
        "updated_at": at("2024-02-03"),
    }
    shop.write("refunds", refund, refund | {"refund_id": "r2", "amount": "?"})
    shop.land()
    rows = shop.shown("refunds")
    assert (rows["r1"]["_revenue"], rows["r1"]["_mrr"]) == (Decimal("-12.5"), None)
    assert (rows["r2"]["_revenue"], rows["r2"]["_unknown_revenue"]) == (None, True)
    (unreadable,) = [
        one
        for one in by_reason(shop.folder, shop.folder.current(), shop.worth())
        if one["reason"] == "amount_can_be_read"
    ]
    assert (unreadable["revenue"], unreadable["unknown_revenue"]) == (None, True)


@pytest.mark.parametrize(
    ("said", "mrr", "unknown"),
    [
        ({}, Decimal(60), 0),
        ({"status": "past_due", "interval": "quarter"}, Decimal(20), 0),
        ({"status": "paused"}, None, 0),
        ({"status": "trialing"}, None, 0),
        ({"ends_at": at("2024-02-01")}, None, 0),
        ({"interval": None}, None, 1),
        ({"status": "gone"}, None, 1),
    ],
)
def test_the_state_of_a_subscription_is_worth_its_mrr_while_it_is_paid_for(shop, said, mrr, unknown):
    shop.write("subscription_items", ITEM, ITEM | {"item_id": "t2", "customer_id": "c9"} | said)
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land()
    row = shop.shown("subscription_items")["t2"]
    assert (row["_mrr"], row["_unknown"] or 0) == (mrr, unknown)
    assert shop.shown("invoice_lines")["l2"]["_mrr"] is None


def test_a_customer_is_worth_the_states_that_wait_for_it(shop):
    shop.write("subscription_items", ITEM, ITEM | {"item_id": "t2", "customer_id": "c2"})
    shop.write("customers", customer(), customer(2, country="?"))
    shop.land()
    assert shop.shown("customers")["c2"]["_mrr"] == shop.total().mrr == 60


def test_what_held_before_the_as_of_is_at_stake_and_no_longer_running(tmp_path):
    shop = Shop(tmp_path, as_of=date(2024, 3, 2))
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land()
    assert (shop.total().mrr, shop.total().running) == (100, 0)


def test_where_purchases_make_customers_active_no_row_moves_mrr(tmp_path):
    shop = Shop(tmp_path, activity="purchases")
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land()
    assert shop.shown("invoice_lines")["l2"]["_mrr"] is None
