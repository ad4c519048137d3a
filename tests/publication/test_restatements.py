"""Restatements: which numbers of complete periods a publication changed, and what did it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.publication.cells import PLACE, placed
from loyalty_pipeline.publication.files import READABLE, columns_of
from loyalty_pipeline.publication.restatements import RESTATED, Restatement
from tests.landing.company import at, customer
from tests.landing.plain_validator import PlainValidator
from tests.publication.desk import EVERYBODY, Desk, bill, cell, restated

FEBRUARY, MARCH = date(2024, 2, 1), date(2024, 3, 1)


@pytest.fixture(autouse=True)
def counted_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    # Great Expectations takes seconds to import.
    monkeypatch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def causes(rows: list[dict[str, Any]]) -> set[str]:
    return {row["cause"] for row in rows}


def test_the_first_publication_restates_nothing(desk: Desk) -> None:
    first = desk.night()
    assert first.restated.count == 0
    assert pl.read_parquet(first.folder / "restatements.parquet").schema == polars_schema(Restatement)


def test_a_late_line_restates_its_month_and_says_which_batch_brought_it(desk: Desk) -> None:
    first = desk.night()
    desk.bills.append(bill(5, "2024-02-01", "2024-03-01", amount="50.00"))
    second = desk.night()
    row = cell(second, "mrr_growth", "closing_mrr")
    assert (row["old_amount"], row["new_amount"], row["amount_change"]) == (200, 250, 50)
    assert (row["old"], row["new"], row["change"]) == (200.0, 250.0, 50.0)
    assert (row["unit"], row["cohort"]) == ("reporting currency / month", None)
    assert (row["snapshot"], row["previous_snapshot"]) == (second.snapshot, first.snapshot)
    assert causes(restated(second)) == {"late data"}
    assert row["reason"] == "late data in invoice_lines, invoices"
    assert (row["raw_tables"], row["batches"]) == ("invoice_lines, invoices", "000002")


def test_only_measures_that_changed_are_rows_and_incomplete_periods_have_none(desk: Desk) -> None:
    desk.night()
    desk.bills.append(bill(5, "2024-02-01", "2024-03-01", amount="50.00"))
    rows = restated(desk.night())
    # Their March opens with what February closes with, and their first quarter lasts as well.
    assert {row["period_start"] for row in rows} == {FEBRUARY}
    growth = {row["measure"] for row in rows if row["table"] == "mrr_growth" and row["segment_by"] == "all"}
    assert growth == {"new_mrr", "closing_mrr", "arpa", "arr"}
    assert [row for row in rows if row["table"] in {"churn", "customer_retention"}] == []
    assert [row for row in rows if row["segment_value"] == "FR"] == []


def test_a_corrected_line_is_corrected_data(desk: Desk) -> None:
    desk.night()
    desk.correct(1, amount="99.99")
    second = desk.night()
    row = cell(second, "mrr_growth", "closing_mrr")
    assert row["amount_change"] == Decimal("-0.01")
    assert row["change"] == -0.01
    assert causes(restated(second)) == {"corrected data"}
    assert (row["raw_tables"], row["batches"]) == ("invoice_lines", "000002")


def test_a_line_that_left_the_source_is_corrected_data_and_so_is_its_return(desk: Desk) -> None:
    desk.night()
    kept = desk.bills.pop(1)
    gone = desk.night()
    assert causes(restated(gone)) == {"corrected data"}
    assert cell(gone, "mrr_growth", "closing_mrr")["new_amount"] == 100
    desk.bills.insert(1, kept)
    back = desk.night()
    assert causes(restated(back)) == {"corrected data"}
    assert cell(back, "mrr_growth", "closing_mrr")["new_amount"] == 200


def test_a_segment_that_disappears_has_no_new_number_and_one_that_appears_no_old_one(desk: Desk) -> None:
    desk.night()
    french = [desk.bills.pop(3), desk.bills.pop(1)]
    place = {"segment_by": "country", "segment_value": "FR"}
    gone = cell(desk.night(), "mrr_growth", "closing_mrr", **place)
    assert (gone["old"], gone["new"], gone["change"]) == (100.0, None, None)
    assert (gone["old_amount"], gone["new_amount"], gone["amount_change"]) == (100, None, None)
    desk.bills += french
    back = cell(desk.night(), "mrr_growth", "closing_mrr", **place)
    assert (back["old"], back["new"], back["change"]) == (None, 100.0, None)


def test_a_flag_is_zero_or_one(desk: Desk) -> None:
    desk.night()
    desk.bills = [pair for pair in desk.bills if pair[0]["customer_id"] == "c1"]
    row = cell(desk.night(), "mrr_growth", "is_complete", segment_by="country", segment_value="FR")
    assert (row["old"], row["new"], row["unit"]) == (1.0, None, "0 or 1")


def test_a_cohort_is_named(desk: Desk) -> None:
    desk.night()
    desk.bills.append(bill(5, "2024-02-01", "2024-03-01", amount="50.00"))
    row = cell(desk.night(), "cohort_retention", "cohort_mrr", cohort=FEBRUARY)
    assert (row["old_amount"], row["new_amount"]) == (200, 250)


def test_a_changed_setting_is_policy_and_is_named(desk: Desk) -> None:
    desk.night()
    desk.settings["gross_margin"] = Decimal("0.5")
    second = desk.publish()
    assert {(row["table"], row["cause"]) for row in restated(second)} == {("clv", "policy")}
    row = cell(second, "clv", "historic_margin")
    assert (row["old_amount"], row["new_amount"]) == (160, 100)
    assert (row["reason"], row["raw_tables"], row["batches"]) == ("policy: gross_margin", None, None)


def test_another_fiscal_year_is_policy_also_for_quarters_that_no_longer_exist(desk: Desk) -> None:
    desk.as_of = date(2024, 4, 10)
    desk.night()
    desk.settings["fiscal_year_start_month"] = 2
    rows = restated(desk.publish(), table="mrr_growth", measure="closing_mrr", **EVERYBODY)
    assert {(row["period"], row["period_start"], row["new"]) for row in rows} == {
        ("quarter", date(2024, 1, 1), None)
    }
    assert causes(rows) == {"policy"}
    assert rows[0]["reason"] == "policy: fiscal_year_start_month"


def test_other_code_is_code_and_says_of_which_table(desk: Desk) -> None:
    desk.night()
    lake = desk.lake()
    table = lake.tables["advocacy_revenue"]

    @wraps(table.function)
    def rewritten(**arguments: Any) -> pl.LazyFrame:
        return table.function(**arguments).with_columns(referred_customers=pl.col("referred_customers") + 1)

    lake.tables["advocacy_revenue"] = replace(table, function=rewritten, code="another")
    rows = restated(desk.publish(lake))
    assert {(row["table"], row["measure"], row["change"]) for row in rows} == {
        ("advocacy_revenue", "referred_customers", 1.0),
        ("scorecard", "observations", 1.0),
    }
    assert {(row["cause"], row["reason"]) for row in rows} == {("code", "code of advocacy_revenue")}


def test_data_and_a_setting_at_once_are_more_than_one_and_both_are_named(desk: Desk) -> None:
    desk.night()
    desk.correct(1, amount="80.00")
    desk.settings["gross_margin"] = Decimal("0.5")
    second = desk.night()
    row = cell(second, "clv", "historic_margin")
    assert row["cause"] == "more than one"
    assert row["reason"] == "corrected data in invoice_lines; policy: gross_margin"
    assert cell(second, "mrr_growth", "closing_mrr")["cause"] == "corrected data"


def late_renewal(desk: Desk) -> None:
    """Both pay until three days before the month ends; the first goes on a day into the next month."""
    desk.bills = [
        bill(1, "2024-02-01", "2024-02-28", subscription_id="s1"),
        bill(2, "2024-02-01", "2024-02-28", customer_id="c2"),
        bill(3, "2024-03-02", "2024-03-30", subscription_id="s1"),
    ]


def test_an_as_of_that_moves_on_lets_what_had_landed_before_count(desk: Desk) -> None:
    late_renewal(desk)
    desk.as_of = date(2024, 3, 1)
    desk.night()
    desk.as_of = date(2024, 3, 10)
    second = desk.publish()
    row = cell(second, "mrr_growth", "closing_customers")
    assert (row["old"], row["new"], row["cause"]) == (0.0, 1.0, "as-of")
    assert (row["reason"], row["raw_tables"]) == ("as-of 2024-03-01 to 2024-03-10", None)


def test_what_happened_after_the_old_as_of_is_not_late(desk: Desk) -> None:
    late_renewal(desk)
    renewal = desk.bills.pop()
    desk.as_of = date(2024, 3, 1)
    desk.night()
    desk.bills.append(renewal)
    desk.as_of = date(2024, 3, 10)
    row = cell(desk.night(), "mrr_growth", "closing_customers")
    assert (row["old"], row["new"], row["cause"]) == (0.0, 1.0, "as-of")
    assert (row["raw_tables"], row["batches"]) == ("invoice_lines, invoices", "000002")


def test_an_as_of_that_moves_back_takes_numbers_of_complete_periods_away(desk: Desk) -> None:
    desk.night()
    desk.as_of = date(2024, 2, 20)
    row = cell(desk.publish(), "mrr_growth", "is_complete")
    assert (row["old"], row["new"], row["cause"]) == (1.0, 0.0, "as-of")


def test_a_late_line_of_a_month_before_all_others_restates_a_month_that_nobody_had(desk: Desk) -> None:
    desk.night()
    desk.bills.append(bill(5, "2024-01-01", "2024-02-01"))
    rows = restated(desk.night(), period_start=date(2024, 1, 1), period="month", **EVERYBODY)
    assert {row["old"] for row in rows} == {None}
    assert causes(rows) == {"late data"}


def test_a_first_month_that_goes_restates_the_month_after_it_in_the_same_night(desk: Desk) -> None:
    desk.bills.append(bill(5, "2024-01-01", "2024-02-01"))
    desk.night()
    desk.bills.pop()
    second = desk.night()
    assert causes(restated(second)) == {"corrected data"}
    gone = restated(second, table="mrr_growth", measure="closing_mrr", period="month", **EVERYBODY)
    assert [(row["period_start"], row["old"], row["new"]) for row in gone] == [
        (date(2024, 1, 1), 100.0, None)
    ]
    new = cell(second, "mrr_growth", "new_customers")
    assert (new["old"], new["new"]) == (1.0, 2.0)
    assert desk.publish().restated.count == 0


def test_a_night_that_changes_no_number_restates_nothing_although_it_publishes(desk: Desk) -> None:
    desk.night()
    desk.customers.append(customer(3))
    second = desk.night()
    assert second.is_changed
    assert second.restated.count == 0


def parts_read(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Table and month of every file of a lake that is read from now on."""
    read, real = set(), pl.read_parquet

    def noted(path: Path, **options: Any) -> pl.DataFrame:
        if "lake" in Path(path).parts:
            read.add(Path(path).parts[-3:-1])
        return real(path, **options)

    monkeypatch.setattr(pl, "read_parquet", noted)
    return read


def test_a_night_without_changes_reads_no_part(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.night()
    lake, read = desk.lake(), parts_read(monkeypatch)
    assert not desk.publish(lake).is_changed
    assert read == set()


def test_only_parts_that_differ_are_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.as_of = date(2024, 4, 10)
    desk.night()
    desk.correct(3, amount="80.00")
    desk.land()
    lake = desk.lake()
    for name in lake.tables:
        lake.compute(name)
    read = parts_read(monkeypatch)
    assert desk.publish(lake).restated.count
    assert {month for _, month in read} == {"2024-03", "2024-04"}
    assert {table for table, _ in read} <= {function.__name__ for function in PUBLISHED}


def test_restatements_add_up_and_keep_their_order(desk: Desk) -> None:
    desk.night()
    desk.correct(1, amount="90.00")
    second = desk.night()
    desk.correct(1, amount="70.00", updated_at=at("2024-03-09 12:00"))
    third = desk.night()
    before, now = (pl.read_parquet(one.folder / "restatements.parquet") for one in (second, third))
    assert now.head(before.height).equals(before)
    assert now["restatement"].to_list() == list(range(1, now.height + 1))
    assert now.height == second.restated.count + third.restated.count
    assert now["snapshot"].unique(maintain_order=True).to_list() == [second.snapshot, third.snapshot]
    assert now["published_at"].is_sorted()
    assert Restatement.validate(now).equals(now)


def test_the_largest_are_amounts_of_everybody_mrr_and_revenue_first_and_one_of_each_measure(
    desk: Desk,
) -> None:
    desk.night()
    desk.correct(1, amount="90.00")
    brief = desk.night().restated
    assert brief.causes == {"corrected data": brief.count}
    assert {(one.segment_by, one.change) for one in brief.largest} == {("all", -10.0)}
    assert len({(one.table, one.measure) for one in brief.largest}) == len(brief.largest) == 5
    revenue, one = brief.largest[:2]
    assert revenue.cell == "advocacy_revenue.total_revenue of 2024-02"
    assert (one.cell, one.numbers) == ("mrr_growth.closing_mrr of 2024-02", "200.00 -> 190.00")
    assert one.why == "corrected data in invoice_lines"
    assert one.to_dict()["period_start"] == "2024-02-01"


@pytest.mark.parametrize("name", [function.__name__ for function in PUBLISHED])
def test_every_published_table_has_cells_whose_place_can_be_told(name: str) -> None:
    empty = pl.DataFrame(schema=polars_schema(tables()[name].contract))
    assert {*PLACE, "period_end"} <= set(placed(empty, name, tables()[name].contract.primary_key()).columns)


def test_a_fit_is_of_everybody_in_the_month_it_closes(desk: Desk) -> None:
    desk.settings["activity"] = "purchases"
    desk.night()
    desk.bills = [pair for pair in desk.bills if pair[0]["customer_id"] == "c1"]
    row = cell(desk.night(), "clv_fits", "customers")
    assert (row["old"], row["new"], row["cause"]) == (2.0, 1.0, "corrected data")


def test_a_table_without_a_period_is_refused() -> None:
    with pytest.raises(TypeError, match="prices has no period, period_start"):
        placed(pl.DataFrame({"price": [1]}), "prices", ["price"])


def test_restatements_say_what_they_are_in_types_that_every_reader_takes() -> None:
    assert set(polars_schema(Restatement).values()) <= set(READABLE)
    for column, about in columns_of(RESTATED).items():
        assert about["description"].endswith((".", "?")), column
        if about["type"].startswith(("Int64", "Float64", "Decimal")):
            assert about["unit"], column


def test_the_file_of_restatements_says_how_a_change_is_counted(desk: Desk) -> None:
    metadata = pl.read_parquet_metadata(desk.night().folder / "restatements.parquet")
    assert metadata["loyalty.row"].startswith("One row is one cell of a complete period")
    assert "change = new - old" in metadata["loyalty.formula"]
