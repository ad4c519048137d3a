"""The lake over a company as far as some tables need it: a whole one takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.settings import Settings
from tests.companies import file_rows

if TYPE_CHECKING:
    from pathlib import Path

    from loyalty_pipeline.lake.lake import Lake
    from tests.companies import Raw


def landed(raw: Raw, folder: Path) -> None:
    """Land the rows of a company whose days are in UTC."""
    file_rows(raw, Store(folder / "landing"), "UTC")


def lake_of(folder: Path, *names: str, **settings: Any) -> Lake:
    """Return the lake over what has landed, some tables computed and all that they are made of."""
    lake = open_lake(Settings(data_dir=folder, **settings))
    wanted = set(names)
    for name in reversed(lake.tables):
        if name in wanted:
            wanted |= {read.table for read in lake.tables[name].reads}
    for name in lake.tables:
        if name in wanted:
            lake.compute(name)
    return lake
