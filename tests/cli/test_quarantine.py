"""`loyalty quarantine`: what it tells, what it hides, what it refuses, and that a replay moves the metrics."""

import csv
import json
from decimal import Decimal
from importlib import import_module

import polars as pl
import pytest

from loyalty_pipeline.lake.lock import exclusive
from tests.cli.conftest import AS_OF, Said, Shop
from tests.landing.company import at, customer, invoice, line
from tests.landing.plain_validator import PlainValidator

GERMAN = {"period_start": "01.02.2024", "period_end": "01.04.2024"}


@pytest.fixture(autouse=True)
def counted_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    # The package has a function of the module's name.
    monkeypatch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)
    monkeypatch.setenv("LOYALTY_MAX_BAD_SHARE", "1")
    monkeypatch.setenv("LOYALTY_AS_OF", str(AS_OF))


def quarantine(shop: Shop, *words: str) -> Said:
    return shop.call("quarantine", *words, "--data-dir", str(shop.data))


def replay(shop: Shop, *words: str) -> Said:
    return quarantine(shop, "replay", *words, "--source", str(shop.source))


def closing_mrr(shop: Shop) -> list[Decimal]:
    rows = shop.rows("mrr_growth").filter(pl.col("period") == "month", pl.col("segment_by") == "all")
    return rows.sort("period_start")["closing_mrr"].to_list()


def test_a_line_shows_as_waiting_with_its_mrr_until_its_invoice_comes_a_night_later(shop: Shop) -> None:
    late = line(2, invoice_id="i2", amount="30.00", period_end=at("2024-04-01"))
    shop.write("invoice_lines", [line(), late])
    shop.run()
    told = json.loads(quarantine(shop, "list", "--json").out)
    (reason,) = told["reasons"]
    assert (reason["table"], reason["reason"]) == ("invoice_lines", "invoice_id_refers_to_a_row")
    assert (reason["rows"], reason["waiting"], reason["mrr"], reason["first_batch"]) == (
        1,
        1,
        "30.0000",
        "000001",
    )
    assert (told["total"]["mrr"], told["total"]["running"], told["failed"]) == ("30.0000", "30.0000", [])
    before = closing_mrr(shop)
    shop.write("invoices", [invoice(), invoice(2)])
    shop.run()
    assert [after - was for after, was in zip(closing_mrr(shop), before, strict=True)] == [30, 30]
    assert quarantine(shop, "list").out == "Nothing is set aside.\n"


def test_the_list_tells_each_reason_and_counts_each_line_once(shop: Shop) -> None:
    shop.write("invoices", [invoice(), invoice(2, customer_id="c2")])
    shop.write("invoice_lines", [line(), line(2, invoice_id="i2"), line(3, amount="?")])
    shop.run()
    told = quarantine(shop, "list")
    assert told.code == 0, told.err
    assert "customer_id_refers_to_a_row" in told.out
    assert "invoice_id_refers_to_a_row" in told.out
    assert (
        "3 rows are set aside, 2 of them wait for a row they refer to: MRR at stake 100.00 EUR + unknown, "
        "of it 0.00 EUR running at the as-of, each line counted once." in told.out
    )


def test_all_includes_what_earlier_readings_set_aside(shop: Shop) -> None:
    shop.write("invoice_lines", [line(), line(2, tax="?")])
    shop.run()
    shop.write("invoice_lines", [line()])
    shop.run()
    assert "tax_can_be_read" not in quarantine(shop, "list").out
    assert "tax_can_be_read" in quarantine(shop, "list", "--all").out
    told = json.loads(quarantine(shop, "list", "--all", "--json").out)
    assert [(row["batch"], row["rows"]) for row in told["history"]] == [("000001", 1)]
    rows = json.loads(quarantine(shop, "show", "invoice_lines", "--batch", "000001", "--json").out)["rows"]
    assert [row["line_id"] for row in rows] == ["l2"]


def test_show_tells_rows_with_reasons_in_words_and_what_was_found(shop: Shop) -> None:
    shop.write("invoice_lines", [line(), line(2, kind="gift [card]"), line(3, tax="?", amount="1234.50")])
    shop.run()
    told = quarantine(shop, "show", "invoice_lines")
    assert told.code == 0, told.err
    assert "invoice_lines: 2 of 2 rows set aside" in told.out
    assert "not: kind is one of recurring, usage, one_off" in told.out
    assert "kind = gift [card]" in told.out
    assert "1,234.50 EUR" in told.out
    assert told.out.index("l3") < told.out.index("l2")
    one = quarantine(shop, "show", "invoice_lines", "--reason", "tax_can_be_read", "--limit", "1")
    assert "invoice_lines: 1 of 2 rows set aside" in one.out
    assert "l2" not in one.out


def test_personal_values_are_shown_only_when_asked_for(shop: Shop) -> None:
    ada = customer(2, name="Ada", email="ada@example.org", country="Germany") | {"phone": "0151"}
    shop.write("customers", [customer(), ada])
    shop.run()
    for form in ([], ["--json"], ["--csv"]):
        told = quarantine(shop, "show", "customers", *form)
        assert told.code == 0, told.err
        assert "c2" in told.out
        assert not [secret for secret in ("Ada", "ada@", "0151") if secret in told.out]
    (row,) = csv.DictReader(quarantine(shop, "show", "customers", "--csv", "--personal").out.splitlines())
    assert (row["name"], row["email"], row["phone"]) == ("Ada", "ada@example.org", "0151")
    assert (row["_reasons"], row["_waiting"], row["_row"]) == ("country_has_the_right_shape", "false", "2")


def test_a_refused_landing_is_told_with_the_command_that_shows_its_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    monkeypatch.setenv("LOYALTY_MAX_BAD_SHARE", "0.1")
    shop.write("invoice_lines", [line(), line(2, tax="?", amount="5.00")])
    assert shop.run().code == 1
    told = quarantine(shop, "list").out
    assert "Batch 000002 was refused, or is landing right now: 1 rows of invoice_lines." in told
    assert "loyalty quarantine show invoice_lines --failed" in told
    (row,) = json.loads(quarantine(shop, "show", "invoice_lines", "--failed", "--json").out)["rows"]
    assert (row["line_id"], row["_mrr"]) == ("l2", "5.0000")


def test_a_replay_under_a_corrected_mapping_moves_mrr_by_what_show_told(shop: Shop) -> None:
    shop.write("invoice_lines", [line(**GERMAN), line(2, **GERMAN, amount="25.50")])
    shop.run()
    rows = json.loads(quarantine(shop, "show", "invoice_lines", "--json").out)["rows"]
    at_stake = sum(Decimal(row["_mrr"]) for row in rows)
    settings = shop.source / "loyalty.toml"
    settings.write_text('[tables.invoice_lines]\ndate_format = "%d.%m.%Y"\n')
    told = replay(shop, "--settings", str(settings))
    assert told.code == 0, told.err
    assert "invoice_lines: 2 judged again, 2 released, 0 still set aside" in told.out
    assert closing_mrr(shop) == [at_stake, at_stake] == [Decimal("125.50")] * 2
    assert quarantine(shop, "list").out == "Nothing is set aside.\n"


def test_a_replay_tells_what_is_still_set_aside_and_why(shop: Shop) -> None:
    shop.write("invoice_lines", [line(), line(2, tax="?")])
    shop.run()
    told = replay(shop, "invoice_lines")
    assert told.code == 0, told.err
    assert "invoice_lines: 1 judged again, 0 released, 1 still set aside\n  tax_can_be_read: 1\n" in told.out
    (one,) = json.loads(replay(shop, "--json").out)["tables"]
    assert one == {
        "table": "invoice_lines",
        "judged": 1,
        "released": 0,
        "still": 1,
        "gone": 0,
        "reasons": {"tax_can_be_read": 1},
    }


def test_reading_commands_work_while_a_run_is_on_and_a_replay_does_not(shop: Shop) -> None:
    shop.write("invoice_lines", [line(), line(2, tax="?")])
    shop.run()
    with exclusive(shop.data):
        assert quarantine(shop, "list").code == 0
        assert quarantine(shop, "show", "invoice_lines").code == 0
        refused = replay(shop)
    assert refused.code == 4
    assert "is in use by process" in refused.err
    assert "Nothing was released or published; both are as they were." in refused.err


def test_reading_writes_nothing(shop: Shop) -> None:
    assert quarantine(shop, "list").out == "Nothing is set aside.\n"
    assert quarantine(shop, "show", "customers").code == 0
    assert not shop.data.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "invoice_line"], "expected a raw table; did you mean invoice_lines?"),
        (["show", "customers", "--json", "--csv"], "--json and --csv: expected one of them"),
        (
            ["show", "customers", "--failed", "--batch", "000001"],
            "--batch and --failed: expected one of them",
        ),
        (
            ["show", "customers", "--batch", "000009"],
            "expected a batch that set rows of customers aside: none",
        ),
        (["show", "invoice_lines", "--reason", "tax"], "expected a reason of these rows: tax_can_be_read"),
        (["replay", "invoice_line"], "expected a raw table; did you mean invoice_lines?"),
    ],
)
def test_a_wrong_argument_is_told_and_ends_with_2(shop: Shop, words: list[str], said: str) -> None:
    shop.write("invoice_lines", [line(), line(2, tax="?")])
    shop.run()
    told = quarantine(shop, *words)
    assert told.code == 2
    assert said in told.err
    assert told.out == ""


def test_a_replay_that_is_refused_ends_with_1_and_changes_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("invoice_lines", [line(), line(2, tax="?")])
    shop.run()
    before = shop.published()
    monkeypatch.setenv("LOYALTY_MAX_BAD_SHARE", "0.1")
    told = replay(shop)
    assert (told.code, told.out) == (1, "")
    assert "tax can be read" in told.err
    assert shop.published() == before
    assert len(json.loads(quarantine(shop, "list", "--json").out)["reasons"]) == 1


def test_the_help_names_the_commands(shop: Shop) -> None:
    assert "quarantine" in shop.call("--help").out
    told = shop.call("quarantine", "--help")
    assert told.code == 0
    for command in ("list", "show", "replay"):
        assert command in told.out
