"""A lake that nobody has yet: its tasks are those of the catalogue, its rows grow in a line, and a shard is like a smaller company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("benchmarks")

from benchmarks.future_lake import FutureLake, Measured
from benchmarks.schedule import Overhead
from benchmarks.simulation import Simulation, in_words
from benchmarks.task_costs import Cost
from benchmarks.task_records import Recorder
from tests.lake.toy import Shops, computed

if TYPE_CHECKING:
    from pathlib import Path

    from loyalty_pipeline.lake.lake import Lake

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05"]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Shops(tmp_path).lake()


@pytest.fixture
def measured(lake: Lake) -> Measured:
    """As if of ten customers, and of twenty with twice the rows."""
    lake.workers = recorder = Recorder()
    computed(lake)
    twice = [
        record | {"written": {part: 2 * rows for part, rows in record["written"].items()}}
        for record in recorder.records
    ]
    raw = {"sales": dict.fromkeys(MONTHS, 1), "shop_names": {"2024-01": 2}}
    doubled = {table: {month: 2 * rows for month, rows in months.items()} for table, months in raw.items()}
    return Measured({10: recorder.records, 20: twice}, {10: raw, 20: doubled})


def test_every_task_is_recorded_with_the_rows_it_read_and_wrote(lake: Lake) -> None:
    lake.workers = recorder = Recorder()
    computed(lake)
    found = {(record["table"], record["unit"]): record for record in recorder.records}
    february = found["balances", "2024-02"]
    # North's balance of January, and what both sold in February.
    assert february["read"] == {"previous": 1, "payments": 2}
    assert (february["rows_read"], february["files_read"]) == (3, 2)
    assert february["written"] == {"2024-02": 2}
    assert {"cpu", "seconds", "peak", "grown", "pickled_task", "waits"} <= february.keys()


def test_rows_grow_with_customers(lake: Lake, measured: Measured) -> None:
    future = FutureLake(lake, measured, 100, 1)
    size = future.size(("balances", "2024-02"))
    assert (size.rows_read, size.rows_written, size.files) == (30, 20, 3)


def test_tasks_are_those_of_the_lake_and_wait_for_those_it_reads(lake: Lake, measured: Measured) -> None:
    future = FutureLake(lake, measured, 100, 1)
    waits: dict[Any, Any] = {}
    for wave in future.waves():
        waits |= wave
    assert [unit for table, unit in waits if table == "balances"] == MONTHS
    assert ("balances", "2024-01") in waits["balances", "2024-02"]
    (one,) = future.waves(is_one=True)
    assert one.keys() == waits.keys()


def test_the_simulation_has_every_task_once(lake: Lake, measured: Measured) -> None:
    future = FutureLake(lake, measured, 100, 1)
    costs = {name: Cost(1, 0, 0, 0) for name in lake.tables}
    simulation = Simulation(future, costs, Overhead())
    tasks = sum(map(len, simulation.waves))
    assert simulation.work == tasks
    assert sum(simulation.on(1)) == tasks
    assert [sum(seconds for _, seconds in chain) for chain in simulation.chains()] == simulation.on(1_000)


def test_a_chain_is_told_table_by_table() -> None:
    chain = [(("balances", "2024-01"), 1.0), (("balances", "2024-02"), 2.0), (("signs", "whole"), 4.0)]
    assert in_words(chain) == "balances 2024-01 to 2024-02 3.0 s, signs whole 4.0 s"
