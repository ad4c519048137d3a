"""Workers on machines of their own: each has another network, and reaches the scheduler by a cable that can be cut."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.conftest import Expected
from tests.cluster.made import Made
from tests.servers.dask_cluster import HERE, DaskCluster
from tests.servers.namespaces import Lan, lan

__all__ = ["lan"]

pytestmark = pytest.mark.slow


@pytest.fixture
def spread(lan: Lan) -> Iterator[DaskCluster]:
    """A scheduler on the machine of the bridge, and a worker on each other."""
    cluster = DaskCluster(prefix=lan.prefix(), host=lan.host())
    try:
        for machine in (1, 2):
            cluster.start_worker(prefix=lan.prefix(machine), host=lan.host(machine))
        yield cluster
    finally:
        cluster.stop()


def begun(spread: DaskCluster, lan: Lan, data: Path) -> "subprocess.Popen[str]":
    """A run of the command line on the scheduler's machine."""
    words = ["run", "--source", (data / "source.txt").read_text(), "--data-dir", str(data)]
    return subprocess.Popen(
        [*lan.prefix(), sys.executable, "-m", "loyalty_pipeline.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(HERE), "LOYALTY_CLUSTER": spread.address},
    )


def test_machines_in_networks_of_their_own_make_what_one_process_makes(
    spread: DaskCluster, lan: Lan, data: Path, expected: Expected
) -> None:
    run = begun(spread, lan, data)
    out, err = run.communicate()
    assert run.returncode == 0, err
    assert "computed" in out
    assert Made.of(data) == expected(1)
    for name, machine in (("w1", 1), ("w2", 2)):
        assert f"tcp://{lan.host(machine)}:" in spread.log(name)
        assert "127.0.0.1" not in spread.log(name)


def test_a_machine_whose_cable_is_cut_costs_its_tasks_alone(
    spread: DaskCluster, lan: Lan, data: Path, expected: Expected
) -> None:
    run = begun(spread, lan, data)
    while run.poll() is None and sum(1 for _ in data.glob("lake/*/*/*.parquet")) < 30:
        time.sleep(0.02)
    assert run.poll() is None, run.communicate()
    lan.cut(2)
    _, err = run.communicate()
    assert run.returncode == 0, err
    assert Made.of(data) == expected(1)
