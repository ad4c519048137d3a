"""A company's nights in a folder; after every whole one the lake is held against a full rebuild from landing."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.lake.audit import ContractBroken
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.pipeline import open_lake, publish
from loyalty_pipeline.publication.snapshot import Publication
from tests.nights.company import Company, Throws
from tests.nights.policy_changes import CHANGES
from tests.nights.rebuild import difference, metrics_in, published_anew, rebuilt
from tests.nights.witness import Witness

ENDS = ("whole",) * 8 + ("stops", "breaks", "leaves newer months", "leaves older months")
"""How a night ends: some die half-way or compute some months only, and the next one goes on."""


class Died(Exception):
    """What a night dies of."""


@dataclass(frozen=True)
class Night:
    """Changes, each by its name and its seed, and how the night ends."""

    changes: tuple[tuple[str, int], ...]
    end: str = "whole"


class Life:
    """A company after its first night, from which several histories go on."""

    def __init__(self, root: Path, seed: int, source: str) -> None:
        self.root, self.begun, self.data, self.seed = root, root / "begun", root / "data", seed
        self.company, self.witness = Company.of(seed, source), Witness()
        self.night(self.company, Night(()), Throws(0))
        self.hold(self.company, is_rebuilt=False)
        self.data.rename(self.begun)

    def open(self, company: Company) -> Lake:
        lake = open_lake(company.chosen(self.data))
        lake.tables = self.witness.tables(lake.tables)
        return lake

    def live(self, nights: Sequence[Night], *, is_rebuilt: bool) -> int:
        """Live through some nights; how many were held against a rebuild. Raises AssertionError."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.begun, self.data, symlinks=True, copy_function=os.link)
        company, held = self.company.copy(), 0
        for number, night in enumerate(nights):
            self.night(company, night, Throws(number))
            if night.end == "whole":
                self.hold(company, is_rebuilt=is_rebuilt and number == len(nights) - 1)
                held += 1
        return held

    def night(self, company: Company, night: Night, dice: Throws) -> None:
        """Land what changed and compute all that is stale, or die on the way."""
        for kind, seed in night.changes:
            CHANGES[kind](company, Throws(seed))
        company.land(self.data)
        lake = self.open(company)
        lake.commit_every = 0.0 if night.end != "whole" and dice.chance(2) else float("inf")
        last = dice.one_of(list(lake.tables))
        if night.end == "breaks":
            lake.tables = lake.tables | {last: breaking(lake.tables[last], after=dice.one_of((0, 1, 3)))}
        try:
            for name, table in lake.tables.items():
                self.witness.compute(lake, name, chosen(night.end, lake.units(table)))
                if night.end == "stops" and name == last:
                    return
        except Died:
            return
        except (ContractBroken, DataFault):
            # Some months may not go with others of another as-of or time zone.
            if not night.end.startswith("leaves"):
                raise
            return
        lake.commit()

    def hold(self, company: Company, *, is_rebuilt: bool) -> None:
        """Hold the lake and what it publishes against a full rebuild; of every other company one in other shards."""
        settings, lake = company.chosen(self.data), self.open(company)
        stale = {name: units for name in lake.tables if (units := lake.stale(name))}
        assert stale == {}, stale
        assert not (found := self.witness.difference(lake)), found
        ours = publish(settings, lake)
        if not is_rebuilt:
            self.publishes(lake, ours)
        elif self.seed % 2:
            fresh = rebuilt(settings, self.root / "fresh")
            assert not (found := difference(lake, fresh)), found
            self.publishes(fresh, ours)
        else:
            other = settings.model_copy(update={"shards": 1 if settings.shards > 1 else 2})
            self.publishes(rebuilt(other, self.root / "fresh"), ours)

    def publishes(self, lake: Lake, ours: Publication) -> None:
        """Where nothing was published before, a lake publishes the same."""
        theirs = published_anew(lake, self.root / "anew")
        assert ours.metrics == theirs.metrics
        assert metrics_in(ours) == metrics_in(theirs)


def chosen(end: str, units: list[str]) -> list[str] | None:
    """The units that a night computes; None for all, and for a table in one piece."""
    half = len(units) // 2
    if not half:
        return None
    return {"leaves newer months": units[:half], "leaves older months": units[half:]}.get(end)


def breaking(table: Specification, after: int) -> Specification:
    """The table, whose function dies after some calls."""
    calls = iter(range(after))

    @wraps(table.function)
    def function(**arguments: Any) -> pl.LazyFrame:
        if next(calls, None) is None:
            raise Died
        return table.function(**arguments)

    return replace(table, function=function)
