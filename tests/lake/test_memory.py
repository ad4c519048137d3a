"""What tasks would take in other numbers of shards, on accounts whose rows and columns are counted by hand."""

from datetime import UTC, date, datetime
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest

from loyalty_pipeline.contract import Sharded, Table, count, flag, instant, key, whole
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.memory import COPIES, PROCESS, Memory, Need, memory_of, width
from loyalty_pipeline.lake.specification import specify
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, Window
from loyalty_pipeline.reads import Previous, Through

CUSTOMERS = [f"c{number}" for number in range(10)]
MONTHS = ("2024-01", "2024-02")


class Transfer(Table):
    """One row per customer who pays."""

    customer_id = key("Who.")
    occurred_at = instant("When.", event=True)
    amount = whole("What.", unit="euro")
    is_cash = flag("Whether in cash.")


class Payment(Sharded):
    """One row per customer who pays."""

    customer_id = key("Who.")
    occurred_at = instant("When.", event=True)
    amount = whole("What.", unit="euro")


class Account(Sharded):
    """One row per customer who ever paid."""

    customer_id = key("Who.")
    amount = whole("All so far.", unit="euro")


class Total(Table):
    """One row per month."""

    payments = count("Payments so far.", of="payments")


def payments(transfers: dy.LazyFrame[Transfer]) -> dy.LazyFrame[Payment]:
    return transfers.select("customer_id", "occurred_at", "amount")


def accounts(
    window: Window,  # noqa: ARG001 - makes the table one of months
    previous: Previous[Account],
    payments: dy.LazyFrame[Payment],
) -> dy.LazyFrame[Account]:
    paid = payments.select("customer_id", "amount")
    return pl.concat([previous, paid]).group_by("customer_id").agg(pl.col("amount").sum())


def totals(window: Window, payments: Through[Payment]) -> dy.LazyFrame[Total]:  # noqa: ARG001
    return payments.select(payments=pl.len().cast(pl.Int64))


@pytest.fixture(params=[1, 4])
def lake(tmp_path: Path, request: pytest.FixtureRequest) -> Lake:
    """Ten customers who each pay in two months, kept in one shard or in four."""
    landing = Store(tmp_path / "landing")
    manifest = landing.read()
    for number, month in enumerate(MONTHS, 1):
        rows = {
            "customer_id": CUSTOMERS,
            "occurred_at": [datetime(2024, number, 5, tzinfo=UTC)] * 10,
            "amount": [1] * 10,
            "is_cash": [True] * 10,
            "_batch": ["1"] * 10,
        }
        frame = pl.DataFrame(rows, schema_overrides={"occurred_at": pl.Datetime("us", "UTC")})
        manifest.tables.setdefault("transfers", {})[month] = landing.write("transfers", month, frame)
    landing.commit(manifest)
    tables = specify([payments, accounts, totals], {"transfers": Transfer})
    calendar = Calendar("UTC", 1, date(2024, 3, 1))
    lake = Lake(Store(tmp_path / "lake"), landing, tables, calendar, {}, shard_count=request.param)
    for name in tables:
        lake.compute(name)
    return lake


def test_a_row_is_as_wide_as_its_columns() -> None:
    assert width(Transfer) == 24 + 8 + 8 + 1
    assert width(Payment) == 24 + 8 + 8
    assert width(Account) == 24 + 8
    assert width(Total) == 8


def test_a_task_takes_what_its_rows_take_however_many_shards_the_lake_is_kept_in_now(lake: Lake) -> None:
    needs = {need.table: need for need in memory_of(lake, 1).needs}
    # Ten transfers become ten payments.
    filed = Need("payments", "2024-01", common=10 * 41 + 10 * 40, parted=0, is_sharded=False)
    # In February ten accounts of before and ten payments become ten accounts.
    kept = Need("accounts", "2024-02", common=0, parted=10 * 32 + 10 * 40 + 10 * 32, is_sharded=True)
    # All twenty payments, of every shard, are counted in one row.
    added = Need("totals", "2024-02", common=20 * 40 + 8, parted=0, is_sharded=False)
    assert needs == {"payments": filed, "accounts": kept, "totals": added}


def test_it_tells_how_many_shards_the_lake_is_kept_in_now(lake: Lake) -> None:
    assert memory_of(lake, 16).kept_in == len(lake.shards)


def test_only_what_a_task_reads_of_its_own_shard_falls_with_more_shards() -> None:
    need = Need("accounts", "2024-02", common=1_000, parted=8_000, is_sharded=True)
    assert need.peak(1) == PROCESS + COPIES * 9_000
    assert need.peak(8) == PROCESS + COPIES * 2_000


def test_more_shards_are_enough_where_a_task_of_all_shards_takes_as_much() -> None:
    billion = 1_000_000_000
    needs = (
        Need("accounts", "2024-02", common=0, parted=8 * billion, is_sharded=True),
        Need("totals", "2024-02", common=billion, parted=0, is_sharded=False),
    )
    found = Memory(needs, kept_in=1, shards=2)
    assert [need.table for need in found.largest] == ["accounts", "totals"]
    assert (found.enough, found.limiting) == (8, "totals")


def test_where_all_is_parted_the_process_itself_is_what_is_left() -> None:
    need = Need("accounts", "2024-02", common=0, parted=8_000_000_000, is_sharded=True)
    found = Memory((need,), kept_in=1, shards=1)
    twice, same = need.peak(2 * found.enough), need.peak(found.enough)
    assert 0.95 * same <= twice < same
    assert found.limiting == ""


def test_of_a_lake_without_tasks_nothing_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "empty")
    lake = Lake(store, Store(tmp_path / "landing"), {}, Calendar("UTC", 1, date(2024, 3, 1)), {})
    assert memory_of(lake, 4) == Memory((), 1, 4)
