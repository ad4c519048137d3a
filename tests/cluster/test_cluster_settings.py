"""What the settings of a cluster may say, and what is said where Dask is not installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty_pipeline.cluster.workers import InProcess
from loyalty_pipeline.pipeline import connected
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.settings_sources import SettingsError
from tests.cli.conftest import AS_OF, write_minimal
from tests.servers.dask_cluster import HERE


@pytest.mark.parametrize(
    "address",
    [
        "tcp://scheduler:8786",
        "tls://scheduler.example.org:8786",
        "tcp://127.0.0.1:1",
        "tcp://[::1]:8786",
        "tcp://dask-scheduler.a-namespace.svc.cluster.local:8786",
    ],
)
def test_the_address_of_a_scheduler_is_kept_as_it_is(address: str) -> None:
    assert Settings(cluster=address).cluster == address


@pytest.mark.parametrize(
    "address",
    [
        "scheduler:8786",
        "http://scheduler:8787",
        "tcp://scheduler",
        "tcp://:8786",
        "tcp://scheduler:port",
        "tcp://scheduler:8786/",
        "tcp://user:secret@scheduler:8786",
        "tcp://two words:8786",
        "tcp://scheduler:8786\n",
        "inproc://1/2/3",
    ],
)
def test_what_is_no_address_of_a_scheduler_is_refused_with_an_example(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOYALTY_CLUSTER", address)
    with pytest.raises(SettingsError, match=r"(?s)cluster.*such as tcp://scheduler:8786") as refused:
        Settings.load()
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["cluster_timeout_seconds", "task_timeout_minutes"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "soon"])
def test_time_outs_are_whole_and_above_zero(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"LOYALTY_{name.upper()}", value)
    with pytest.raises(SettingsError, match=name):
        Settings.load()


def test_a_file_may_name_a_cluster_and_an_empty_variable_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "loyalty.toml"
    file.write_text("cluster = 'tcp://scheduler:8786'\ntask_timeout_minutes = 5\n")
    told = Settings.load(file)
    assert (told.cluster, told.cluster_timeout_seconds, told.task_timeout_minutes) == (
        "tcp://scheduler:8786",
        30,
        5,
    )
    monkeypatch.setenv("LOYALTY_CLUSTER", "")
    assert Settings.load(None).cluster is None


def test_without_a_cluster_this_process_does_the_tasks_and_asks_for_no_dask() -> None:
    with connected(Settings()) as workers:
        assert isinstance(workers, InProcess)
    code = "import sys, loyalty_pipeline.cli, loyalty_pipeline.pipeline; print({'dask', 'distributed'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(HERE)},
    )
    assert done.stdout.strip() == "set()"


def test_a_cluster_without_the_extra_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "distributed.py").write_text(
        """raise ModuleNotFoundError("No module named 'distributed'")"""
    )
    write_minimal(tmp_path / "source")
    words = ["run", "--source", "source", "--data-dir", "data", "--as-of", str(AS_OF)]
    path = os.pathsep.join([str(tmp_path / "bare"), str(HERE)])
    done = subprocess.run(
        [sys.executable, "-m", "loyalty_pipeline.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path, "LOYALTY_CLUSTER": "tcp://127.0.0.1:1"},
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines() == [
        "loyalty: the setting `cluster` needs the extra: pip install 'loyalty-pipeline[cluster]' (No module named 'distributed')",
        "Nothing was published; what was published before is as it was.",
    ]
    assert not (tmp_path / "data" / "landing").exists()
