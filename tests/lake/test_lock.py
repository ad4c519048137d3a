"""One writer at a time, also when writers die."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loyalty_pipeline.lake.lock import Locked, exclusive

HOLDER = """
import sys, time
from pathlib import Path
from loyalty_pipeline.lake.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


def test_a_second_process_is_turned_away_at_once_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder, pytest.raises(Locked, match=f"in use by process {holder.pid}"):
        exclusive(tmp_path).__enter__()


def test_a_process_that_is_killed_lets_go_of_the_folder(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
        assert holder.wait() == -signal.SIGKILL
        with exclusive(tmp_path):
            pass


def test_who_was_turned_away_does_not_disturb_who_holds_it(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        for _ in range(2):
            with pytest.raises(Locked), exclusive(tmp_path):
                pass


def test_the_folder_is_free_after_a_run_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path):
        raise ZeroDivisionError
    with exclusive(tmp_path):
        pass


def test_what_a_killed_holder_left_half_written_goes_with_the_next_one(tmp_path: Path) -> None:
    ours = tmp_path / "lake" / ".churn.parquet.0123abcd.partial"
    theirs = [tmp_path / name for name in ("download.partial", ".download.partial", "churn.0123abcd.partial")]
    ours.parent.mkdir()
    for path in (ours, *theirs):
        path.touch()
    with exclusive(tmp_path):
        assert ours.exists()
    with another_process(tmp_path) as holder:
        holder.kill()
        holder.wait()
    with exclusive(tmp_path):
        assert not ours.exists()
        assert all(path.exists() for path in theirs)


def test_who_comes_to_an_end_takes_its_name_out(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
    assert (tmp_path / ".lock").read_text() == ""
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path):
        raise ZeroDivisionError
    assert (tmp_path / ".lock").read_text() == ""


def test_two_folders_do_not_share_a_lock(tmp_path: Path) -> None:
    with exclusive(tmp_path / "one"), exclusive(tmp_path / "two"):
        assert (tmp_path / "one" / ".lock").exists()
