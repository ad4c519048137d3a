"""Judging again what was set aside: what passes now lands, and the metrics move by what was told to be at stake."""

from datetime import UTC, date, datetime, timedelta

import pytest

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.quarantine.replay import compared, replay
from tests.landing.company import NIGHT, at, customer, invoice, line
from tests.quarantine.shop import Shop

GERMAN = {"period_start": "01.02.2024", "period_end": "01.03.2024"}


def test_after_a_mapping_was_corrected_the_rows_land_and_mrr_moves_by_what_was_at_stake(shop):
    shop.write("invoice_lines", line(**GERMAN), line(2, **GERMAN, amount="25.50"))
    shop.night()
    at_stake = shop.total()
    assert (at_stake.mrr, shop.mrr()) == (at_stake.mrr, 0)
    assert [row["_mrr"] for row in shop.shown("invoice_lines").values()] == [100, at_stake.mrr - 100]
    shop.chosen["tables"] = {"invoice_lines": {"date_format": "%d.%m.%Y"}}
    night, (told,) = replay(shop.settings)
    assert (told.table, told.judged, told.released, told.still, told.gone) == ("invoice_lines", 2, 2, 0, 0)
    assert told.reasons == {}
    assert night.publication.is_changed
    assert shop.mrr() == at_stake.mrr
    assert shop.folder.current() == {}


def test_a_constant_for_what_the_source_lacks_releases_every_row_and_its_running_mrr(tmp_path):
    shop = Shop(tmp_path, tables={"invoice_lines": {"values": {"kind": "recuring"}}})
    shop.night()
    assert shop.total().unknown == 1
    shop.chosen["tables"] = {"invoice_lines": {"values": {"kind": "recurring"}}}
    _, (told,) = replay(shop.settings, ["invoice_lines"])
    assert (told.released, shop.mrr()) == (1, 100)


def test_a_row_from_the_future_is_released_by_a_replay_alone_as_its_file_does_not_change(shop):
    tomorrow = NIGHT + timedelta(hours=1)
    shop.write("invoice_lines", line(), line(2, updated_at=tomorrow))
    shop.land(extracted_at=NIGHT)
    before = shop.folder.current()
    assert before["invoice_lines"]["_reasons"].to_list() == [["updated_at_is_not_after_the_extract"]]
    assert shop.land(extracted_at=NIGHT + timedelta(days=1)).batch == ""
    report = shop.land(extracted_at=NIGHT + timedelta(days=1), reread=frozenset(["invoice_lines"]))
    assert (report.tables["invoice_lines"].accepted, report.tables["invoice_lines"].already_landed) == (1, 1)
    assert report.tables["invoices"].skipped
    (told,) = compared(shop.settings, before)
    assert (told.judged, told.released, told.still) == (1, 1, 0)


def test_what_still_breaks_a_rule_stays_with_its_reasons(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"), line(3, tax="?", kind="gift"))
    shop.night()
    before = shop.mrr()
    _, (told,) = replay(shop.settings)
    assert (told.judged, told.released, told.still) == (2, 0, 2)
    assert told.reasons == {"tax_can_be_read": 2, "kind_is_one_of_its_values": 1}
    assert shop.mrr() == before
    assert shop.folder.current()["invoice_lines"].height == 2


def test_rows_that_wait_for_a_released_row_land_with_it(shop):
    shop.write("invoices", invoice(), invoice(2, total="?"))
    shop.write("invoice_lines", line(), line(2, invoice_id="i2", amount="20.00"))
    shop.night()
    at_stake, before = shop.total(), shop.mrr()
    shop.write("invoices", invoice(), invoice(2))
    _, told = replay(shop.settings, ["invoices"])
    assert [(one.table, one.released) for one in told] == [("invoices", 1)]
    assert shop.mrr() - before == at_stake.mrr == 20
    assert shop.folder.current() == {}


def test_what_the_source_has_no_more_is_neither_released_nor_still_set_aside(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.night()
    shop.write("invoice_lines", line())
    _, (told,) = replay(shop.settings)
    assert (told.released, told.still, told.gone) == (0, 0, 1)


def test_rows_whose_key_could_not_be_found_are_known_again_by_their_number(tmp_path):
    shop = Shop(tmp_path, tables={"customers": {"columns": {"customer_id": "Kunde"}}})
    shop.write("customers", customer() | {"Kunde": None}, customer(2) | {"Kunde": None})
    shop.night()
    shop.chosen["tables"] = {}
    _, told = replay(shop.settings, ["customers"])
    assert [(one.table, one.judged, one.released) for one in told] == [("customers", 2, 2)]
    assert shop.mrr() == 100


def test_a_replay_that_is_refused_releases_nothing(shop):
    shop.write("invoice_lines", line(), line(2, tax="?"))
    shop.night()
    before = shop.folder.current()
    shop.chosen["max_bad_share"] = 0.1
    with pytest.raises(DataFault):
        replay(shop.settings)
    assert shop.folder.current()["invoice_lines"].equals(before["invoice_lines"])
    assert shop.mrr() == 100


def test_a_replay_with_nothing_set_aside_is_a_night_like_any_other(shop):
    night, told = replay(shop.settings)
    assert (night.landing.batch, told) == ("000001", [])


def test_everything_at_stake_is_what_the_metrics_move_by_once_all_of_it_lands(tmp_path):
    shop = Shop(tmp_path, tables={"customers": {"date_format": "%d.%m.%Y"}}, mrr_floor=0)
    rate = {"rate_date": date(2024, 1, 1), "currency": "USD", "rate": 0.37, "updated_at": at("2024-01-01")}
    shop.write("fx_rates", rate)
    numbers = range(1, 13)
    shop.write("customers", *(customer(n, created_at="2024-01-10") for n in numbers))
    shop.write("invoices", *(_invoice(n) for n in numbers))
    shop.write("invoice_lines", *(_line(n) for n in numbers))
    shop.night()
    assert shop.mrr() == 0
    at_stake = shop.total()
    assert (at_stake.unknown, at_stake.unknown_running, at_stake.mrr > at_stake.running > 0) == (0, 0, True)
    shop.chosen["tables"] = {}
    replay(shop.settings)
    # Four places at stake, two when published.
    assert abs(shop.mrr() - at_stake.running) <= 0.005
    assert shop.folder.current() == {}


def _invoice(number):
    status = {3: "void", 5: "draft", 7: "open"}.get(number, "paid")
    currency = "USD" if number % 2 else "EUR"
    due = datetime(2024, 2, 20, tzinfo=UTC)
    return invoice(number, customer_id=f"c{number}", status=status, currency=currency, due_at=due)


def _line(number):
    interval = ["month", "year", "week", None][number % 4]
    ends = at("2024-02-20") if number == 11 else at("2024-04-01")
    kind = "usage" if number == 9 else "recurring"
    said = {"interval": interval, "period_end": ends, "kind": kind, "amount": f"{number * 7}.31"}
    return line(number, invoice_id=f"i{number}", **said)
