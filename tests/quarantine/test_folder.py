"""What is set aside now, what was before, and what a refused landing left: as the files say, of any release."""

from datetime import UTC, datetime

import polars as pl
import pytest

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.quarantine.folder import Evidence
from loyalty_pipeline.quarantine.overview import by_reason, history
from loyalty_pipeline.quarantine.reasons import Words
from loyalty_pipeline.quarantine.shown import Choice
from tests.landing.company import at, customer, line
from tests.quarantine.shop import Shop


def overview(shop):
    return by_reason(shop.folder, shop.folder.current(), shop.worth())


def test_nothing_is_set_aside_before_the_first_landing(shop):
    assert shop.folder.current() == {}
    assert shop.folder.evidence() == []
    assert overview(shop) == []


def test_what_is_set_aside_is_what_the_last_reading_of_the_table_set_aside(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"), line(3, invoice_id="i9"))
    shop.land()
    shop.write("customers", customer(), customer(2))
    shop.land()
    assert [rows["line_id"].to_list() for rows in shop.folder.current().values()] == [["l2", "l3"]]
    shop.write("invoice_lines", line(), line(3, invoice_id="i9"))
    shop.land()
    assert shop.folder.current()["invoice_lines"]["line_id"].to_list() == ["l3"]
    assert shop.folder.batches("invoice_lines") == ["000001", "000003"]


def test_the_overview_has_a_line_for_each_table_and_reason(shop):
    shop.write("invoice_lines", line(), line(2, tax="?", kind="gift"), line(3, tax="?", amount="5.00"))
    shop.land(extracted_at=datetime(2024, 6, 1, tzinfo=UTC))
    lines = {(row["table"], row["reason"]): row for row in overview(shop)}
    assert set(lines) == {
        ("invoice_lines", "tax_can_be_read"),
        ("invoice_lines", "kind_is_one_of_its_values"),
    }
    unreadable = lines["invoice_lines", "tax_can_be_read"]
    assert (unreadable["rows"], unreadable["waiting"], unreadable["mrr"], unreadable["unknown"]) == (
        2,
        0,
        5,
        1,
    )
    assert unreadable["first_seen"] == datetime(2024, 6, 1, tzinfo=UTC)


def test_a_reason_was_first_seen_when_one_of_these_rows_was_first_set_aside_for_it(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land(extracted_at=datetime(2024, 6, 1, tzinfo=UTC))
    shop.write("invoice_lines", line(), line(3, tax="?"), line(4, invoice_id="i9"))
    shop.land(extracted_at=datetime(2024, 6, 2, tzinfo=UTC))
    shop.write("invoice_lines", line(), line(3, tax="?"), line(4, invoice_id="i9"), line(5, tax="?"))
    shop.land(extracted_at=datetime(2024, 6, 3, tzinfo=UTC))
    first = {row["reason"]: (row["first_batch"], row["last_batch"]) for row in overview(shop)}
    assert first == dict.fromkeys(["tax_can_be_read", "invoice_id_refers_to_a_row"], ("000002", "000003"))


def test_the_history_has_what_earlier_readings_set_aside(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land(extracted_at=datetime(2024, 6, 1, tzinfo=UTC))
    shop.write("invoice_lines", line())
    shop.land(extracted_at=datetime(2024, 6, 2, tzinfo=UTC))
    (told,) = history(shop.folder, ["invoice_lines"])
    assert told == {
        "table": "invoice_lines",
        "batch": "000001",
        "read_at": datetime(2024, 6, 1, tzinfo=UTC),
        "reason": "tax_can_be_read",
        "rows": 1,
        "waiting": 0,
    }


def test_reasons_in_one_text_as_earlier_releases_wrote_them_are_read(shop):
    shop.write("invoice_lines", line(), line(2, tax="?", kind="gift"))
    shop.land()
    path = shop.folder.root / "invoice_lines" / "000001.parquet"
    now = pl.read_parquet(path)
    now.with_columns(pl.col("_reasons").list.join("; ")).drop("proration").write_parquet(path)
    rows = shop.folder.current()["invoice_lines"]
    assert set(rows["_reasons"].item()) == {"tax_can_be_read", "kind_is_one_of_its_values"}
    assert rows["proration"].to_list() == [None]


def test_when_a_batch_was_read_is_known_from_the_records_of_earlier_releases_too(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land()
    (shop.data / "validation" / "history.parquet").unlink()
    assert shop.folder.landed_at("000001") is None
    record = shop.data / "landing" / "checks" / "000001.json"
    record.parent.mkdir()
    record.write_text('{"extracted_at": "2024-06-01T03:00:00+00:00"}')
    assert shop.folder.landed_at("000001") == at("2024-06-01 03:00")


def test_what_a_refused_landing_left_is_evidence_and_nothing_that_is_set_aside(tmp_path):
    shop = Shop(tmp_path, max_bad_share=0.1)
    shop.land()
    shop.write("invoice_lines", line(), line(2, tax="?"))
    with pytest.raises(DataFault):
        shop.land()
    assert shop.folder.current() == {}
    assert shop.folder.evidence() == [Evidence("000002", "invoice_lines", 1)]
    assert shop.folder.failed("000002", "invoice_lines")["line_id"].to_list() == ["l2"]


def test_a_batch_that_is_not_committed_yet_does_not_count(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land()
    table = shop.folder.root / "invoice_lines"
    pl.read_parquet(table / "000001.parquet").clear().write_parquet(table / "000002.parquet")
    assert shop.folder.batches("invoice_lines") == ["000001"]
    assert shop.folder.current()["invoice_lines"].height == 1


def test_reading_works_while_a_run_holds_the_lock(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land()
    with exclusive(shop.data):
        assert len(overview(shop)) == 1


def test_a_file_that_is_no_parquet_is_told_in_a_sentence(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.land()
    (shop.folder.root / "invoice_lines" / "000001.parquet").write_bytes(b"no parquet")
    with pytest.raises(SourceError, match=r"000001\.parquet cannot be read as Parquet"):
        shop.folder.current()


def test_personal_values_and_columns_that_no_contract_knows_are_masked_unless_asked_for(shop):
    bad = customer(2, name="Ada", email=None, country="Germany") | {"phone": "0151"}
    shop.write("customers", customer(), bad)
    shop.land()
    row = shop.shown("customers", Choice())["c2"]
    assert (row["name"], row["email"], row["phone"], row["country"]) == ("***", None, "***", "Germany")
    open_to_see = shop.shown("customers", Choice(is_personal=True))["c2"]
    assert (open_to_see["name"], open_to_see["phone"]) == ("Ada", "0151")


def test_rows_are_chosen_by_their_reason_and_number(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"), line(3, tax="?"), line(4, kind="gift"))
    shop.land()
    assert list(shop.shown("invoice_lines", Choice(reason="kind_is_one_of_its_values"))) == ["l4"]
    assert len(shop.shown("invoice_lines", Choice(limit=2))) == 2


def test_a_reason_is_told_by_the_sentence_of_its_rule_and_an_unknown_one_by_its_name():
    words = Words.of("invoice_lines")
    told = words.told(["kind_is_one_of_its_values", "amount_is_even"])
    assert told == ["not: kind is one of recurring, usage, one_off", "not: amount is even"]
    assert words.columns(["amount_is_even", "tax_can_be_read", "kind_is_one_of_its_values"]) == [
        "kind",
        "tax",
    ]


def test_a_rule_that_data_engineers_wrote_is_told_by_its_sentence(tmp_path):
    folder = tmp_path / "expectations"
    folder.mkdir()
    (folder / "invoice_lines.yaml").write_text(
        "few_units:\n  expect: column_values_to_be_between\n  column: quantity\n  max_value: 5\n"
    )
    assert Words.of("invoice_lines", folder).columns(["few_units"]) == ["quantity"]


def test_days_that_were_days_in_the_source_are_read_whatever_the_format_of_its_texts(tmp_path):
    shop = Shop(tmp_path, tables={"invoice_lines": {"date_format": "%d.%m.%Y"}})
    shop.write("invoice_lines", line(), line(2, tax="?", interval=None, period_end=at("2024-04-01")))
    shop.land()
    assert shop.shown("invoice_lines")["l2"]["_mrr"] == 50
