"""A cluster whose scheduler, workers and runs show each other certificates, told by the variables that the manual has."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import trustme

from tests.cluster.conftest import Expected
from tests.cluster.made import Made
from tests.servers.dask_cluster import HERE, DaskCluster

pytestmark = pytest.mark.slow


def certificates(folder: Path) -> dict[str, str]:
    """An authority of its own, one certificate of it for everybody, and the variables that name them."""
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    # No name of a machine: Dask does not look at it.
    issued = authority.issue_cert("loyalty.invalid")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    each = {
        f"{tls}{who}__{what.upper()}": str(folder / f"{what}.pem")
        for who in ("SCHEDULER", "WORKER", "CLIENT")
        for what in ("cert", "key")
    }
    return each | {
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true",
        f"{tls}CA_FILE": str(folder / "ca.pem"),
    }


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return certificates(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def encrypted(papers: dict[str, str]) -> Iterator[DaskCluster]:
    cluster = DaskCluster(2, papers, protocol="tls")
    yield cluster
    cluster.stop()


def run(
    data: Path, address: str, papers: Mapping[str, str], seconds: int = 60
) -> "subprocess.CompletedProcess[str]":
    told = {"LOYALTY_CLUSTER": address, "LOYALTY_CLUSTER_TIMEOUT_SECONDS": str(seconds)}
    words = ["run", "--source", (data / "source.txt").read_text(), "--data-dir", str(data)]
    return subprocess.run(
        [sys.executable, "-m", "loyalty_pipeline.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(HERE)} | told | papers,
    )


def test_a_night_over_tls_makes_what_one_process_makes(
    encrypted: DaskCluster, papers: dict[str, str], data: Path, expected: Expected
) -> None:
    done = run(data, encrypted.address, papers)
    assert done.returncode == 0, done.stderr
    assert Made.of(data) == expected(1)
    for name in ("w1", "w2"):
        assert "tls://127.0.0.1:" in encrypted.log(name)
        assert "tcp://" not in encrypted.log(name)


def test_a_certificate_of_another_authority_gets_nobody_in(
    encrypted: DaskCluster, data: Path, tmp_path: Path
) -> None:
    refused = run(data, encrypted.address, certificates(tmp_path / "theirs"), seconds=5)
    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert f"{encrypted.address}: no Dask scheduler answered within 5 s" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_nobody_gets_in_without_encryption(encrypted: DaskCluster, data: Path) -> None:
    refused = run(data, encrypted.address.replace("tls:", "tcp:"), {}, seconds=5)
    assert refused.returncode == 3, refused.stdout + refused.stderr
    assert "no Dask scheduler answered within 5 s" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_worker_without_a_certificate_gets_no_task(encrypted: DaskCluster) -> None:
    """It ends, or stays outside: the scheduler does not know it."""
    bare = {name: "" for name in encrypted.environment if "TLS" in name}
    with pytest.raises(RuntimeError, match="did not start"):
        encrypted.start_worker("--death-timeout", "5", environment=bare)
