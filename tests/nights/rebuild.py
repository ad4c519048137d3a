"""A full rebuild from landing in a fresh folder, and what it has otherwise than a lake of many nights."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from loyalty_pipeline.catalogue import PUBLISHED
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.publication.snapshot import Publication, Publisher
from loyalty_pipeline.settings import Settings

METRICS = [function.__name__ for function in PUBLISHED]


def rebuilt(settings: Settings, folder: Path) -> Lake:
    """A lake in the folder over what landed for the settings, with every table computed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "landing").symlink_to(settings.data_dir / "landing")
    lake = open_lake(settings.model_copy(update={"data_dir": folder}))
    lake.commit_every = float("inf")
    for name in lake.tables:
        lake.compute(name)
    return lake


def published_anew(lake: Lake, folder: Path) -> Publication:
    """The metric tables of a lake, published where nothing was before."""
    shutil.rmtree(folder, ignore_errors=True)
    return Publisher(folder).publish(lake, METRICS, datetime.now(UTC))


def difference(ours: Lake, theirs: Lake) -> dict[str, str]:
    """What two lakes do not have in common, by table: in the files, or in what they say they were computed from."""
    told = {}
    for name in theirs.tables:
        if (mine := files(ours, name)) != (other := files(theirs, name)):
            told[name] = f"parts {sorted(mine.items() ^ other.items())}; {_rows(ours, theirs, name)}"
        elif ours.manifest.tasks.get(name, {}) != theirs.manifest.tasks.get(name, {}):
            told[name] = "same files, computed from something else"
    return told


def files(lake: Lake, name: str) -> dict[str, str]:
    """Part -> digest."""
    entries = lake.manifest.tables.get(name, {})
    return {part: f"{entry.digest} with {entry.rows} rows" for part, entry in entries.items()}


def metrics_in(publication: Publication) -> dict[str, bytes]:
    """The published metric tables, byte for byte."""
    return {name: (publication.folder / f"{name}.parquet").read_bytes() for name in METRICS}


def _rows(ours: Lake, theirs: Lake, name: str) -> str:
    mine, other = (lake.scan(name).collect().rows() for lake in (ours, theirs))
    only_ours = [row for row in mine if row not in other]
    only_theirs = [row for row in other if row not in mine]
    return f"only after many nights {only_ours[:2]}, only rebuilt {only_theirs[:2]}"
