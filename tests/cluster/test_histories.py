"""Nights of changes, each computed on a cluster and in one process: after each the lake and what is published are the same.

LOYALTY_SOAK_CLUSTER_HISTORIES says how many histories there are.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.lake.audit import ContractBroken
from loyalty_pipeline.lake.lake import STALE, Lake, Wanted
from loyalty_pipeline.pipeline import connected, open_lake, publish
from tests.nights.company import Company, Throws
from tests.nights.histories import made_up_history
from tests.nights.life import Night, chosen
from tests.nights.policy_changes import CHANGES
from tests.nights.quick import quick
from tests.nights.rebuild import difference, metrics_in
from tests.servers.dask_cluster import DaskCluster

HISTORIES = int(os.environ.get("LOYALTY_SOAK_CLUSTER_HISTORIES", "4"))
SOURCES = ("invoice_lines", "subscription_items", "purchases")
LIVES = [(SOURCES[number % 3], number) for number in range(HISTORIES)]


@dataclass
class Lives:
    """A company whose nights go into two folders: `here` this process computes them, `there` a cluster."""

    company: Company
    here: Path
    there: Path
    cluster: str

    def night(self, night: Night) -> None:
        """Land what changed, compute it in both, and hold them side by side."""
        for kind, seed in night.changes:
            CHANGES[kind](self.company, Throws(seed))
        self.company.land(self.here)
        shutil.rmtree(self.there / "landing", ignore_errors=True)
        shutil.copytree(self.here / "landing", self.there / "landing")
        settings = self.company.chosen(self.here)
        here = self.computed(open_lake(settings), night)
        away = settings.model_copy(update={"data_dir": self.there, "cluster": self.cluster})
        with connected(away) as workers:
            there = self.computed(open_lake(away, workers), night)
        assert (here is None) == (there is None)
        if here is None or there is None:
            return
        assert not (found := difference(there, here)), found
        if night.end == "whole":
            ours, theirs = publish(settings, here), publish(away, there)
            assert metrics_in(theirs) == metrics_in(ours)
            assert theirs.metrics == ours.metrics

    @staticmethod
    def computed(lake: Lake, night: Night) -> Lake | None:
        """The lake, with what the night computes; none where some months may not go with others of another as-of."""
        lake.commit_every = float("inf")
        wanted = {}
        for name, table in lake.tables.items():
            units = chosen(night.end, lake.units(table))
            wanted[name] = STALE if units is None else Wanted(units)
        try:
            lake.compute_all(wanted)
        except (ContractBroken, DataFault):
            if not night.end.startswith("leaves"):
                raise
            return None
        lake.commit()
        return lake


@pytest.mark.slow
@pytest.mark.parametrize(("source", "number"), LIVES)
def test_nights_on_a_cluster_end_where_nights_in_one_process_do(
    source: str, number: int, two_workers: DaskCluster, tmp_path: Path
) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    history = made_up_history(number, source)
    with quick():
        company = Company.of(number, source)
        lives = Lives(company, tmp_path / "here", tmp_path / "there", two_workers.address)
        for night in (Night(()), *history.nights):
            lives.night(night)
