"""A company, its data folder after yesterday's run, its source of today, and what an undisturbed run makes of both."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from tests.faults.kept import Kept, current, leftovers, published
from tests.faults.runs import AS_OF, Runs, runs_over, write_first, write_today, write_yesterday


@dataclass(frozen=True)
class Night:
    """`points` are the steps of an undisturbed run, `before` and `after` what the data folder kept around it."""

    data: Path
    runs: Runs
    points: list[str]
    seconds: float
    before: Kept
    after: Kept

    def copy(self, folder: Path) -> Path:
        """Yesterday's data folder once more."""
        return self.copy_of(self.data, folder)

    def copy_of(self, data: Path, folder: Path) -> Path:
        """Another data folder once more."""
        shutil.copytree(data, folder, symlinks=True)
        return folder

    def assert_readable(self, data: Path) -> None:
        """Readers get all of yesterday or all of today, and no file that has a table's name is torn."""
        for folder in (data / "published" / "snapshots" / current(data), data / "metrics"):
            assert published(folder) in (self.before.published, self.after.published)
        assert [path for path in data.rglob("*.parquet") if not is_parquet(path.read_bytes())] == []

    def assert_recovers(self, data: Path) -> None:
        """The next run ends as if nothing had happened."""
        assert self.runs.finish(data) == 0, self.runs.told(data)
        assert Kept.of(data) == self.after
        assert (data / "metrics").resolve().name == current(data)
        assert leftovers(data) == []


def is_parquet(content: bytes) -> bool:
    """Whether a file has its beginning and its end."""
    return content[:4] == content[-4:] == b"PAR1"


def make_old(data: Path) -> None:
    """Publications of long ago, so that the next run sweeps away what only the oldest had."""
    pointer = data / "published" / "current.json"
    told = json.loads(pointer.read_text())
    for age, entry in enumerate(told["history"], start=1):
        entry["published_at"] = (datetime.now(UTC) - timedelta(30 * age)).isoformat()
    pointer.write_text(json.dumps(told | {"published_at": told["history"][0]["published_at"]}))


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    write_first(folder / "source")
    with runs_over(folder / "source") as runs:
        data, undisturbed = folder / "yesterday", folder / "undisturbed"
        for days in (2, 1, 0):
            assert runs.finish(data, runs.run(AS_OF - timedelta(days))) == 0, runs.told(data)
            write_yesterday(folder / "source")
        make_old(data)
        before = Kept.of(data)
        write_today(folder / "source")
        shutil.copytree(data, undisturbed, symlinks=True)
        began = monotonic()
        points = runs.points(undisturbed, folder / "points.txt")
        seconds = monotonic() - began
        after = Kept.of(undisturbed)
        assert after.published != before.published
        assert after.aside != before.aside
        yield Night(data, runs, points, seconds, before, after)
