"""The files that a parameter names, as the frames that a table function is called with."""

from collections.abc import Iterator
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.index import LAST
from loyalty_pipeline.lake.manifest import Entry
from loyalty_pipeline.lake.part import date_of, month_of
from loyalty_pipeline.lake.specification import Read
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.reads import Months

Parts = dict[str, Entry]
"""Part -> file, by name in order."""


def frame(contract: type[dy.Schema], parts: Parts, store: Store, *, is_raw: bool = False) -> pl.LazyFrame:
    """The rows of some parts; none are an empty table."""
    schema = polars_schema(contract) | ({"_batch": pl.String()} if is_raw else {})
    if not parts:
        return pl.LazyFrame(schema=schema)
    rows = store.scan(parts.values()).select(*schema)
    order = [name for name in contract.primary_key() if name != "month"]
    # In one file rows are in the order of their key: joins of two such files need no hash table.
    return rows.set_sorted(order[0]) if len(parts) == 1 and order and not is_raw else rows


def argument(read: Read, parts: Parts, month: str, store: Store) -> Any:
    """What a parameter is given: a frame, some months each by itself, or an iterator of later months."""
    match read.reach:
        case "later":
            return Ahead(read, parts, month, store)
        case "period months":
            return Months(
                {date_of(m): frame(read.contract, own, store) for m, own in by_month(parts).items()},
                read.contract,
            )
        case _:
            return frame(read.contract, parts, store, is_raw=read.is_raw)


class Ahead(Iterator[pl.LazyFrame]):
    """The months after one, which notes how far it was read."""

    def __init__(self, read: Read, parts: Parts, month: str, store: Store) -> None:
        """`reached` is the month itself until one is taken."""
        self.contract, self.store, self.reached = read.contract, store, month
        self.months = iter(sorted(by_month(parts).items()))

    def __next__(self) -> pl.LazyFrame:
        """The next month; after the last, all there may ever be counts as read."""
        self.reached, parts = next(self.months, (LAST, None))
        if parts is None:
            raise StopIteration
        return frame(self.contract, parts, self.store)


def by_month(parts: Parts) -> dict[str, Parts]:
    """The parts of each month."""
    months: dict[str, Parts] = {}
    for part, entry in parts.items():
        months.setdefault(month_of(part), {})[part] = entry
    return months
