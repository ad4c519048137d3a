"""A task as it can be told to another process: what to compute from which files, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from loyalty_pipeline.cluster.workers import ClusterError
from loyalty_pipeline.lake.audit import ContractBroken, breaches
from loyalty_pipeline.lake.frames import Ahead, Parts, argument
from loyalty_pipeline.lake.manifest import Entry, Inputs
from loyalty_pipeline.lake.order import in_order
from loyalty_pipeline.lake.part import month_of, named, text_of
from loyalty_pipeline.lake.sharding import by_shard
from loyalty_pipeline.lake.specification import Specification, code_digest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.storage.parquet import reading


@dataclass(frozen=True)
class Task:
    """One unit of a table, with all that its rows depend on; `shards` are those the lake is kept in."""

    table: Specification
    unit: str
    shards: list[str]
    inputs: Inputs
    values: dict[str, Any]
    """Parameter -> the window, a setting, or until when is counted."""
    files: dict[str, Parts]
    """Parameter -> the files it is read from; of later months all there are."""


@dataclass(frozen=True)
class Made:
    """The files that a task wrote, and how far it read later months, if it reads any."""

    parts: Parts
    reached: str | None


def arguments(task: Task, store: Store, landing: Store) -> dict[str, Any]:
    """What the table's function is called with."""
    reads = [read for read in task.table.reads if read.parameter in task.files]
    month = month_of(task.unit)
    return task.values | {
        read.parameter: argument(read, task.files[read.parameter], month, landing if read.is_raw else store)
        for read in reads
    }


def perform(task: Task, store: Store, landing: Store) -> Made:
    """Compute a task and write its files, which no manifest names yet.

    Raises `ContractBroken` when rows do not keep the contract; then nothing is written.
    """
    table, told = task.table, arguments(task, store, landing)
    with reading(store.root):
        computed = table.contract.cast(table.function(**told)).collect()
    rows = in_order(computed, table.contract.primary_key())
    if broken := breaches(rows, table.contract, table=table.name, month=task.unit):
        raise ContractBroken(broken)
    parts: dict[str, Entry] = {
        part: store.write(table.name, part, piece, inputs=task.inputs) for part, piece in _pieces(task, rows)
    }
    ahead = [value.reached for value in told.values() if isinstance(value, Ahead)]
    return Made(parts, ahead[0] if ahead else None)


def perform_elsewhere(task: Task, store: Store, landing: Store) -> Made:
    """The same in another process than the one that knows why. Raises `ClusterError` where other code would compute it."""
    module = task.table.function.__module__
    if task.table.code != code_digest(module):
        message = (
            f"{module} on a worker is not the code of this process, or stands on libraries of other versions: "
            "install the same on every worker, and start it again"
        )
        raise ClusterError(message)
    return perform(task, store, landing)


def _pieces(task: Task, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    by_month = {task.unit: rows}
    if task.table.is_split:
        months = rows.partition_by("month", as_dict=True, maintain_order=True)
        by_month = {named(text_of(month), work=task.unit): piece for (month,), piece in months.items()}
    if not task.table.is_sharded or task.table.unit == "month":
        yield from by_month.items()
        return
    for part, piece in by_month.items():
        yield from ((named(part, shard), bucket) for shard, bucket in by_shard(piece, task.shards))
