"""What lands of a database: what changed since the last night, what was set aside, what was deleted or committed late."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.landing.checks import AGREES
from loyalty_pipeline.landing.report import LandingReport, TableReport
from loyalty_pipeline.sources.databases.database import Selection
from loyalty_pipeline.sources.databases.postgres import Postgres
from loyalty_pipeline.validation.results import CheckResult
from tests.landing.company import at, customer, invoice, line
from tests.landing.shop import Shop
from tests.servers.postgres import PostgresDatabase
from tests.sources.databases.shops import SqliteShop


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """A shop with a customer, an invoice and its line, in each kind of database in turn."""
    if request.param == "sqlite":
        file = SqliteShop(tmp_path / "shop.db")
        return Shop(tmp_path, file.address, file.execute)
    database = request.getfixturevalue("postgres")
    return Shop(tmp_path, database.address(), database.psql)


def read(report: LandingReport, table: str = "customers") -> TableReport:
    return report.tables[table]


def agreement(report: LandingReport, table: str = "customers") -> CheckResult:
    return next(check for check in read(report, table).checks if check.rule == AGREES.name)


def changed(number: int, when: str, **changes: Any) -> dict[str, Any]:
    return customer(number, **{"updated_at": at(when)} | changes)


def test_the_first_night_lands_everything_and_the_second_nothing(shop: Shop) -> None:
    first = shop.night()
    assert {name: table.accepted for name, table in first.tables.items() if table.batch} == {
        "customers": 1,
        "invoices": 1,
        "invoice_lines": 1,
    }
    assert shop.latest("invoice_lines")[0]["amount"] == 100
    assert all(agreement(first, table).passed for table in ("customers", "invoices", "invoice_lines"))
    second = shop.night()
    assert not second.batch
    assert all(table.skipped for table in second.tables.values())


def test_a_night_reads_only_what_changed_since_and_the_overlap(shop: Shop) -> None:
    shop.write("customers", [changed(n, f"2024-02-{n:02d}") for n in range(1, 21)])
    assert read(shop.night()).extracted == 20
    shop.execute(
        "update customers set country = 'FR', updated_at = '2024-03-01 00:00:00+00:00' where customer_id = 'c4'"
    )
    report = read(shop.night())
    # The newest of before is read again: it lies within the overlap.
    assert (report.extracted, report.accepted, report.already_landed) == (2, 1, 1)
    assert [row["country"] for row in shop.latest("customers")].count("FR") == 1
    assert read(shop.night()).skipped


def test_a_row_that_commits_late_within_the_overlap_is_not_lost(shop: Shop) -> None:
    shop.settings.reconcile = "never"
    shop.write("customers", [changed(1, "2024-02-01 12:00")])
    shop.night()
    shop.insert("customers", changed(2, "2024-02-01 11:01"))
    report = shop.night()
    assert read(report).accepted == 1
    assert agreement(report).passed


def test_a_row_that_commits_later_than_the_overlap_is_found_by_comparing_all_keys(shop: Shop) -> None:
    shop.write("customers", [changed(1, "2024-02-01 12:00")])
    shop.night()
    shop.insert("customers", changed(2, "2024-02-01 10:59"))
    report = shop.night()
    assert read(report).accepted == 1
    assert agreement(report).passed
    assert "comparing all keys found 1 late and 0 deleted" in agreement(report).observed
    assert read(shop.night()).skipped


def test_a_deleted_row_becomes_a_tombstone_in_the_night_it_is_missed(shop: Shop) -> None:
    shop.write("customers", [changed(1, "2024-02-01"), changed(2, "2024-02-02")])
    shop.night()
    shop.execute("delete from customers where customer_id = 'c2'")
    report = shop.night()
    assert read(report).tombstones == 1
    assert "0 late and 1 deleted" in agreement(report).observed
    assert [row["customer_id"] for row in shop.latest("customers")] == ["c1"]
    assert read(shop.night()).skipped


def test_without_comparing_keys_a_disagreement_is_a_failed_check_with_both_figures(shop: Shop) -> None:
    shop.settings.reconcile = "never"
    shop.write("customers", [changed(1, "2024-02-01"), changed(2, "2024-02-02")])
    shop.night()
    shop.execute("delete from customers where customer_id = 'c2'")
    report = shop.night()
    found = agreement(report)
    assert (found.passed, found.severity) == (False, "warning")
    assert "the source has 1 keys" in found.observed
    assert "read were 2 keys" in found.observed
    assert "loyalty extract --reconcile" in found.observed
    assert len(shop.latest("customers")) == 2


def test_reconciling_mends_what_differs_though_nothing_changed_since(shop: Shop) -> None:
    shop.settings.reconcile = "never"
    shop.write("customers", [changed(1, "2024-02-01"), changed(2, "2024-02-02")])
    shop.night()
    shop.execute("delete from customers where customer_id = 'c2'")
    shop.insert("customers", changed(3, "2023-01-01"))
    shop.night()
    report = shop.night(is_reconciling=True)
    assert (read(report).accepted, read(report).tombstones) == (1, 1)
    assert agreement(report).passed
    assert [row["customer_id"] for row in shop.latest("customers")] == ["c1", "c3"]


def test_keys_are_compared_weekly_where_that_is_wanted(shop: Shop) -> None:
    shop.settings.reconcile = "weekly"
    start = datetime(2024, 6, 1, tzinfo=UTC)
    shop.write("customers", [changed(1, "2024-02-01"), changed(2, "2024-02-02")])
    shop.land(extracted_at=start)
    shop.execute("delete from customers where customer_id = 'c1'")
    early = shop.land(extracted_at=start + timedelta(days=6))
    assert not agreement(early).passed
    shop.insert("customers", changed(3, "2024-02-03"))
    late = shop.land(extracted_at=start + timedelta(days=7))
    assert read(late).tombstones == 1
    assert agreement(late).passed


def test_a_deleted_row_that_returns_unchanged_is_there_again(shop: Shop) -> None:
    rows = [changed(1, "2024-02-01"), changed(2, "2024-02-02")]
    shop.write("customers", rows)
    shop.night()
    shop.write("customers", rows[:1])
    shop.night()
    shop.write("customers", rows)
    report = shop.night()
    assert agreement(report).passed
    assert [row["customer_id"] for row in shop.latest("customers")] == ["c1", "c2"]
    assert read(shop.night()).skipped


def test_a_row_that_was_set_aside_is_judged_again_each_night_and_counts_once(shop: Shop) -> None:
    shop.write(
        "customers",
        [changed(n, f"2024-02-{n:02d}") for n in range(1, 10)]
        + [changed(99, "2023-01-01", country="Germany")],
    )
    assert read(shop.night()).quarantined == 1
    shop.insert("customers", changed(10, "2024-02-10"))
    report = shop.night()
    assert (read(report).accepted, read(report).quarantined) == (1, 1)
    assert agreement(report).passed
    shop.execute(
        "update customers set country = 'DE', updated_at = '2024-02-11 00:00:00+00:00' where customer_id = 'c99'"
    )
    report = shop.night()
    assert (read(report).accepted, read(report).quarantined) == (1, 0)


def test_a_row_that_waits_is_released_by_what_it_waited_for(shop: Shop) -> None:
    shop.write(
        "invoices",
        [invoice(n, updated_at=at("2024-02-03")) for n in range(1, 10)]
        + [invoice(10, customer_id="c7", updated_at=at("2024-02-04"))],
    )
    first = shop.night()
    assert read(first, "invoices").waiting == 1
    shop.insert("customers", changed(7, "2024-02-20"))
    second = shop.night()
    assert read(second, "invoices").released == 1
    assert read(second, "invoices").waiting == 0
    assert len(shop.latest("invoices")) == 10


def test_a_row_that_waits_for_a_row_that_waits_is_released_with_it(shop: Shop) -> None:
    shop.write("invoices", [invoice(1), invoice(2, customer_id="c7")])
    shop.write("invoice_lines", [line(1), line(2, invoice_id="i2")])
    first = shop.night()
    assert (read(first, "invoices").waiting, read(first, "invoice_lines").waiting) == (1, 1)
    shop.insert("customers", changed(7, "2024-02-20"))
    second = shop.night()
    assert (read(second, "invoices").released, read(second, "invoice_lines").released) == (1, 1)
    assert read(shop.night(), "invoice_lines").skipped


def test_a_table_whose_rows_were_set_aside_and_are_lost_is_read_whole_again(shop: Shop) -> None:
    shop.insert("customers", changed(2, "2023-01-01", country="nowhere"))
    first = shop.night()
    (shop.settings.data_dir / "quarantine" / "customers" / f"{first.batch}.parquet").unlink()
    report = shop.night()
    assert (read(report).extracted, read(report).quarantined) == (2, 1)
    assert (shop.settings.data_dir / "quarantine" / "customers" / f"{report.batch}.parquet").exists()


def test_the_share_of_bad_rows_is_one_of_all_rows_also_in_a_small_increment(shop: Shop) -> None:
    shop.settings.max_bad_share = 0.05
    shop.write("customers", [changed(n, f"2024-01-{1 + n % 28:02d}") for n in range(1, 100)])
    shop.night()
    for number in range(3):
        shop.insert("customers", changed(200 + number, "2024-05-01", country="nowhere"))
    report = shop.night()
    # Three of three new rows, but three of 102 in all.
    assert read(report).quarantined == 3


def test_a_table_that_does_not_say_when_its_rows_change_is_read_whole_and_only_what_differs_lands(
    shop: Shop,
) -> None:
    shop.execute("alter table customers drop column updated_at")
    shop.execute(
        "insert into customers (customer_id, created_at, country) values ('c2', '2024-01-05 00:00:00+00:00', 'FR')"
    )
    first = shop.night()
    assert read(first).accepted == 2
    assert read(shop.night()).skipped
    shop.execute("update customers set country = 'IT' where customer_id = 'c2'")
    second = shop.night()
    assert (read(second).extracted, read(second).accepted) == (2, 1)
    shop.execute("delete from customers where customer_id = 'c2'")
    assert read(shop.night()).tombstones == 1


def test_another_mapping_reads_the_table_whole_again(shop: Shop) -> None:
    shop.execute("alter table customers add column land text")
    shop.execute("update customers set land = 'IT'")
    shop.night()
    shop.settings.tables = {"customers": {"columns": {"country": "land"}}}
    assert read(shop.night()).extracted == 1
    assert shop.latest("customers")[0]["country"] == "IT"


def test_a_view_is_read_like_a_table(shop: Shop) -> None:
    shop.execute("alter table customers rename to people")
    shop.execute("create view customers as select * from people where country <> 'US'")
    assert read(shop.night()).accepted == 1
    shop.execute(
        "insert into people (customer_id, created_at, country, updated_at) values ('c2', '2024-03-01 00:00:00+00:00', 'FR', '2024-03-01 00:00:00+00:00')"
    )
    assert read(shop.night()).accepted == 1


def test_a_mapped_table_and_its_columns_are_read_under_their_own_names(shop: Shop) -> None:
    shop.execute("alter table customers rename to people")
    shop.execute('alter table people rename column customer_id to "Person No"')
    shop.settings.tables = {"customers": {"table": "people", "columns": {"customer_id": "Person No"}}}
    shop.night()
    assert shop.latest("customers")[0]["customer_id"] == "c1"


def test_what_is_missing_is_said_of_all_tables_at_once_with_the_nearest_names(shop: Shop) -> None:
    shop.execute("alter table customers rename column created_at to createdat")
    shop.execute("alter table invoices rename column total to total_amount")
    shop.settings.tables = {"invoices": {"columns": {"currency": "currncy"}}}
    with pytest.raises(SourceError) as told:
        shop.night()
    lines = str(told.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("customers.created_at: ")
    assert lines[0].endswith("has no column created_at; did you mean createdat?")
    assert {line.rpartition("did you mean ")[2] for line in lines[1:]} == {"total_amount?", "currency?"}


def test_a_mapped_table_that_is_not_there_is_an_error_with_the_nearest_name(shop: Shop) -> None:
    shop.settings.tables = {"customers": {"table": "custmers"}}
    with pytest.raises(
        SourceError, match=r"has no table or view custmers that may be read; did you mean .*customers\?"
    ):
        shop.night()


def test_a_table_that_was_dropped_between_two_nights_stops_the_night_and_what_landed_stays(
    shop: Shop,
) -> None:
    shop.night()
    before = shop.store().current()
    shop.execute("drop table invoice_lines")
    with pytest.raises(SourceError, match="invoice_lines: the table was there before"):
        shop.night()
    assert shop.store().current() == before


def test_an_optional_table_that_is_not_there_is_empty(shop: Shop) -> None:
    report = shop.night()
    assert read(report, "referrals").warnings == ["the source has no referrals"]


def test_a_required_table_that_is_not_there_is_an_error(shop: Shop) -> None:
    shop.execute("drop table invoices")
    with pytest.raises(
        SourceError, match=r"invoices: the table is required, and the database has no such table or view\. "
    ):
        shop.night()


def test_a_column_of_a_type_that_cannot_be_read_is_an_error(shop: Shop) -> None:
    shop.execute("alter table invoices drop column total")
    shop.execute("alter table invoices add column total date")
    with pytest.raises(SourceError, match=r"invoices\.total: .* has total as .*, expected a number or text"):
        shop.night()


def test_a_column_that_holds_another_kind_of_value_than_last_night_stops_the_night(shop: Shop) -> None:
    shop.night()
    shop.execute("alter table invoices drop column total")
    shop.execute("alter table invoices add column total text")
    shop.execute("update invoices set total = '119'")
    with pytest.raises(SourceError, match=r"invoices: .* had total as number, and has it as text"):
        shop.night()


def test_a_column_that_is_gone_stops_the_night_unless_the_mapping_says_so(shop: Shop) -> None:
    shop.night()
    shop.execute("alter table customers drop column country")
    with pytest.raises(SourceError, match=r"customers: .* had a column country\. Bring it back"):
        shop.night()
    shop.settings.tables = {"customers": {"columns": {"country": ""}}}
    shop.night()
    assert shop.latest("customers")[0]["country"] is None


def test_an_end_that_never_comes_is_none_and_a_start_that_never_comes_is_set_aside(
    tmp_path: Path, postgres: PostgresDatabase
) -> None:
    shop = Shop(tmp_path, postgres.address(), postgres.psql)
    shop.write("customers", [changed(n, f"2024-02-{n:02d}") for n in (1, 2, 3)])
    shop.execute("update customers set deleted_at = 'infinity' where customer_id = 'c1'")
    shop.execute("update customers set created_at = 'infinity' where customer_id = 'c2'")
    shop.execute("update customers set updated_at = '-infinity' where customer_id = 'c3'")
    report = shop.night()
    assert (read(report).accepted, read(report).quarantined) == (1, 2)
    assert [row["customer_id"] for row in shop.latest("customers")] == ["c1"]
    assert agreement(report).passed
    assert (read(shop.night()).skipped, len(shop.latest("customers"))) == (True, 1)


def test_a_server_that_is_killed_while_it_is_read_changes_nothing_and_the_next_night_catches_up(
    tmp_path: Path, postgres: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path, postgres.address(), postgres.psql)
    shop.night()
    before = shop.store().current()
    shop.insert("customers", changed(2, "2024-03-01"))
    shop.insert("invoices", invoice(2, updated_at=at("2024-03-01")))
    write = Postgres.write

    def killed(database: Postgres, chosen: Selection, path: Path) -> int:
        if chosen.relation.name == "invoices":
            postgres.server.kill()
        return write(database, chosen, path)

    with monkeypatch.context() as patch:
        patch.setattr(Postgres, "write", killed)
        with pytest.raises(SourceError, match="invoices"):
            shop.night()
    assert shop.store().current() == before
    assert not list((tmp_path / "data").rglob("*.scratch*"))
    postgres.server.start()
    report = shop.night()
    assert (read(report).accepted, read(report, "invoices").accepted) == (1, 1)


def test_two_real_transactions_of_which_the_first_commits_last_lose_nothing(
    tmp_path: Path, postgres: PostgresDatabase
) -> None:
    shop = Shop(tmp_path, postgres.address(), postgres.psql, reconcile="never")
    insert = "insert into customers (customer_id, created_at, country, updated_at) values ('{}', now(), 'DE', clock_timestamp())"
    with postgres.writer() as early, postgres.writer() as late:
        early.execute(insert.format("early"))
        late.execute(insert.format("late"))
        late.commit()
        assert read(shop.night()).accepted == 2
        early.commit()
    report = shop.night()
    assert read(report).accepted == 1
    assert agreement(report).passed
    assert [row["customer_id"] for row in shop.latest("customers")] == ["c1", "early", "late"]


def test_lines_of_many_nights_land_as_they_would_have_in_one(shop: Shop, tmp_path: Path) -> None:
    for night in range(1, 6):
        for number in range(night * 10, night * 10 + 3):
            shop.insert("invoice_lines", line(number, updated_at=at(f"2024-03-{night:02d}")))
        shop.execute(f"delete from invoice_lines where line_id = 'l{night * 10 - 9}'")  # noqa: S608 - ours
        shop.night()
    fresh = Shop.__new__(Shop)
    fresh.__dict__ |= shop.__dict__ | {
        "settings": type(shop.settings)(shop.settings.source, tmp_path / "fresh")
    }
    fresh.night()
    assert shop.latest("invoice_lines") == fresh.latest("invoice_lines")
    # Fifteen and the one that was there, less one a night.
    assert len(shop.latest("invoice_lines")) == 11
