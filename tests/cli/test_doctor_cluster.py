"""What the doctor says of a cluster."""

import json
import socket
from pathlib import Path

import pytest

from loyalty_pipeline.lake.lock import exclusive
from tests.cli.conftest import Shop
from tests.servers.dask_cluster import DaskCluster, cluster, two_workers

__all__ = ["cluster", "two_workers"]


@pytest.fixture(autouse=True)
def _settings(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_SOURCE", str(shop.source))
    monkeypatch.setenv("LOYALTY_DATA_DIR", str(shop.data))
    monkeypatch.setenv("LOYALTY_CLUSTER_TIMEOUT_SECONDS", "20")


def _finding(shop: Shop) -> tuple[bool, str]:
    findings = {finding["subject"]: finding for finding in json.loads(shop.call("doctor", "--json").out)}
    return findings["cluster"]["is_good"], findings["cluster"]["told"]


def test_without_the_setting_no_cluster_is_looked_for(shop: Shop) -> None:
    assert "cluster" not in shop.call("doctor").out


def test_it_counts_the_workers_and_says_what_each_may_use(
    shop: Shop, cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.start_worker("--memory-limit", "512MiB")
    cluster.start_worker("--memory-limit", "0")
    monkeypatch.setenv("LOYALTY_CLUSTER", cluster.address)
    monkeypatch.setenv("LOYALTY_SHARDS", "2")
    is_good, told = _finding(shop)
    assert is_good
    workers = "2 workers (1 with 0.5 GiB, 1 with no memory limit), which all see the data folder"
    assert told == f"{cluster.address} answers, of the same versions; {workers}"


def test_fewer_shards_than_workers_are_pointed_out(
    shop: Shop, two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_CLUSTER", two_workers.address)
    is_good, told = _finding(shop)
    assert is_good
    assert "(shards = 1), so some workers may wait for others" in told


def test_it_leaves_nothing_in_the_data_folder(
    shop: Shop, two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_CLUSTER", two_workers.address)
    assert _finding(shop)[0]
    assert [path.name for path in shop.data.rglob("*") if path.is_file()] == [".lock"]


def test_a_scheduler_that_does_not_answer_is_bad(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("LOYALTY_CLUSTER", address)
    monkeypatch.setenv("LOYALTY_CLUSTER_TIMEOUT_SECONDS", "2")
    said = shop.call("doctor")
    assert said.code == 1
    assert f"BAD  cluster: {address}: no Dask scheduler answered within 2 s." in said.out


def test_a_worker_with_several_threads_is_bad(
    shop: Shop, cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.start_worker("--nthreads", "3")
    monkeypatch.setenv("LOYALTY_CLUSTER", cluster.address)
    is_good, told = _finding(shop)
    assert not is_good
    assert "would do 3 tasks at a time" in told


def test_while_a_run_holds_the_folder_its_cluster_is_left_alone(
    shop: Shop, two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_CLUSTER", two_workers.address)
    mark = shop.data / "cluster" / "mark-of-the-run"
    with exclusive(shop.data):
        mark.parent.mkdir()
        mark.touch()
        is_good, told = _finding(shop)
    assert (is_good, Path(mark).exists()) == (False, True)
    assert told.startswith("not looked at: ")
