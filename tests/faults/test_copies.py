"""A data folder that was copied while a run wrote: a run on the copy ends as if it had been whole."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.faults.conftest import Night
from tests.faults.kept import Kept, current, leftovers, published

pytestmark = pytest.mark.slow
SOAK = int(os.environ.get("LOYALTY_SOAK_KILLS", "0"))
MIXED = SOAK // 4 or 2

When = Callable[[str], int]
"""At which of the recorded moments a copy came to a file, given its place in the folder."""


@dataclass(frozen=True)
class Film:
    """What a data folder looked like during a run, from before its first step to after its last."""

    moments: list[Path]
    places: list[str]

    def copy(self, when: When, target: Path) -> Path:
        """A copy whose files are from different moments; what was not there when the copy came to it is left out."""
        for place in self.places:
            found = self.moments[when(place)] / place
            copied = target / place
            copied.parent.mkdir(parents=True, exist_ok=True)
            if found.is_symlink():
                copied.symlink_to(found.readlink())
            elif found.exists():
                shutil.copyfile(found, copied)
        return target


@pytest.fixture(scope="module")
def film(night: Night, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Film]:
    folder = tmp_path_factory.mktemp("film")
    shutil.copytree(night.data, folder / "data", symlinks=True)
    assert night.runs.finish(folder / "data", **{"record in": str(folder / "moments")}) == 0
    # The first is from before the run's first step.
    shutil.copytree(folder / "data", folder / "moments" / "999999", symlinks=True)
    moments = sorted((folder / "moments").iterdir())
    assert len(moments) > 10
    places = {
        str(path.relative_to(moment))
        for moment in moments
        for path in moment.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    return Film(moments, sorted(places))


def assert_right(night: Night, data: Path) -> None:
    """A run on the copy succeeds and publishes the right numbers; no row is lost, and a second run changes nothing."""
    assert night.runs.finish(data) == 0, night.runs.told(data)
    now = Kept.of(data)
    assert now.published == night.after.published
    assert now.landed == night.after.landed
    assert now.aside == night.after.aside
    assert now.lake == night.after.lake
    # What looks like the evidence of a refused landing stays until the next one.
    assert [left for left in leftovers(data) if not left.endswith("_failed")] == []
    snapshot = current(data)
    assert night.runs.finish(data) == 0
    assert night.runs.told(data) == ""
    assert current(data) == snapshot


FIRST, LAST = 0, -1
ORDERS: dict[str, When] = {
    "the pointers first": lambda place: FIRST if "current.json" in place else LAST,
    "the pointers last": lambda place: LAST if "current.json" in place else FIRST,
    "the lake before the landing": lambda place: FIRST if place.startswith("lake") else LAST,
    "the landing before the lake": lambda place: FIRST if place.startswith("landing") else LAST,
    "the quarantine first": lambda place: FIRST if place.startswith("quarantine") else LAST,
    "the history first": lambda place: FIRST if place.startswith("validation") else LAST,
    "the published last": lambda place: LAST if place.startswith("published") else FIRST,
    "the published pointer last": lambda place: LAST if place == "published/current.json" else FIRST,
}


@pytest.mark.parametrize("order", ORDERS)
def test_a_copy_in_a_bad_order_is_repaired_by_the_next_run(
    night: Night, film: Film, tmp_path: Path, order: str
) -> None:
    assert_right(night, film.copy(ORDERS[order], tmp_path / "data"))


@pytest.mark.parametrize("seed", range(MIXED))
def test_a_copy_of_files_from_all_moments_of_a_run_is_repaired_by_the_next_run(
    night: Night, film: Film, tmp_path: Path, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    # By folder or by file, in any order.
    depth = int(chance.choice([1, 2, 9]))
    drawn: dict[str, int] = {}

    def when(place: str) -> int:
        folder = "/".join(place.split("/")[:depth])
        return drawn.setdefault(folder, int(chance.integers(len(film.moments))))

    assert_right(night, film.copy(when, tmp_path / "data"))


def test_what_landed_and_is_lost_stops_the_run_until_the_landing_is_moved_away(
    night: Night, tmp_path: Path
) -> None:
    data = night.copy(tmp_path / "data")
    lost = next((data / "landing" / "customers").rglob("*.parquet"))
    lost.unlink()
    before = published(data / "metrics")
    assert night.runs.finish(data) == 3
    assert f"{lost}: missing or cut short. No older state is left whole." in night.runs.told(data)
    assert published(data / "metrics") == before
    (data / "landing").rename(tmp_path / "landing")
    assert night.runs.finish(data) == 0, night.runs.told(data)
    assert published(data / "metrics") == night.after.published
