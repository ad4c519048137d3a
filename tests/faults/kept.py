"""What a data folder keeps, as far as it must not depend on how often its runs were disturbed."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing.land import LANDED
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.history import validation_history

TIMELY = {"validation_history.parquet", "restatements.parquet", "manifest.json"}
"""Published files that tell when something was."""
LEFTOVERS = (".partial", ".metrics.", ".scratch", "_failed")


@dataclass(frozen=True)
class Kept:
    """Published metrics by file, the lake's files, and the rows that landed, were set aside and were noted."""

    published: dict[str, bytes]
    restated: list[Any]
    lake: dict[str, dict[str, str]]
    landed: dict[str, list[Any]]
    aside: dict[str, list[Any]]
    checks: list[Any]

    @classmethod
    def of(cls, data: Path) -> "Kept":
        folder = data / "published" / "snapshots" / current(data)
        restated = pl.read_parquet(folder / "restatements.parquet", glob=False)
        lake = Store(data / "lake").read().tables
        return cls(
            published(folder),
            _plain(restated.drop("published_at", "snapshot", "previous_snapshot")),
            {table: {part: entry.file for part, entry in parts.items()} for table, parts in lake.items()},
            _landed(data),
            _aside(data),
            _plain(validation_history(data).drop("run_at")),
        )


def current(data: Path) -> str:
    return str(json.loads((data / "published" / "current.json").read_text())["snapshot"])


def published(folder: Path) -> dict[str, bytes]:
    """The files of a snapshot that are the same whenever they are made; all of it must be whole."""
    tables = json.loads((folder / "manifest.json").read_text())["tables"]
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {f"{name}.parquet" for name in tables} | {"manifest.json"} == set(files)
    for name, told in tables.items():
        assert told["sha256"] == sha256(files[f"{name}.parquet"]).hexdigest()
    return {name: content for name, content in files.items() if name not in TIMELY}


def leftovers(data: Path) -> list[str]:
    return [str(path) for path in data.rglob("*") if any(word in path.name for word in LEFTOVERS)]


def _landed(data: Path) -> dict[str, list[Any]]:
    store, found = Store(data / "landing"), {}
    for table, parts in store.read().tables.items():
        rows = pl.concat(
            [pl.read_parquet(store.path(entry), glob=False) for entry in parts.values()], how="diagonal"
        )
        # Our own rows say when a landing noticed that a row was gone.
        ours = pl.col("_row").is_null()
        late = [pl.when(~ours).then(name).alias(name) for name in ("updated_at", "deleted_at")]
        found[table] = _plain(rows.with_columns(late).drop("_batch"))
    return found


def _aside(data: Path) -> dict[str, list[Any]]:
    """The rows that each table's last reading set aside."""
    found = {}
    for table, known in Store(data / "landing").read().notes[LANDED].items():
        path = data / "quarantine" / table / f"{known['batch']}.parquet"
        if path.exists():
            found[table] = _plain(pl.read_parquet(path, glob=False).drop("_batch"))
    assert set(found) <= set(RAW_TABLES)
    return found


def _plain(rows: pl.DataFrame) -> list[Any]:
    return sorted(map(repr, rows.select(sorted(rows.columns)).rows()))
