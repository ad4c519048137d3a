"""`loyalty backfill`: months computed again, what came out otherwise, and which months there are."""

import json
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.lake.store import Store
from tests.cli.conftest import AS_OF, Said, Shop
from tests.landing.company import customer


def backfill(shop: Shop, *options: str) -> Said:
    return shop.call("backfill", "--data-dir", str(shop.data), "--as-of", str(AS_OF), *options)


def told(shop: Shop, *options: str) -> dict[str, Any]:
    said = backfill(shop, "--json", *options)
    assert (said.code, said.err) == (0, "")
    return dict(json.loads(said.out))


@pytest.fixture
def ran(shop: Shop) -> Shop:
    assert shop.run().code == 0
    return shop


def test_all_months_are_computed_again_and_come_out_as_they_were(ran: Shop) -> None:
    before = ran.published()
    done = told(ran)
    assert (done["first"], done["last"]) == ("2024-02", "2024-03")
    assert done["recomputed"]["churn"] == ["2024-02", "2024-03"]
    # The invoice was issued in January, which is no month of business: it is computed with the first that is.
    assert done["recomputed"]["payments"] == ["2024-01"]
    assert done["recomputed"]["merges"] == []
    assert not any(done["changed"].values())
    assert done["differing"] == []
    assert done["is_changed"] is False
    assert ran.published() == before


def test_only_the_months_asked_for_are_computed(ran: Shop) -> None:
    done = told(ran, "--from", "2024-03")
    assert {unit for units in done["recomputed"].values() for unit in units} == {"2024-03"}
    done = told(ran, "--to", "2024-02")
    assert {unit for units in done["recomputed"].values() for unit in units} == {"2024-01", "2024-02"}


def test_nothing_lands(ran: Shop) -> None:
    ran.write("customers", [customer(), customer(2)])
    assert not any(told(ran)["changed"].values())
    assert Store(ran.data / "landing").read().notes["batch"] == "000001"


def test_what_is_stale_in_other_months_is_computed_too_and_published(
    ran: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_GROSS_MARGIN", "0.5")
    done = told(ran, "--from", "2024-03")
    assert done["recomputed"]["churn"] == ["2024-03"]
    assert done["recomputed"]["clv"] == ["2024-02", "2024-03"]
    assert done["changed"]["clv"] == ["2024-02", "2024-03"]
    assert done["differing"] == []
    assert done["is_changed"] is True
    assert json.loads(ran.run("--json").out)["recomputed"]["clv"] == []


def test_rows_that_differ_although_their_inputs_are_equal_are_a_warning(ran: Shop) -> None:
    lake = Store(ran.data / "lake")
    entry = lake.read().tables["churn"]["2024-03"]
    _tamper(ran, "churn", "2024-03")
    said = backfill(ran)
    assert said.code == 0
    assert "Warning: 1 of them were made of the same as before." in said.out
    assert "\n  churn 2024-03\n" in said.out
    assert lake.read().tables["churn"]["2024-03"] == entry
    assert told(ran)["differing"] == []


def _tamper(shop: Shop, table: str, part: str) -> None:
    """Let the lake believe that a task made other rows."""
    lake = Store(shop.data / "lake")
    manifest = lake.read()
    rows = pl.read_parquet(lake.path(manifest.tables[table][part]))
    manifest.tables[table][part] = lake.write(table, part, rows.head(1))
    lake.commit(manifest)


@pytest.mark.parametrize(
    ("table", "part"),
    [("line_state", "2024-02"), ("recurring_lines", "2024-02/2024-01"), ("merges", "whole")],
)
def test_a_damaged_file_is_written_anew(ran: Shop, table: str, part: str) -> None:
    lake = Store(ran.data / "lake")
    path = lake.path(lake.read().tables[table][part])
    whole = path.read_bytes()
    path.write_bytes(whole[:1] + bytes([whole[1] ^ 1]) + whole[2:])
    said = backfill(ran)
    assert said.code == 0
    assert f"Warning: 1 files were damaged and have been written anew: {table} {part}" in said.out
    assert path.read_bytes() == whole
    done = told(ran)
    assert (done["damaged"], done["differing"], done["is_changed"]) == ([], [], False)


def test_it_says_what_it_did(ran: Shop) -> None:
    said = backfill(ran, "--from", "2024-02", "--to", "2024-02")
    assert said.code == 0
    assert "2024-02 to 2024-02 in full: 0 came out otherwise." in said.out
    assert "(unchanged)" in said.out
    assert "Warning" not in said.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "2023-12"), "2023-12 to 2024-03: expected months from 2024-02 to 2024-03"),
        (("--to", "2024-04"), "2024-02 to 2024-04: expected months from 2024-02 to 2024-03"),
        (("--from", "2024-03", "--to", "2024-02"), "the earlier one first"),
        (("--from", "2024-13"), "--from 2024-13: expected a month, such as 2024-06"),
        (("--to", "June"), "--to June: expected a month, such as 2024-06"),
    ],
)
def test_other_months_than_those_of_business_are_refused(
    ran: Shop, options: tuple[str, ...], message: str
) -> None:
    said = backfill(ran, *options)
    assert said.code == 2
    assert message in said.err
    assert "what was published before is as it was" in said.err


def test_where_nothing_was_computed_there_is_no_month_to_compute_again(shop: Shop) -> None:
    said = backfill(shop)
    assert said.code == 2
    assert "there is no month of business that was computed: use `loyalty run`" in said.err


def test_a_lake_in_use_is_left_alone(ran: Shop) -> None:
    with exclusive(ran.data):
        assert backfill(ran).code == 4
