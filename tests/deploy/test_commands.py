"""What is started in the image is there, and knows the options it is told."""

import os
import subprocess
import sys
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.deploy.files import PROJECT, commands

GROUPS = {"loyalty", "dask", "dagster-daemon"}
"""Programs whose first word is a command of their own."""


@cache
def _help(program: str, *words: str) -> str:
    # A checkout need not be installed.
    ours = [sys.executable, "-m", "loyalty_pipeline.cli"]
    started = ours if program == "loyalty" else [str(Path(sys.executable).parent / program)]
    told = [*started, *words, "--help"]
    return subprocess.run(
        told, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "200"}
    ).stdout


@pytest.mark.parametrize("command", commands(), ids=lambda words: " ".join(words[:2]))
def test_a_command_exists_and_knows_its_options(command: list[str]) -> None:
    program, *words = command
    if program == "python":
        compile(words[1], "healthcheck", "exec")
        return
    assert program in {*entry_points(group="console_scripts").names, *PROJECT["project"]["scripts"]}
    group = words[:1] if program in GROUPS else []
    told = _help(program, *group)
    options = [word for word in words if word.startswith("--")]
    assert [option for option in options if option not in told] == []


def test_only_one_task_at_a_time_is_given_to_a_worker() -> None:
    workers = [words for words in commands() if words[:2] == ["dask", "worker"]]
    assert len(workers) == 2
    assert all(words[words.index("--nthreads") + 1] == "1" for words in workers)
    assert not any("--no-nanny" in words for words in workers)
