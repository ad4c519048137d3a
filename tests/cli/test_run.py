"""`loyalty run`: what it says, what it leaves, and that small companies work."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.publication.snapshot import Publisher
from tests.cli.conftest import Shop
from tests.landing.company import at, customer, invoice, line

TABLES = [
    "churn",
    "customer_retention",
    "mrr_growth",
    "cohort_retention",
    "clv",
    "advocacy_revenue",
    "clv_fits",
]


def test_a_run_tells_the_figures_and_where_everything_lies(shop: Shop) -> None:
    said = shop.run()
    assert said.code == 0
    assert "The latest months, amounts in EUR" in said.out
    assert "Landed 3 rows, 0 set aside; computed" in said.out
    assert f"Snapshot {Publisher(shop.data).current()['snapshot']} (new):" in said.out
    for table in TABLES:
        assert f"{shop.data}/metrics/{table}.parquet" in said.out
        assert (shop.data / "metrics" / f"{table}.parquet").exists()
    assert said.err == ""


def test_what_the_source_lacks_is_told_with_the_name_of_the_table(shop: Shop) -> None:
    told = [row.strip() for row in shop.run().out.splitlines()]
    assert "refunds: the source has no refunds" in told


def test_a_warning_keeps_its_brackets(shop: Shop) -> None:
    shop.run()
    shop.write("customers", [customer() | {"shoe [size]": 43}])
    told = " ".join(shop.run().out.split())
    assert "customers: no_column_is_new: not so: the source has no column that it did not have before" in told
    assert "shoe [size]" in told


def test_a_second_run_says_that_nothing_changed(shop: Shop) -> None:
    shop.run()
    before = shop.published()
    said = shop.run()
    assert said.code == 0
    assert "Landed 0 rows, 0 set aside; computed 0 of" in said.out
    assert "(unchanged):" in said.out
    assert shop.published() == before


def test_json_is_one_object_and_nothing_else(shop: Shop) -> None:
    told = json.loads(shop.run("--json").out)
    assert set(told) >= {"snapshot", "is_changed", "folder", "rows", "recomputed", "landing", "headline"}
    assert told["is_changed"] is True
    assert Path(told["folder"]).name == told["snapshot"]
    assert told["rows"]["churn"] == shop.rows("churn").height
    assert told["headline"]["2024-02"]["customers"] == "1"
    again = json.loads(shop.run("--json").out)
    assert (again["snapshot"], again["is_changed"]) == (told["snapshot"], False)
    assert not any(again["recomputed"].values())


def test_full_computes_everything_again_and_publishes_nothing_new(shop: Shop) -> None:
    first = json.loads(shop.run("--json").out)
    again = json.loads(shop.run("--json", "--full").out)
    assert again["recomputed"] == first["recomputed"]
    assert (again["snapshot"], again["is_changed"]) == (first["snapshot"], False)


def test_the_environment_is_heard_and_an_argument_comes_before_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_SOURCE", str(shop.source))
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(shop.data))
    monkeypatch.setenv("LOYALTY_AS_OF", "2024-02-20")
    monkeypatch.setenv("LOYALTY_GROSS_MARGIN", "0.5")
    assert shop.call("run").code == 0
    assert shop.rows("churn")["period_start"].max() == date(2024, 2, 1)
    assert shop.call("run", "--as-of", "2024-03-10").code == 0
    assert shop.rows("churn")["period_start"].max() == date(2024, 3, 1)
    clv = shop.everybody("clv")[date(2024, 3, 1)]
    assert (clv["historic_revenue"], clv["historic_margin"]) == (Decimal("100.00"), Decimal("50.00"))


def test_a_settings_file_in_the_source_folder_is_found(shop: Shop) -> None:
    (shop.source / "loyalty.toml").write_text('reporting_currency = "EUR"\nas_of = 2024-02-20\n')
    assert shop.call("run", "--source", str(shop.source), "--data-dir", str(shop.data)).code == 0
    assert shop.rows("churn")["period_start"].max() == date(2024, 2, 1)


def test_rows_set_aside_are_counted_and_their_place_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_MAX_BAD_SHARE", "0.6")
    shop.write("invoice_lines", [line(), line(2, period_end=at("2024-01-01"))])
    said = shop.run()
    assert said.code == 0
    assert "Landed 3 rows, 1 set aside" in said.out
    assert f"Rows set aside, with their reasons: {shop.data}/quarantine" in said.out


def test_one_customer_who_pays_for_february_is_there_in_february_and_gone_in_march(shop: Shop) -> None:
    shop.run()
    months = shop.everybody("customer_retention")
    assert [months[date(2024, m, 1)]["closing_customers"] for m in (2, 3)] == [1, 0]
    churn = shop.everybody("churn")[date(2024, 3, 1)]
    assert (churn["opening_customers"], churn["churned_customers"], churn["customer_churn_rate"]) == (
        1,
        1,
        1.0,
    )


def test_a_customer_without_invoices_changes_nothing_but_needs_no_care(shop: Shop) -> None:
    shop.run()
    before = {table: shop.rows(table) for table in TABLES}
    shop.write("customers", [customer(), customer(2, country="FR")])
    assert shop.run().code == 0
    assert all(shop.rows(table).equals(rows) for table, rows in before.items())


def test_a_month_without_rows_lies_between_two_that_have_some(shop: Shop) -> None:
    later = {"issued_at": at("2024-05-01"), "paid_at": at("2024-05-01"), "updated_at": at("2024-05-01")}
    shop.write("invoices", [invoice(), invoice(2, **later)])
    served = {"period_start": at("2024-05-01"), "period_end": at("2024-06-01"), "invoice_id": "i2"}
    shop.write("invoice_lines", [line(), line(2, **served, updated_at=at("2024-05-01"))])
    assert shop.run("--as-of", "2024-06-15").code == 0
    months = shop.everybody("mrr_growth")
    assert [months[date(2024, m, 1)]["closing_customers"] for m in range(2, 7)] == [1, 0, 0, 1, 0]
    assert months[date(2024, 4, 1)]["mrr_growth_rate"] is None
    assert months[date(2024, 5, 1)]["reactivated_customers"] == 1


def test_tables_without_a_row_are_published_with_their_columns(shop: Shop) -> None:
    for table in ("customers", "invoices", "invoice_lines"):
        path = shop.source / f"{table}.parquet"
        pl.read_parquet(path).clear().write_parquet(path)
    said = shop.run()
    assert said.code == 0, said.err
    for table in TABLES:
        assert shop.rows(table).height == 0
        assert "period_start" in shop.rows(table).columns or table == "clv_fits"


def test_a_foreign_currency_with_rates_is_converted_and_one_currency_needs_none(shop: Shop) -> None:
    shop.write("invoices", [invoice(currency="USD")])
    shop.write(
        "fx_rates",
        [{"rate_date": date(2024, 1, 1), "currency": "USD", "rate": 0.5, "updated_at": at("2024-01-01")}],
    )
    assert shop.run().code == 0
    assert shop.everybody("mrr_growth")[date(2024, 2, 1)]["closing_mrr"] == Decimal("50.00")
