"""Whoever does the tasks, what is published is the same, byte for byte, and so is the lake.

`LOYALTY_SOAK_CLUSTER=1 pytest tests/cluster/test_same_result.py` does all numbers of workers with all numbers of shards.
"""

import os
import shutil
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from distributed import Client

from tests.cluster.conftest import Expected, landed_company, night
from tests.cluster.made import Made
from tests.servers.dask_cluster import DaskCluster

pytestmark = pytest.mark.slow
THREADS = ("1", "2", "3", "8")
"""How many threads polars has on each worker: which rows meet first in a sum must not show."""
SOME, ALL = [(1, 1), (2, 4), (4, 16)], [*product((1, 2, 4), (1, 4, 16))]
WORKERS_AND_SHARDS = ALL if os.environ.get("LOYALTY_SOAK_CLUSTER") else SOME


@pytest.fixture(scope="module")
def growing() -> Iterator[DaskCluster]:
    cluster = DaskCluster()
    yield cluster
    cluster.stop()


def of_workers(cluster: DaskCluster, count: int) -> str:
    """The address of the cluster, once it has so many workers."""
    assert len(cluster.workers) <= count, "the cases with few workers come first"
    while len(cluster.workers) < count:
        cluster.start_worker(environment={"POLARS_MAX_THREADS": THREADS[len(cluster.workers)]})
    return cluster.address


def asked(cluster: DaskCluster) -> tuple[list[int], list[int]]:
    """How many threads polars has on each worker, and how often each was told something of tasks."""
    with Client(cluster.address, set_as_default=False) as client:
        threads = client.run(pl.thread_pool_size)
        steps = client.run(lambda dask_worker: dask_worker.state.transition_counter)
    return sorted(threads.values()), list(steps.values())


@pytest.mark.parametrize(("workers", "shards"), WORKERS_AND_SHARDS)
def test_a_night_on_a_cluster_makes_what_a_night_in_one_process_makes(
    workers: int, shards: int, growing: DaskCluster, data: Path, expected: Expected
) -> None:
    address = of_workers(growing, workers)
    (data / "cluster").mkdir()
    (data / "cluster" / "mark-of-a-run-that-was-killed").write_text("token")
    made = night(data, shards=shards, cluster=address)
    assert made == expected(shards)
    assert made.published == expected(1).published
    assert [*(data / "cluster").iterdir()] == []
    threads, steps = asked(growing)
    assert threads == sorted(map(int, THREADS[:workers]))
    assert min(steps) > 0


def test_a_night_after_it_has_nothing_to_do(growing: DaskCluster, data: Path) -> None:
    address = of_workers(growing, 4)
    first = night(data, cluster=address)
    pointer = (data / "lake" / "current.json").read_bytes()
    assert night(data, cluster=address) == first
    assert (data / "lake" / "current.json").read_bytes() == pointer


def test_a_company_of_more_than_a_year_is_the_same_from_many_threads(
    growing: DaskCluster, tmp_path: Path
) -> None:
    landed = landed_company(tmp_path / "company", customers=150, months=14)
    here = night(shutil.copytree(landed, tmp_path / "here"))
    there = night(shutil.copytree(landed, tmp_path / "there"), cluster=of_workers(growing, 4))
    assert there == here
    assert_whole(here)


def assert_whole(made: Made) -> None:
    """The company is one that every table has something to tell of."""
    empty = [name for name, tasks in made.tasks.items() if not tasks]
    assert empty == []
    assert len(made.published) > 20
