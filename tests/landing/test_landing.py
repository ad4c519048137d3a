"""What lands, where it is filed, and when nothing does."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.landing.checks import ChecksFailed
from loyalty_pipeline.validation.history import ValidationHistory, validation_history

from .company import NIGHT, Company, at, customer, invoice, line


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_a_first_landing_takes_every_row_with_the_types_of_the_contract(company):
    report = company.land()
    assert report.batch == "000001"
    assert {t: r.accepted for t, r in report.tables.items() if r.accepted} == {
        "customers": 1,
        "invoices": 1,
        "invoice_lines": 1,
    }
    landed = company.rows("invoice_lines")
    assert landed.schema["amount"] == pl.Decimal(18, 4)
    assert landed.schema["period_start"] == pl.Datetime("us", "UTC")
    assert landed.select("_batch", "_row").row(0) == ("000001", 1)


def test_a_second_landing_of_the_same_files_reads_none_and_commits_nothing(company):
    company.land()
    before = company.store().read().to_json()
    report = company.land()
    assert report.batch == ""
    assert all(table.skipped for table in report.tables.values())
    assert company.store().read().to_json() == before


def test_a_touched_file_without_a_change_lands_no_row_and_is_skipped_afterwards(company):
    company.land()
    files = company.store().read().tables
    for path in company.source.iterdir():
        os.utime(path, (1, 1))
    report = company.land()
    assert report.tables["invoice_lines"].already_landed == 1
    assert report.changed == {}
    assert company.store().read().tables == files
    assert company.land().batch == ""


def test_columns_that_the_contract_does_not_know_are_kept_as_they_are(company):
    company.write("customers", [customer(shoe_size=43, _hash="theirs")])
    company.land()
    landed = company.rows("customers")
    assert landed["shoe_size"].to_list() == [43]
    assert landed["source._hash"].to_list() == ["theirs"]


def test_a_new_column_of_the_source_warns_and_lands_no_row_again(company):
    company.land()
    company.write("customers", [customer(shoe_size=43)])
    report = company.land().tables["customers"]
    (warning,) = report.warnings
    assert warning.startswith(
        "no_column_is_new: not so: the source has no column that it did not have before"
    )
    assert "shoe_size" in warning
    assert (report.accepted, report.already_landed) == (0, 1)


def test_a_column_that_was_there_and_is_gone_stops_the_run(company):
    company.land()
    rows = [{name: value for name, value in customer().items() if name != "country"}]
    company.write("customers", rows)
    with pytest.raises(DataFault, match=r"every column that was used before .*missing: .*country"):
        company.land()
    company.settings.tables = {"customers": {"columns": {"country": ""}}}
    assert company.land().tables["customers"].accepted == 1


@pytest.mark.usefixtures("great_expectations")
@pytest.mark.parametrize("totals", [(119, 119.0), (119.0, 119), (119, None), ("119", "119.00")])
def test_a_column_of_numbers_may_become_another_type_of_numbers_and_nothing_stops(tmp_path, totals):
    """One null in a column of whole numbers is enough, where the file comes from pandas."""
    company = Company(tmp_path, max_bad_share=1.0)
    for night, total in enumerate(totals):
        company.write("invoices", [invoice(total=total), invoice(2 + night, total=total)])
        report = company.land().tables["invoices"]
    assert not [
        check.rule for check in report.checks if check.rule.startswith("no_column") and not check.passed
    ]
    assert report.extracted == 2


@pytest.mark.usefixtures("great_expectations")
def test_a_column_of_numbers_that_becomes_text_stops_the_run(company):
    company.write("invoices", [invoice(total=119)])
    company.land()
    company.write("invoices", [invoice(total="119 EUR")])
    with pytest.raises(ChecksFailed, match=r"of the same kind .*total.*Int64.*String"):
        company.land()


def test_an_exact_repeat_of_a_row_is_dropped_and_counted(company):
    company.write("invoice_lines", [line(), line(), line(2)])
    report = company.land().tables["invoice_lines"]
    assert (report.accepted, report.duplicates, report.quarantined) == (2, 1, 0)


def test_several_versions_of_a_key_in_one_batch_all_land(company):
    company.write("invoices", [invoice(status="open"), invoice(updated_at=at("2024-03-01"))])
    assert company.land().tables["invoices"].accepted == 2


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_contents_of_one_version_the_same_one_stays_whatever_their_order(company, order):
    company.write("invoices", [invoice(total="10"), invoice(total="20")][::order])
    assert company.land().tables["invoices"].quarantined == 1
    bad = company.quarantined("invoices")
    assert bad["_reasons"].to_list() == [["one_content_per_version"]]
    assert {str(company.rows("invoices")["total"][0]), bad["total"][0]} == {"10.0000", "20"}


def test_a_changed_row_lands_beside_its_first_version_in_the_same_home_month(company):
    company.land()
    company.write("invoices", [invoice(issued_at=at("2024-04-02"), updated_at=at("2024-05-02"))])
    report = company.land().tables["invoices"]
    assert (report.accepted, report.months) == (1, ["2024-01"])
    assert list(company.parts("invoices")) == ["2024-01/000001-0000", "2024-01/000002-0000"]


def test_a_late_row_is_filed_in_the_month_of_its_business_date(company):
    company.land()
    company.write("invoices", [invoice(), invoice(2, issued_at=at("2023-07-05"))])
    assert company.land().tables["invoices"].months == ["2023-07"]


def test_the_home_month_is_the_one_in_the_reporting_time_zone(tmp_path):
    company = Company(tmp_path, timezone="Europe/Berlin")
    company.land()
    assert list(company.parts("invoices")) == ["2024-02/000001-0000"]


def test_a_line_is_filed_with_its_invoice_and_not_by_its_own_period(company):
    company.write("invoice_lines", [line(period_start=at("2025-01-01"), period_end=at("2025-02-01"))])
    company.land()
    assert list(company.parts("invoice_lines")) == ["2024-01/000001-0000"]


def test_a_line_that_moves_to_an_invoice_of_another_month_leaves_a_tombstone_behind(company):
    company.write("invoices", [invoice(), invoice(2, issued_at=at("2024-05-05"))])
    company.land()
    company.write("invoice_lines", [line(invoice_id="i2", updated_at=at("2024-05-20"))])
    report = company.land().tables["invoice_lines"]
    assert (report.accepted, report.tombstones, report.months) == (1, 1, ["2024-01", "2024-05"])
    left = company.parts("invoice_lines")["2024-01/000002-gone"]
    assert left.select("line_id", "deleted_at").row(0) == ("l1", at("2024-05-20"))
    company.write("invoice_lines", [line(invoice_id="i2", updated_at=at("2024-05-20")), line(2)])
    assert company.land().tables["invoice_lines"].tombstones == 0


def test_a_key_that_vanishes_leaves_a_tombstone_that_copies_its_last_version(company):
    company.write("invoice_lines", [line(), line(2, amount="7")])
    company.land()
    company.write("invoice_lines", [line()])
    report = company.land(extracted_at=at("2024-07-01")).tables["invoice_lines"]
    assert report.tombstones == 1
    assert "1 of 2 keys have left the source" in report.warnings[0]
    grave = company.parts("invoice_lines")["2024-01/000002-gone"]
    assert grave.select("line_id", "amount", "deleted_at", "updated_at", "_row").row(0) == (
        "l2",
        7,
        at("2024-07-01"),
        at("2024-07-01"),
        None,
    )
    assert company.land().batch == ""


def test_a_key_that_is_there_as_a_bad_row_has_not_vanished(company):
    company.write("invoice_lines", [line(), line(2)])
    company.land()
    company.write("invoice_lines", [line(), line(2, kind="gift", updated_at=at("2024-04-01"))])
    report = company.land().tables["invoice_lines"]
    assert (report.quarantined, report.tombstones) == (1, 0)


def test_a_key_that_returns_unchanged_after_its_tombstone_lands_again_as_of_now(company):
    company.write("invoice_lines", [line(), line(2)])
    company.land()
    company.write("invoice_lines", [line()])
    company.land()
    company.write("invoice_lines", [line(), line(2)])
    company.land(extracted_at=at("2024-08-01"))
    versions = company.rows("invoice_lines").filter(line_id="l2").sort("updated_at")
    assert versions["deleted_at"].is_null().to_list() == [True, False, True]
    assert versions["updated_at"][-1] == at("2024-08-01")
    os.utime(company.source / "invoice_lines.parquet", (1, 1))
    assert company.land().tables["invoice_lines"].already_landed == 2


def _without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


def test_rows_without_updated_at_are_as_of_the_extract_and_land_again_only_when_they_differ(company):
    company.write("customers", [_without(customer(), "updated_at"), _without(customer(2), "updated_at")])
    company.land()
    assert set(company.rows("customers")["updated_at"]) == {NIGHT}
    company.write(
        "customers", [_without(customer(), "updated_at"), _without(customer(2, country="FR"), "updated_at")]
    )
    second = company.land().tables["customers"]
    assert (second.accepted, second.already_landed) == (1, 1)
    company.write("customers", [_without(customer(), "updated_at"), _without(customer(2), "updated_at")])
    third = company.land().tables["customers"]
    assert (third.accepted, third.already_landed) == (1, 1), "a value that changes back is a change"


def test_a_row_waits_for_what_it_refers_to_and_lands_when_that_comes(company):
    company.write("invoice_lines", [line(), line(2, invoice_id="i2")])
    first = company.land().tables["invoice_lines"]
    assert (first.accepted, first.quarantined, first.waiting) == (1, 1, 1)
    assert company.quarantined("invoice_lines").select("line_id", "_reasons", "_waiting").row(0) == (
        "l2",
        ["invoice_id_refers_to_a_row"],
        True,
    )
    assert company.land().batch == "", "nothing came that could release it"
    company.write("invoices", [invoice(), invoice(2, issued_at=at("2024-05-05"))])
    second = company.land().tables["invoice_lines"]
    assert (second.accepted, second.released, second.waiting, second.months) == (1, 1, 0, ["2024-05"])
    assert company.land().batch == ""


def test_rows_wait_for_a_row_that_waits_itself(company):
    company.write("invoices", [invoice(), invoice(2, customer_id="c2")])
    company.write("invoice_lines", [line(), line(2, invoice_id="i2")])
    assert company.land().tables["invoice_lines"].waiting == 1
    company.write("customers", [customer(), customer(2)])
    report = company.land()
    assert {t: r.released for t, r in report.tables.items() if r.released} == {
        "invoices": 1,
        "invoice_lines": 1,
    }


def test_a_record_waits_for_the_record_it_was_merged_into_and_so_does_a_chain_of_them(company):
    chain = [customer(2, merged_into_customer_id="c3"), customer(3, merged_into_customer_id="c4")]
    company.write("customers", [customer(), *chain])
    assert company.land(extracted_at=NIGHT).tables["customers"].waiting == 2
    company.write("customers", [customer(), *chain, customer(4)])
    assert company.land().tables["customers"].released == 2


def test_a_reference_to_a_table_that_the_source_lacks_is_not_checked(company):
    company.write("invoices", [invoice(subscription_id="s1")])
    assert company.land().tables["invoices"].accepted == 1


def test_a_missing_required_table_stops_the_run(company):
    (company.source / "invoices.parquet").unlink()
    with pytest.raises(DataFault, match="invoices: the table is required"):
        company.land()


def test_a_table_that_was_there_and_is_gone_stops_the_run(company):
    refund = {"refund_id": "r1", "invoice_id": "i1", "amount": "5", "currency": "EUR"}
    path = company.write(
        "refunds", [refund | {"refunded_at": at("2024-03-01"), "updated_at": at("2024-03-01")}]
    )
    company.land()
    path.unlink()
    with pytest.raises(DataFault, match="refunds: the table was there before"):
        company.land()


def test_a_missing_required_column_stops_the_run(company):
    company.write("invoices", [_without(invoice(), "status")])
    with pytest.raises(DataFault, match=r"invoices\.status: the column is required"):
        company.land()


def test_an_empty_required_table_is_fine(company):
    company.write("invoice_lines", [line()])
    pl.read_parquet(company.source / "invoice_lines.parquet").clear().write_parquet(
        company.source / "invoice_lines.parquet"
    )
    report = company.land().tables["invoice_lines"]
    assert (report.extracted, report.accepted) == (0, 0)


@pytest.mark.usefixtures("great_expectations")
def test_nothing_is_committed_on_a_fault_and_what_was_wrong_is_kept_as_evidence(tmp_path):
    company = Company(tmp_path, max_bad_share=0.1)
    company.write("invoice_lines", [line(), line(2, kind="gift")])
    with pytest.raises(ChecksFailed, match=r"invoice_lines\.kind: kind is one of .*1 of 2 rows") as fault:
        company.land()
    assert [check.rule for check in fault.value.checks if not check.passed] == ["kind_is_one_of_its_values"]
    assert company.store().read().tables == {}
    assert not (company.store().root / "current.json").exists()
    evidence = company.settings.data_dir / "quarantine" / "_failed" / "000001" / "invoice_lines.parquet"
    assert pl.read_parquet(evidence)["line_id"].to_list() == ["l2"]
    company.write("invoice_lines", [line()])
    assert company.land().batch == "000001"
    assert not evidence.exists()


def test_a_currency_without_a_rate_stops_the_run_until_one_rate_is_there(company):
    company.write("invoices", [invoice(currency="USD")])
    with pytest.raises(DataFault, match="no rate for USD"):
        company.land()
    rate = {"rate_date": date(2024, 1, 1), "currency": "USD", "rate": 0.92, "updated_at": at("2024-01-02")}
    company.write("fx_rates", [rate])
    assert company.land().tables["invoices"].accepted == 1
    assert list(company.parts("fx_rates")) == ["2024-01/000001-0000"]


def test_an_entry_knows_its_last_event(company):
    company.write("invoices", [invoice(), invoice(2, issued_at=at("2024-01-02"), paid_at=at("2024-09-09"))])
    company.land(extracted_at=at("2024-10-01"))
    entries = company.store().read().tables
    (entry,) = entries["invoices"].values()
    assert datetime.fromisoformat(entry.latest) == at("2024-09-09")
    (entry,) = entries["customers"].values()
    assert entry.latest == ""


def test_an_extract_always_comes_after_the_last(company):
    first = company.land(extracted_at=NIGHT)
    company.write("customers", [customer(), customer(2)])
    assert company.land(extracted_at=datetime(2020, 1, 1, tzinfo=UTC)).extracted_at > first.extracted_at


def test_the_history_of_checks_tells_every_check_of_every_run_that_read_something(tmp_path):
    company = Company(tmp_path, max_bad_share=0.4)
    report = company.land()
    company.land()
    company.write("invoice_lines", [line(), line(2, kind="gift"), line(3)])
    company.land()
    company.write("invoice_lines", [line(), line(2, kind="gift")])
    with pytest.raises(ChecksFailed):
        company.land()
    history = validation_history(company.settings.data_dir)
    dy_frame = ValidationHistory.validate(history)
    assert dy_frame["batch"].unique().sort().to_list() == ["", "000001", "000002"]
    first = history.filter(batch="000001")
    assert first.height == len(report.checks)
    kinds = history.filter(table="invoice_lines", check="kind_is_one_of_its_values")
    assert kinds.select("batch", "rows", "bad_rows", "verdict").rows() == [
        ("000001", 1, 0, "passed"),
        ("000002", 3, 1, "set aside"),
        ("", 2, 1, "blocked"),
    ]
    assert {"key_is_unique", "table_can_be_landed", "invoice_id_refers_to_a_row"} <= set(first["check"])


def test_a_table_that_cannot_be_landed_is_in_the_history_with_what_is_wrong(company):
    (company.source / "invoices.parquet").unlink()
    with pytest.raises(DataFault):
        company.land()
    (row,) = validation_history(company.settings.data_dir).filter(verdict="blocked").to_dicts()
    assert (row["table"], row["check"]) == ("invoices", "table_can_be_landed")
    assert "the source lacks it" in row["observed"]


def test_a_file_that_cannot_be_read_says_so_in_one_sentence(company):
    (company.source / "customers.parquet").write_bytes(b"not parquet")
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        company.land()


def test_a_source_that_is_not_there_says_so(company):
    company.settings.source += "/nowhere"
    with pytest.raises(SourceError, match="is not a folder"):
        company.land()
