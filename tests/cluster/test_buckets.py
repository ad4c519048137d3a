"""A data folder in an object store: workers read and write it with the keys that their own environment has."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loyalty_pipeline.cluster.workers import ClusterError
from loyalty_pipeline.pipeline import nightly
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from tests.cluster.conftest import Expected
from tests.cluster.made import Made
from tests.servers.dask_cluster import DaskCluster
from tests.servers.objects import BUCKET, KEY_ID, SECRET
from tests.servers.seaweed import Seaweed, seaweed, seaweed_server

__all__ = ["seaweed", "seaweed_server"]

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(seaweed: Seaweed, data: Path, request: pytest.FixtureRequest) -> ObjectPath:
    """What has landed, in a bucket."""
    assert seaweed.endpoint
    place = place_of(f"s3://{BUCKET}/{''.join(filter(str.isalnum, request.node.name))}")
    assert isinstance(place, ObjectPath)
    files = [path for path in data.rglob("*") if path.is_file() and path.name != ".lock"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: (place / path.relative_to(data)).write_bytes(path.read_bytes()), files))
    return place


@pytest.fixture
def told(seaweed: Seaweed) -> Iterator[DaskCluster]:
    """A cluster whose processes have the keys of the store, because this one has."""
    assert seaweed.endpoint
    cluster = DaskCluster()
    yield cluster
    cluster.stop()


def downloaded(folder: ObjectPath, target: Path) -> Path:
    paths = [path for path, _ in folder.below()]
    with ThreadPoolExecutor(8) as pool:
        for path, content in zip(paths, pool.map(ObjectPath.read_bytes, paths), strict=True):
            local = target / path.relative_to(folder)
            local.parent.mkdir(parents=True, exist_ok=True)
            local.write_bytes(content)
    return target


def settings(folder: ObjectPath, data: Path, cluster: DaskCluster) -> Settings:
    source = (data / "source.txt").read_text()
    return Settings.load(source=source, data_dir=folder, cluster=cluster.address, cluster_timeout_seconds=60)


def test_a_night_in_a_bucket_makes_on_a_cluster_what_it_makes_in_a_folder(
    folder: ObjectPath, told: DaskCluster, data: Path, expected: Expected, tmp_path: Path
) -> None:
    for _ in range(2):
        told.start_worker()
    assert nightly(settings(folder, data, told)).publication.is_changed
    local = downloaded(folder, tmp_path / "local")
    assert Made.of(local) == expected(1)
    assert not (local / "cluster").exists()
    assert not nightly(settings(folder, data, told)).publication.is_changed
    for name in ("w1", "w2"):
        assert SECRET not in told.log(name)


def test_a_worker_without_keys_is_named_and_nothing_is_computed(
    folder: ObjectPath, told: DaskCluster, data: Path
) -> None:
    told.start_worker()
    nobody = ["env", "-u", "AWS_SECRET_ACCESS_KEY", "-u", "AWS_ACCESS_KEY_ID"]
    told.start_worker(
        prefix=[*nobody, "AWS_EC2_METADATA_DISABLED=true", "AWS_METADATA_ENDPOINT=http://127.0.0.1:9"]
    )
    with pytest.raises(ClusterError, match=r"not fit.* does not see s3://.*/cluster") as refused:
        nightly(settings(folder, data, told))
    assert str(refused.value).count("does not see") == 1
    assert SECRET not in str(refused.value)
    assert KEY_ID not in str(refused.value)
    assert not (folder / "lake" / "current.json").exists()
    assert [*(folder / "cluster").below()] == []
