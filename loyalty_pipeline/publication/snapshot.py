"""Snapshots: all published tables of one run, made aside and shown to readers in one step.

`snapshots/<id>/<table>.parquet` never changes once `current.json` has named it. The id is the digest of inputs, settings, code
and restatements, so that a run that changes nothing publishes nothing.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.publication.brief import Brief
from loyalty_pipeline.publication.contents import VERSION, Contents
from loyalty_pipeline.publication.draft import Draft, facts_of
from loyalty_pipeline.publication.files import Meaning, described, parquet
from loyalty_pipeline.publication.log import Log
from loyalty_pipeline.publication.pointer import Entry, Pointer, PublicationConflict
from loyalty_pipeline.publication.restatements import RESTATED
from loyalty_pipeline.publication.verification import wrong_files
from loyalty_pipeline.storage.files import (
    names_in,
    remove_files,
    remove_folder,
    size_of,
    sizes_of,
    write_whole,
)
from loyalty_pipeline.storage.parquet import collected
from loyalty_pipeline.storage.place import Place

__all__ = ["Publication", "PublicationConflict", "Publisher"]


@dataclass(frozen=True)
class Publication:
    """What became of a run's tables. `metrics` is equal wherever inputs, settings and code are: logs are not in it."""

    snapshot: str
    metrics: str
    is_changed: bool
    folder: Place
    rows: dict[str, int]
    restated: Brief = field(default_factory=Brief)
    """The numbers of complete periods that it changed; none where it changed nothing."""


@dataclass(frozen=True)
class Publisher:
    """The `published` folder of a data folder. At least `keep` snapshots and those of `keep_hours` are kept."""

    data_dir: Place
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

    def _write_tables(self, contents: Contents, folder: Place) -> dict[str, Any]:
        written, facts = {}, {"settings": contents.settings_digest, "version": VERSION}
        lake = contents.lake
        for name in contents.tables:
            inputs = {"lake": lake.digest(name), "code": lake.tables[name].code}
            rows = collected(lake.scan(name), folder)
            written[name] = _written(folder, rows, lake.tables[name], inputs, **facts)
        return written

    def _collect(self, now: datetime) -> None:
        kept = {self.current()["snapshot"], *(entry["snapshot"] for entry in self.kept(now))}
        snapshots = self.pointer.root / "snapshots"
        for name in names_in(snapshots) - kept:
            remove_folder(snapshots / name)
        if isinstance(self.data_dir, Path) and isinstance(self.pointer.root, Path):
            partials = self.pointer.root.rglob("*.partial")
            remove_files([*partials, *self.data_dir.glob(".metrics.*")])


def _is_whole(folder: Place) -> bool:
    """Whether all files of a snapshot are there in full length, by its manifest."""
    tables = facts_of(folder).get("tables", {})
    expected = {f"{name}.parquet": table["bytes"] for name, table in tables.items()}
    return bool(tables) and sizes_of(folder, expected) == expected


def _since_made(history: list[Entry], snapshot: str) -> list[Entry]:
    """The publications from the first one of a snapshot back; it may have been shown again later."""
    first = max(number for number, entry in enumerate(history) if entry["snapshot"] == snapshot)
    return history[first:]


def _written(
    folder: Place, rows: pl.DataFrame, table: Meaning, inputs: dict[str, str], **facts: str
) -> dict[str, Any]:
    """Write a table's file, unless a killed run left the same one: a reader may even have it open."""
    content = parquet(rows, table, {"version": VERSION, **facts})
    path = folder / f"{table.name}.parquet"
    if size_of(path) != len(content) or path.read_bytes() != content:
        write_whole(path, content)
    return described(content, rows, inputs)
