"""A cluster that is not there, or not fit for the work, ends a run with a sentence that says what to do, and exit code 3.

Nothing is landed, computed or published before, and nothing is left in the data folder.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import loyalty_pipeline
from tests.cli.conftest import AS_OF, write_minimal
from tests.servers.dask_cluster import HERE, DaskCluster
from tests.servers.namespaces import unsharing

pytestmark = pytest.mark.slow
UNHARMED = "Nothing was published; what was published before is as it was."

MISSING = """raise ModuleNotFoundError("No module named 'loyalty_pipeline'")"""
OVERLAY = "mount -t overlay -o lowerdir={data},upperdir={aside}/upper,workdir={aside}/work none {data}"


@dataclass
class Shop:
    """A source, a data folder, and runs of the command line over both."""

    root: Path
    data: Path = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.root / "data"
        self.data.mkdir()
        write_minimal(self.root / "source")

    def run(self, address: str, seconds: int = 30) -> "subprocess.CompletedProcess[str]":
        words = ["run", "--source", "source", "--data-dir", "data", "--as-of", str(AS_OF)]
        told = {"LOYALTY_CLUSTER": address, "LOYALTY_CLUSTER_TIMEOUT_SECONDS": str(seconds)}
        return subprocess.run(
            [sys.executable, "-m", "loyalty_pipeline.cli", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(HERE)} | told,
        )

    def is_refused(self, address: str, *words: str, seconds: int = 30) -> str:
        """What a run says that must not begin."""
        done = self.run(address, seconds)
        assert done.returncode == 3, done.stdout + done.stderr
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 2, done.stderr
        first, last = done.stderr.splitlines()
        assert first.startswith("loyalty: ")
        assert last == UNHARMED
        for word in words:
            assert word in first
        assert [path.name for path in self.data.rglob("*") if path.is_file()] == [".lock"]
        return first


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Silent(Quiet):
    def handle(self) -> None:
        """Says nothing until the other side goes away."""
        while self.rfile.read(1):
            pass


def test_a_scheduler_that_nobody_is_at(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        shop.is_refused(address, f"{address}: no Dask scheduler answered within 3 s", "`cluster`", seconds=3)


@pytest.mark.parametrize("handler", [Quiet, Silent])
def test_something_that_is_no_scheduler(shop: Shop, handler: type[BaseHTTPRequestHandler]) -> None:
    with listening(handler) as address:
        shop.is_refused(address, f"{address}: no Dask scheduler answered within 3 s", seconds=3)


@pytest.mark.parametrize(
    "address", ["tcp://nowhere.invalid:8786", "tcp://127.0.0.1:99999", "tcp://127.0.0.1:0"]
)
def test_an_address_that_leads_nowhere(shop: Shop, address: str) -> None:
    shop.is_refused(address, f"{address}: no Dask scheduler answered", seconds=3)


def test_a_scheduler_asked_for_encryption_that_this_process_has_no_keys_for(
    shop: Shop, cluster: DaskCluster
) -> None:
    address = cluster.address.replace("tcp://", "tls://")
    shop.is_refused(address, f"{address} asks for certificates, and this process has none", "TLS__CA_FILE")


def test_a_scheduler_without_a_worker(shop: Shop, cluster: DaskCluster) -> None:
    shop.is_refused(
        cluster.address, f"{cluster.address} has no worker", "`dask worker", "--nthreads 1", seconds=5
    )


def test_a_worker_that_would_do_two_tasks_at_once(shop: Shop, cluster: DaskCluster) -> None:
    cluster.start_worker("--nthreads", "2")
    shop.is_refused(cluster.address, "would do 2 tasks at a time", "--nthreads 1")


def test_a_worker_with_another_version_of_a_library(shop: Shop, cluster: DaskCluster, tmp_path: Path) -> None:
    told = tmp_path / "other" / "polars-0.0.1.dist-info" / "METADATA"
    told.parent.mkdir(parents=True)
    told.write_text("Metadata-Version: 2.1\nName: polars\nVersion: 0.0.1\n")
    cluster.start_worker()
    cluster.start_worker(environment=first_on_the_path(tmp_path / "other"))
    said = shop.is_refused(
        cluster.address, "has polars 0.0.1 and this process", "Install the same everywhere"
    )
    assert said.count("polars") == 1


def test_a_worker_without_the_package(shop: Shop, cluster: DaskCluster, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "loyalty_pipeline.py").write_text(MISSING)
    cluster.start_worker(environment=first_on_the_path(tmp_path / "other"))
    shop.is_refused(cluster.address, "not fit", "No module named 'loyalty_pipeline'")


def test_a_worker_with_other_code_of_the_same_version(
    shop: Shop, cluster: DaskCluster, tmp_path: Path
) -> None:
    copy = tmp_path / "other" / "loyalty_pipeline"
    shutil.copytree(
        Path(loyalty_pipeline.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__")
    )
    with (copy / "staging" / "merges.py").open("a") as file:
        file.write("\nLATER = 1\n")
    cluster.start_worker(environment=first_on_the_path(tmp_path / "other"))
    done = shop.run(cluster.address)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "is not the code of this process" in done.stderr
    assert "install the same on every worker, and start it again" in done.stderr
    assert UNHARMED in done.stderr
    assert not (shop.data / "published").exists()
    assert [*(shop.data / "cluster").iterdir()] == []


@pytest.mark.parametrize(
    ("mounts", "words"),
    [
        (["mount -t tmpfs none {data}"], "does not see {data}/cluster"),
        (["mount -t tmpfs none {root}"], "does not see {data}/cluster"),
        (
            ["mount --bind {data} {data}", "mount -o remount,ro,bind {data}"],
            "cannot write to {data}/cluster",
        ),
        (
            ["mount -t tmpfs none {aside}", "mkdir {aside}/upper {aside}/work", OVERLAY],
            "it has another folder of that name",
        ),
    ],
    ids=["another", "none", "read-only", "a copy"],
)
def test_a_worker_that_has_another_data_folder(
    shop: Shop, cluster: DaskCluster, tmp_path: Path, mounts: Sequence[str], words: str
) -> None:
    (shop.data / "cluster").mkdir()
    (tmp_path / "aside").mkdir()
    places = {"data": shop.data, "root": shop.root, "aside": tmp_path / "aside"}
    script = " && ".join([*(mount.format(**places) for mount in mounts), 'exec "$@"'])
    cluster.start_worker()
    cluster.start_worker(prefix=[*unsharing("--mount"), "sh", "-c", script, "sh"])
    said = shop.is_refused(cluster.address, words.format(**places), "not fit")
    assert said.count(words.format(**places)) == 1


def test_a_worker_that_hangs_when_it_is_asked_is_named(shop: Shop) -> None:
    cluster = DaskCluster(2, {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10 minutes"})
    try:
        cluster.kill_process("w1", signal.SIGSTOP)
        said = shop.is_refused(
            cluster.address,
            "did not tell its versions within 5 s",
            "cluster_timeout_seconds",
            "worker-ttl",
            seconds=5,
        )
        assert re.findall(r"tcp://127\.0\.0\.1:\d+", said) == [cluster.listens("w1")]
    finally:
        cluster.stop()


def first_on_the_path(folder: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(HERE), os.environ.get("PYTHONPATH", "")])}
