"""Kills at random moments, several in a row, of the command itself, and of a rollback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults.conftest import Night, is_parquet
from tests.faults.kept import current, published
from tests.faults.runs import HERE, state_of

pytestmark = pytest.mark.slow
SOAK = int(os.environ.get("LOYALTY_SOAK_KILLS", "0"))
FEW, MANY = SOAK // 8 or 1, SOAK // 4 or 1


@pytest.mark.parametrize("seed", range(MANY))
def test_a_run_killed_at_any_moment_leaves_yesterday_or_today_and_the_next_run_repairs(
    night: Night, tmp_path: Path, seed: int
) -> None:
    data = night.copy(tmp_path / "data")
    until = time.monotonic() + np.random.default_rng(seed).random() * night.seconds
    night.runs.kill_when(data, lambda: time.monotonic() > until)
    night.assert_readable(data)
    night.assert_recovers(data)


@pytest.mark.parametrize("seed", range(FEW))
def test_runs_killed_one_after_the_other_do_not_add_up(night: Night, tmp_path: Path, seed: int) -> None:
    data, chance = night.copy(tmp_path / "data"), np.random.default_rng([1, seed])
    for _ in range(2):
        # A run after a killed one has fewer steps, and may come to its end.
        code = night.runs.kill_at(data, int(chance.integers(len(night.points))))
        assert code in {0, -signal.SIGKILL}
        night.assert_readable(data)
    night.assert_recovers(data)


@pytest.mark.parametrize("seed", range(FEW))
def test_a_first_run_that_is_killed_leaves_nothing_that_hinders_the_next(
    night: Night, tmp_path: Path, seed: int
) -> None:
    points = night.runs.points(tmp_path / "undisturbed", tmp_path / "points.txt")
    point = int(np.random.default_rng([2, seed]).integers(len(points)))
    data = tmp_path / "data"
    assert night.runs.kill_at(data, point) == -signal.SIGKILL
    assert [path for path in data.rglob("*.parquet") if not is_parquet(path.read_bytes())] == []
    assert night.runs.finish(data) == 0
    assert published(data / "metrics") == published(tmp_path / "undisturbed" / "metrics")


def test_the_command_itself_can_be_killed_in_the_middle(night: Night, tmp_path: Path) -> None:
    data = night.copy(tmp_path / "data")
    landed = (data / "landing" / "current.json").read_bytes()
    command = [sys.executable, "-m", "loyalty_pipeline.cli", *night.runs.run(), "--data-dir", str(data)]
    environment = os.environ | {"LOYALTY_MAX_BAD_SHARE": "0.5"}
    with subprocess.Popen(command, cwd=HERE, env=environment, stdout=subprocess.DEVNULL) as run:
        while (data / "landing" / "current.json").read_bytes() == landed and run.poll() is None:
            time.sleep(0.001)
        run.kill()
    assert run.returncode == -signal.SIGKILL
    assert published(data / "metrics") == night.before.published
    night.assert_readable(data)
    night.assert_recovers(data)


def test_a_rollback_killed_at_any_step_leaves_one_of_both_snapshots(night: Night, tmp_path: Path) -> None:
    back = ["snapshots", "rollback"]
    both = night.copy(tmp_path / "both")
    assert night.runs.finish(both) == 0
    undisturbed = night.copy_of(both, tmp_path / "undisturbed")
    points = night.runs.points(undisturbed, tmp_path / "points.txt", back)
    assert published(undisturbed / "metrics") == night.before.published
    # Opening the lock is the first step, letting go of it the last.
    assert len(points) > 4
    for point in range(len(points)):
        data = night.copy_of(both, tmp_path / f"data{point}")
        assert night.runs.kill_at(data, point, back) == -signal.SIGKILL
        night.assert_readable(data)
        if current(data) == current(both):
            assert night.runs.finish(data, back) == 0
        assert current(data) == current(undisturbed)
    night.assert_recovers(data)


def test_a_run_that_is_killed_while_it_is_stopped_lets_go_of_the_folder(night: Night, tmp_path: Path) -> None:
    data = night.copy(tmp_path / "data")
    held = night.runs.stop_at(data, len(night.points) // 2)
    os.kill(held, signal.SIGKILL)
    assert night.runs.wait(held) == -signal.SIGKILL
    assert state_of(held) == "Z"
    assert (data / ".lock").read_text() == str(held)
    night.assert_recovers(data)
    assert (data / ".lock").read_text() == ""
