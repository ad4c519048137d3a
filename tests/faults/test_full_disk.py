"""A disk that is full: the run says where and what to do, readers keep what they had, and with room the next run succeeds.

The disk is a small one in memory, which the runs see and nobody else does.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.faults import writing
from tests.faults.conftest import Night
from tests.faults.kept import Kept, current, leftovers, published
from tests.faults.runs import Runs, go_on, runs_over, until_stopped

pytestmark = pytest.mark.slow
PLENTY, PAGE = 64_000_000, 4096
STEP = 4 if "LOYALTY_SOAK_KILLS" in os.environ else 0
FULL = (
    "loyalty: {data}/(?P<place>[^/:]+)[^:]*: No space left on device. Check that the disk has room and that the folder "
    "may be written\nNothing was published; what was published before is as it was.\n"
)
IN_WORDS = "parquet: File out of specification: underlying IO error: No space left on device (os error 28)"
OWN = ["unshare", "--user", "--map-root-user", "--mount"]
"""A program that may mount what nobody else sees."""


def _may_mount() -> str:
    """Why nothing can be mounted here; empty where it can."""
    if not shutil.which("unshare"):
        return "unshare is not installed"
    tried = subprocess.run(
        [*OWN, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, check=False
    )
    return tried.stderr.strip()


WHY_NOT = _may_mount()


@dataclass(frozen=True)
class Disk:
    """`mounted` is where runs see it, `seen` where this process does."""

    runs: Runs
    mounted: Path
    seen: Path

    def resize(self, size: int) -> None:
        assert self.runs.call("mount", "-o", f"remount,size={size}", str(self.mounted)) == 0

    @property
    def used(self) -> int:
        told = os.statvfs(self.seen)
        return (told.f_blocks - told.f_bfree) * told.f_frsize

    def fill(self, data: Path, room: int) -> Path:
        """The disk with a copy of a data folder and some room left."""
        self.resize(PLENTY)
        shutil.rmtree(self.seen / "data", ignore_errors=True)
        copied = shutil.copytree(data, self.seen / "data", symlinks=True)
        self.resize(self.used + room)
        return copied


@pytest.fixture(scope="module")
def disk(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    if WHY_NOT:
        pytest.skip(f"no disk of a chosen size can be mounted here: {WHY_NOT}")
    folder = tmp_path_factory.mktemp("disk")
    mounting = ["sh", "-c", f'mount -t tmpfs -o size={PLENTY} none "$0" && exec "$@"', str(folder)]
    with runs_over(night.runs.source, [*OWN, *mounting]) as runs:
        yield Disk(runs, folder, Path(f"/proc/{runs.server.pid}/root{folder}"))


def needed(night: Night, disk: Disk) -> tuple[int, int]:
    """How many pages a run writes until it begins to publish, and until what was published counts."""
    data = disk.fill(night.data, PLENTY)
    names = ("os.mkdir published/snapshots/*", "os.symlink .metrics*")
    before, written = disk.used, []
    run = disk.runs.stop_at(disk.mounted / data.name, *map(night.points.index, names))
    for _ in names:
        until_stopped(run)
        written.append((disk.used - before) // PAGE)
        go_on(run)
    assert disk.runs.wait(run) == 0
    computed, published = written
    return computed, published


def test_a_run_on_a_full_disk_says_where_and_the_next_one_with_room_succeeds(
    night: Night, disk: Disk, tmp_path: Path
) -> None:
    computed, everything = needed(night, disk)
    told, places = tmp_path / "told.txt", set()
    some = [0, 1, 5, 9, computed // 2, (computed + everything) // 2]
    for pages in range(0, everything, STEP) if STEP else some:
        data = disk.fill(night.data, pages * PAGE)
        code = disk.runs.finish(disk.mounted / "data", err=str(told))
        found = re.fullmatch(FULL.format(data=disk.mounted / "data"), told.read_text())
        assert found, (pages, code, told.read_text())
        assert code == 3
        places.add(found["place"])
        assert published(data / "published" / "snapshots" / current(data)) == night.before.published
        assert published(data / "metrics") == night.before.published
        disk.resize(PLENTY)
        assert disk.runs.finish(disk.mounted / "data") == 0
        assert Kept.of(data) == night.after
        assert leftovers(data) == []
    assert {".lock", "landing", "lake", "published"} <= places


@pytest.mark.parametrize(
    "fault", [OSError(28, "No space left on device"), pl.exceptions.ComputeError(IN_WORDS)]
)
def test_a_write_that_a_full_disk_ends_names_its_file(fault: Exception, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left on device") as told, writing(tmp_path / "rows.parquet"):
        raise fault
    assert (told.value.errno, told.value.filename) == (28, str(tmp_path / "rows.parquet"))


@pytest.mark.parametrize(
    "fault", [ConnectionResetError(104, "reset"), pl.exceptions.ComputeError("(os error 2)")]
)
def test_what_is_not_the_disk_s_fault_stays_as_it_was(fault: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(fault)) as told, writing(tmp_path / "rows.parquet"):
        raise fault
    assert told.value is fault
