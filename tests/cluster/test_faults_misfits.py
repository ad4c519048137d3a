"""Workers that come late and are not fit: they see another folder, cannot write to it, or have other code. No number comes from them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.yard import Yard, expected, meanwhile, shared, yard
from tests.faults.test_full_disk import OWN, WHY_NOT
from tests.servers.dask_cluster import HERE

__all__ = ["expected", "shared", "yard"]

pytestmark = pytest.mark.slow
MOUNTS = {
    "another folder": 'mount -t tmpfs none "$0" && exec "$@"',
    "a folder that is read-only": 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"',
}
WORDS = {
    "another folder": "worker .* does not see .*/data/cluster",
    "a folder that is read-only": r"Read-only file system: '.*/data/lake/",
    "other code": "tests.cluster.troubled on a worker is not the code of this process",
}


def start(yard: Yard, kind: str, folder: Path) -> None:
    """Start a worker that is not fit."""
    if kind == "other code":
        yard.cluster.start_worker(environment={"PYTHONPATH": str(other_code(folder))})
        return
    if WHY_NOT:
        pytest.skip(f"nothing can be mounted here: {WHY_NOT}")
    yard.cluster.start_worker(prefix=[*OWN, "sh", "-c", MOUNTS[kind], str(yard.data)])


def other_code(folder: Path) -> Path:
    """A checkout whose tables are computed otherwise."""
    shutil.copytree(HERE / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "loyalty_pipeline").symlink_to(HERE / "loyalty_pipeline")
    with (folder / "tests" / "cluster" / "troubled.py").open("a") as module:
        module.write("\nSHOPS_OF_TOMORROW = 21\n")
    return folder


def joined(yard: Yard, come: Callable[[], None]) -> Callable[[], None]:
    """Let somebody come while the first task waits."""

    def call() -> None:
        yard.until(lambda: yard.trouble.begun)
        try:
            come()
        finally:
            yard.trouble.go_on()

    return call


@pytest.mark.parametrize("kind", WORDS)
def test_a_late_worker_that_is_not_fit_is_done_without(yard: Yard, tmp_path: Path, kind: str) -> None:
    [gone, *_] = yard.workers
    yard.cluster.kill_worker(gone)
    yard.trouble.pace(0.1)
    yard.trouble.hold()
    with meanwhile(joined(yard, lambda: start(yard, kind, tmp_path / "other"))):
        yard.assert_right(yard.run())
    yard.cluster.kill_worker(yard.workers[-1])


@pytest.mark.parametrize("kind", WORDS)
def test_a_late_worker_that_is_not_fit_and_is_alone_is_an_error(
    yard: Yard, tmp_path: Path, kind: str
) -> None:
    yard.trouble.hold()

    def come() -> None:
        before = yard.workers
        start(yard, kind, tmp_path / "other")
        for worker in before:
            yard.cluster.kill_worker(worker)

    with meanwhile(joined(yard, come)), pytest.raises(Exception, match=WORDS[kind]):
        yard.run()
    yard.cluster.kill_worker(yard.workers[-1])
    yard.cluster.start_worker()
    yard.assert_recovers()
