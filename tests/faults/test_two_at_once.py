"""A run while another one runs, and readers while it holds the lock."""

from pathlib import Path

import pytest

from tests.faults.conftest import Night
from tests.faults.runs import go_on

pytestmark = pytest.mark.slow


def everything(data: Path) -> dict[str, tuple[float, bytes]]:
    """All that is in a folder, and when it was written."""
    files = [path for path in data.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime, path.read_bytes()) for path in files}


@pytest.fixture
def held(night: Night, tmp_path: Path) -> tuple[Path, int]:
    """A data folder in the middle of a run, and the process that runs."""
    data = night.copy(tmp_path / "data")
    return data, night.runs.stop_at(data, len(night.points) // 2)


def test_a_second_run_is_turned_away_told_by_whom_and_touches_nothing(
    night: Night, held: tuple[Path, int]
) -> None:
    data, first = held
    before = everything(data)
    assert night.runs.finish(data) == 4
    assert f"in use by process {first}. Wait for that run to end" in night.runs.told(data)
    assert everything(data) == before
    night.assert_readable(data)
    # Who only looks needs no lock.
    for words in (
        ["plan", "--source", str(night.runs.source)],
        ["snapshots", "list"],
        ["quarantine", "list"],
    ):
        assert night.runs.finish(data, words) == 0, night.runs.told(data)
    assert everything(data) == before
    go_on(first)
    assert night.runs.wait(first) == 0
    night.assert_recovers(data)


def test_a_lock_file_of_a_dead_process_does_not_block(night: Night, tmp_path: Path) -> None:
    data = night.copy(tmp_path / "data")
    (data / ".lock").write_text("1")
    night.assert_recovers(data)
