"""A company that has landed, what one process makes of it, and real workers."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from loyalty_pipeline.demo import write_company
from loyalty_pipeline.pipeline import extract, nightly
from loyalty_pipeline.settings import Settings
from tests.cluster.made import Made
from tests.servers.dask_cluster import cluster, two_workers

__all__ = ["cluster", "two_workers"]

Expected = Callable[[int], Made]
"""What a night in one process makes of the company that landed, in so many shards."""


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which a small company of every raw table has landed; nobody writes to it."""
    return landed_company(tmp_path_factory.mktemp("landed"), customers=40, months=4)


@pytest.fixture
def data(landed: Path, tmp_path: Path) -> Path:
    """The same for one test to go on with."""
    return shutil.copytree(landed, tmp_path / "data")


@pytest.fixture(scope="session")
def expected(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    @cache
    def of(shards: int) -> Made:
        folder = tmp_path_factory.mktemp(f"one-process-{shards}") / "data"
        return night(shutil.copytree(landed, folder), shards=shards)

    return of


def landed_company(folder: Path, customers: int, months: int) -> Path:
    """The data folder of a made-up company, in which nothing but landing is done yet."""
    write_company(folder / "source", customers=customers, months=months, seed=7)
    extract(settings(folder / "data"))
    return folder / "data"


def settings(data: Path, **told: object) -> Settings:
    """The settings of a night over a copy of what landed."""
    marker = data / "source.txt"
    if not marker.exists():
        data.mkdir(parents=True, exist_ok=True)
        marker.write_text(str(data.parent / "source"))
    return Settings.load(source=marker.read_text(), data_dir=data, **told)


def night(data: Path, **told: object) -> Made:
    """A whole night, and what it made."""
    nightly(settings(data, **told))
    return Made.of(data)
