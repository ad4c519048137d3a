"""A data folder on SeaweedFS, a real server in processes of its own: the same bytes, also after it was killed."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loyalty_pipeline.demo import write_company
from loyalty_pipeline.lake.lock import Locked, exclusive
from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.storage.object_path import Moved, ObjectPath
from loyalty_pipeline.storage.place import place_of
from loyalty_pipeline.storage.seen import Seen
from tests.servers.objects import BUCKET
from tests.servers.seaweed import Seaweed, seaweed, seaweed_server

__all__ = ["seaweed", "seaweed_server"]

pytestmark = pytest.mark.slow
LOGS = {"validation_history", "restatements"}
"""They tell when a run was, which is never the same."""


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    write_company(folder, customers=40, months=4, seed=5)
    return folder


@pytest.fixture(scope="session")
def expected(company: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run on a disk of this machine publishes."""
    data = tmp_path_factory.mktemp("local")
    nightly(Settings.load(source=str(company), data_dir=data))
    return {
        path.stem: path.read_bytes() for path in (data / "metrics").glob("*.parquet") if path.stem not in LOGS
    }


@pytest.fixture
def folder(seaweed: Seaweed, request: pytest.FixtureRequest) -> ObjectPath:
    assert seaweed.endpoint
    place = place_of(f"s3://{BUCKET}/{''.join(filter(str.isalnum, request.node.name))}")
    assert isinstance(place, ObjectPath)
    return place


def published(folder: ObjectPath) -> dict[str, bytes]:
    pointer = json.loads((folder / "published" / "current.json").read_text())
    files = [path for path, _ in (folder / "published" / "snapshots" / pointer["snapshot"]).below()]
    tables = [path for path in files if path.name.endswith(".parquet") and path.stem not in LOGS]
    return {path.stem: path.read_bytes() for path in tables}


def test_another_server_starts_beside_it(seaweed: Seaweed) -> None:
    """Test processes that run side by side have one each."""
    other = Seaweed(seaweed.program)
    try:
        assert not set(other.ports.values()) & set(seaweed.ports.values())
    finally:
        other.stop()


def test_a_night_publishes_the_bytes_of_a_local_folder_and_the_next_one_nothing(
    company: Path, expected: dict[str, bytes], folder: ObjectPath
) -> None:
    settings = Settings.load(source=str(company), data_dir=str(folder))
    assert nightly(settings).publication.is_changed
    assert published(folder) == expected
    assert not nightly(settings).publication.is_changed


def test_of_two_who_write_what_they_saw_one_is_told(folder: ObjectPath) -> None:
    pointer = folder / "current.json"
    first = pointer.swap(b"one", Seen())
    second = pointer.swap(b"two", first)
    for stale in (Seen(), first):
        with pytest.raises(Moved):
            pointer.swap(b"three", stale)
    assert pointer.read_bytes() == b"two"
    assert pointer.swap(b"four", second).content == b"four"


def test_a_second_run_is_told_that_the_folder_is_in_use(folder: ObjectPath) -> None:
    with exclusive(folder), pytest.raises(Locked, match="in use"), exclusive(folder):
        pass
    with exclusive(folder):
        pass


def test_a_server_that_is_killed_in_the_middle_of_a_run_leaves_nothing_half_and_the_next_run_ends_it(
    company: Path, expected: dict[str, bytes], folder: ObjectPath, seaweed: Seaweed
) -> None:
    words = ["run", "--source", str(company), "--data-dir", str(folder)]
    command = [sys.executable, "-m", "loyalty_pipeline.cli", *words]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 300
    while run.poll() is None and not _is_under_way(folder) and time.monotonic() < until:
        time.sleep(0.1)
    assert run.poll() is None, run.communicate()
    seaweed.kill()
    told = run.communicate(timeout=300)[1]
    assert run.returncode == 3, told
    assert "Traceback" not in told
    assert "Nothing was published" in told
    seaweed.start()
    assert not (folder / "published" / "current.json").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert published(folder) == expected


def _is_under_way(folder: ObjectPath) -> bool:
    """Whether the raw tables have landed and months are being computed."""
    return sum(1 for _ in (folder / "lake").below()) > 20
