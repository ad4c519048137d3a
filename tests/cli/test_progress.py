"""How far a run is, where nobody watches: lines where a cluster does the tasks, and nothing otherwise."""

import json
import threading
import time
from collections.abc import Callable

import pytest

from loyalty_pipeline.cli import progress
from tests.cli.conftest import Shop
from tests.servers.dask_cluster import DaskCluster, two_workers

__all__ = ["two_workers"]

CLUSTER = "tcp://scheduler:8786"
PATIENCE = 60


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bool]:
    """Whether a line with some words comes."""
    monkeypatch.setattr(progress, "LINE_EVERY", 0.01)

    def comes(words: str) -> bool:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if any(words in told for told in capsys.readouterr().err.splitlines()):
                return True
            time.sleep(0.01)
        return False

    return comes


def test_a_line_says_how_long_it_took_how_many_tasks_are_done_and_which_was_the_last(line) -> None:
    with progress.progress(CLUSTER) as told:
        told("churn, 3 running, 0 failed", 120, 1890)
        assert line("0:00:0")
        assert line(" 120 of 1,890 tasks done: churn, 3 running, 0 failed")


def test_before_there_are_tasks_a_line_says_what_is_done(line) -> None:
    with progress.progress(CLUSTER) as told:
        assert line(" landing")
        told("landing customers", 0, 1)
        assert line(" landing customers")


def test_lines_come_again_while_nothing_new_is_told(line) -> None:
    with progress.progress(CLUSTER) as told:
        told("churn", 1, 2)
        assert line("1 of 2")
        assert line("1 of 2")


def test_nobody_writes_after_the_end_however_it_ended() -> None:
    def failing() -> None:
        with progress.progress(CLUSTER):
            assert _writers() == 1
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert _writers() == 0


def test_without_a_cluster_nobody_writes() -> None:
    with progress.progress() as told:
        told("churn", 1, 2)
        assert _writers() == 0


@pytest.mark.slow
def test_a_run_on_a_cluster_tells_lines_and_its_json_is_one_object(
    shop: Shop, two_workers: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY", 0.01)
    monkeypatch.setenv("LOYALTY_CLUSTER", two_workers.address)
    said = shop.run("--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["is_changed"]
    assert " tasks done: " in said.err


def _writers() -> int:
    return sum(thread.name == "progress" for thread in threading.enumerate())
