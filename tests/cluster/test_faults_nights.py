"""Nights of the command line on a cluster that are disturbed: readers keep what they had, and the next night publishes the right bytes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.lake.store import Store
from tests.cluster.yard import Yard, expected, shared, yard
from tests.faults.kept import Kept, leftovers
from tests.faults.runs import AS_OF, HERE, write_first

__all__ = ["expected", "shared", "yard"]

pytestmark = pytest.mark.slow
NOTHING = "Nothing was published; what was published before is as it was."


@dataclass(frozen=True)
class Nights:
    """Runs over one source and data folder."""

    source: Path
    data: Path
    environment: Mapping[str, str]

    def start(self) -> "subprocess.Popen[str]":
        words = [
            "run",
            "--source",
            str(self.source),
            "--data-dir",
            str(self.data),
            "--as-of",
            str(AS_OF),
            "--json",
        ]
        environment = {**os.environ, "LOYALTY_MAX_BAD_SHARE": "0.5", **self.environment}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            [sys.executable, "-m", "loyalty_pipeline.cli", *words], cwd=HERE, env=environment, **pipes
        )

    def counted(self) -> int:
        """How many tasks count."""
        return sum(map(len, Store(self.data / "lake").read().tasks.values()))

    def files(self) -> int:
        """How many files tasks have written."""
        return len([*self.data.glob("lake/*/*/*.parquet")])


def beside_progress(err: str) -> str:
    """What a run said but for how far it was, which it says each half minute: whether it takes so long depends on the machine."""
    return re.sub(r"^\d+:\d\d:\d\d .*\n", "", err, flags=re.MULTILINE)


def recomputed(run: "subprocess.Popen[str]") -> int:
    """How many tasks a run computed that ends well."""
    out, err = run.communicate()
    assert (run.returncode, beside_progress(err)) == (0, "")
    return sum(map(len, json.loads(out)["recomputed"].values()))


def test_nights_that_are_disturbed_publish_nothing_and_the_next_does_the_rest_only(
    yard: Yard, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    write_first(source)
    alone = Nights(source, tmp_path / "alone", {})
    told = {"LOYALTY_CLUSTER": yard.cluster.address, "LOYALTY_CLUSTER_TIMEOUT_SECONDS": str(yard.connect)}
    nights = Nights(source, tmp_path / "nights", told)
    due = recomputed(alone.start())
    assert due == alone.counted()

    killed = nights.start()
    yard.until(lambda: nights.files() > 20, killed)
    yard.kill(killed)

    left = nights.start()
    before = nights.files()
    yard.until(lambda: nights.files() > before + 60, left)
    for worker in yard.workers:
        yard.cluster.kill_worker(worker)
    out, err = left.communicate()
    assert (left.returncode, out) == (3, "")
    assert re.fullmatch(
        f"loyalty: .* no worker of .* could do a task: all are gone, or paused .*\n{NOTHING}\n",
        beside_progress(err),
    ), err
    assert not (nights.data / "published" / "current.json").exists()

    counted = nights.counted()
    yard.cluster.start_worker()
    last = nights.start()
    yard.until(lambda: nights.files() > due // 2, last)
    for worker in yard.workers:
        yard.cluster.kill_process(worker)
    assert recomputed(last) == due - counted < due
    assert Kept.of(nights.data) == Kept.of(alone.data)
    assert leftovers(nights.data) == []
