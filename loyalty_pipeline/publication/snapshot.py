"""Snapshots: all published tables of one run, made aside and shown to readers in one step.

`snapshots/<id>/<table>.parquet` never changes once `current.json` has named it. The id is the digest of inputs, settings, code
and restatements, so that a run that changes nothing publishes nothing.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.store import write_whole
from loyalty_pipeline.publication.brief import Brief
from loyalty_pipeline.publication.contents import VERSION, Contents
from loyalty_pipeline.publication.draft import Draft, facts_of
from loyalty_pipeline.publication.files import Meaning, described, parquet
from loyalty_pipeline.publication.log import Log
from loyalty_pipeline.publication.pointer import Entry, Pointer, PublicationConflict
from loyalty_pipeline.publication.restatements import RESTATED
from loyalty_pipeline.publication.verification import wrong_files

__all__ = ["Publication", "PublicationConflict", "Publisher"]


@dataclass(frozen=True)
class Publication:
    """What became of a run's tables. `metrics` is equal wherever inputs, settings and code are: logs are not in it."""

    snapshot: str
    metrics: str
    is_changed: bool
    folder: Path
    rows: dict[str, int]
    restated: Brief = field(default_factory=Brief)
    """The numbers of complete periods that it changed; none where it changed nothing."""


@dataclass(frozen=True)
class Publisher:
    """The `published` folder of a data folder. At least `keep` snapshots and those of `keep_hours` are kept."""

    data_dir: Path
    keep: int = 3
    keep_hours: int = 24

    @property
    def pointer(self) -> Pointer:
        """What says which snapshot readers get."""
        return Pointer(self.data_dir)

    def current(self) -> dict[str, Any]:
        """What `current.json` says; empty before the first publication."""
        return self.pointer.read()

    def kept(self, now: datetime) -> Iterator[Entry]:
        """The publications that readers may still have open, newest first, with the manifests they were made of."""
        return self.pointer.kept(now, self.keep, self.keep_hours)

    def shows(self, lake: Lake, tables: list[str], logs: Sequence[Log] = ()) -> bool:
        """Whether readers get what a lake has now."""
        return bool(self.pointer.shown().get("made_of") == Contents(lake, tables, logs).digest)

    def publish(self, lake: Lake, tables: list[str], now: datetime, logs: Sequence[Log] = ()) -> Publication:
        """Publish tables of the lake, logs beside them, and what they restate: all or nothing.

        Raises `PublicationConflict` when the pointer moved meanwhile; what it names then stays.
        """
        before, contents = self.current(), Contents(lake, tables, logs)
        shown = self.pointer.shown()
        if shown.get("made_of") == contents.digest and self._stands(contents, before):
            snapshot, brief, is_changed = shown["snapshot"], Brief(), False
        else:
            draft = Draft.of(contents, self.pointer, shown, now)
            snapshot, brief, is_changed = draft.snapshot, draft.brief, True
            self._write(draft, before)
            self.pointer.move(draft.entry, before)
        # A run that was killed after that left these to the next.
        self.pointer.link(snapshot)
        self._collect(now)
        folder = self.pointer.folder(snapshot)
        rows = {name: table["rows"] for name, table in facts_of(folder)["tables"].items()}
        return Publication(snapshot, contents.metrics, is_changed, folder, rows, brief)

    def _stands(self, contents: Contents, current: dict[str, Any]) -> bool:
        """Whether the current snapshot has all its files in full length, made again if need be and if they can be."""
        folder = self.pointer.folder(current["snapshot"])
        if _is_whole(folder):
            return True
        # It restated what readers had before it was shown for the first time.
        made, *earlier = _since_made(current["history"], current["snapshot"])
        draft = Draft.of(
            contents,
            self.pointer,
            earlier[0] if earlier else {},
            datetime.fromisoformat(made["published_at"]),
        )
        if draft.snapshot != current["snapshot"]:
            return False
        self._write(draft, {})
        return True

    def _write(self, draft: Draft, before: dict[str, Any]) -> None:
        folder = self.pointer.folder(draft.snapshot)
        was_shown = any(entry["snapshot"] == draft.snapshot for entry in before.get("history", []))
        # Somebody may have it open since then: it is shown again as it was.
        if was_shown and _is_whole(folder) and not wrong_files(folder):
            return
        written = self._write_tables(draft.contents, folder)
        for log in draft.contents.logs:
            written[log.name] = _written(folder, log.rows, log, {"log": log.digest})
        written[RESTATED.name] = _written(folder, draft.restatements, RESTATED, {"restated": draft.restated})
        manifest = json.dumps({**draft.facts, "tables": written}, indent=1)
        write_whole(folder / "manifest.json", manifest.encode())

    def _write_tables(self, contents: Contents, folder: Path) -> dict[str, Any]:
        written, facts = {}, {"settings": contents.settings_digest, "version": VERSION}
        lake = contents.lake
        for name in contents.tables:
            inputs = {"lake": lake.digest(name), "code": lake.tables[name].code}
            rows = lake.scan(name).collect()
            written[name] = _written(folder, rows, lake.tables[name], inputs, **facts)
        return written

    def _collect(self, now: datetime) -> None:
        kept = {self.current()["snapshot"], *(entry["snapshot"] for entry in self.kept(now))}
        for folder in (self.pointer.root / "snapshots").iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder)
        for left_by_a_killed_run in (
            *self.pointer.root.rglob("*.partial"),
            *self.data_dir.glob(".metrics.*"),
        ):
            left_by_a_killed_run.unlink()


def _is_whole(folder: Path) -> bool:
    """Whether all files of a snapshot are there in full length, by its manifest."""
    tables = facts_of(folder).get("tables", {})
    files = {name: folder / f"{name}.parquet" for name in tables}
    return bool(tables) and all(
        file.exists() and file.stat().st_size == tables[name]["bytes"] for name, file in files.items()
    )


def _since_made(history: list[Entry], snapshot: str) -> list[Entry]:
    """The publications from the first one of a snapshot back; it may have been shown again later."""
    first = max(number for number, entry in enumerate(history) if entry["snapshot"] == snapshot)
    return history[first:]


def _written(
    folder: Path, rows: pl.DataFrame, table: Meaning, inputs: dict[str, str], **facts: str
) -> dict[str, Any]:
    """Write a table's file, unless a killed run left the same one: a reader may even have it open."""
    content = parquet(rows, table, {"version": VERSION, **facts})
    path = folder / f"{table.name}.parquet"
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)
    return described(content, rows, inputs)
