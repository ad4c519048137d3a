"""Snapshots: all published tables of one run, made aside and shown to readers in one step.

`snapshots/<id>/<table>.parquet` never changes once `current.json` has named it. The id is the digest of inputs,
settings and code, so that a run that changes nothing publishes nothing.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.manifest import digest_of
from loyalty_pipeline.lake.store import write_whole
from loyalty_pipeline.publication.files import described, parquet
from loyalty_pipeline.publication.log import Log

VERSION = "1"


class PublicationConflict(Exception):
    """Somebody else published since this run looked."""


@dataclass(frozen=True)
class Publication:
    """What became of a run's tables. `metrics` is equal wherever inputs, settings and code are: logs are not in it."""

    snapshot: str
    metrics: str
    is_changed: bool
    folder: Path
    rows: dict[str, int]


@dataclass(frozen=True)
class Publisher:
    """The `published` folder of a data folder. At least `keep` snapshots and those of `keep_hours` are kept."""

    data_dir: Path
    keep: int = 3
    keep_hours: int = 24

    @property
    def root(self) -> Path:
        """Where snapshots lie."""
        return self.data_dir / "published"

    def current(self) -> dict[str, Any]:
        """What `current.json` says; empty before the first publication."""
        pointer = self.root / "current.json"
        return json.loads(pointer.read_text()) if pointer.exists() else {}

    def publish(self, lake: Lake, tables: list[str], now: datetime, logs: Sequence[Log] = ()) -> Publication:
        """Publish tables of the lake, and logs beside them: all or nothing.

        Raises `PublicationConflict` when the pointer moved meanwhile; what it names then stays.
        """
        before, snapshot = self.current(), snapshot_id(lake, tables, logs)
        metrics = snapshot_id(lake, tables)
        folder = self.root / "snapshots" / snapshot
        is_changed = before.get("snapshot") != snapshot
        written = _whole(folder)
        if is_changed or not written:
            written = self._write(lake, tables, folder) | self._write_logs(logs, folder)
            facts = {"snapshot": snapshot, "metrics": metrics, "settings": _readable(lake)}
            manifest = json.dumps({**facts, "tables": written}, indent=1)
            write_whole(folder / "manifest.json", manifest.encode())
        if is_changed:
            self._swap(
                snapshot, before, now, {"lake": lake.store.current(), "landing": lake.landing.current()}
            )
        # A run that was killed after the swap left these to the next.
        self._link(snapshot)
        self._collect(now)
        rows = {name: table["rows"] for name, table in written.items()}
        return Publication(snapshot, metrics, is_changed, folder, rows)

    def _write(self, lake: Lake, tables: list[str], folder: Path) -> dict[str, Any]:
        written, facts = {}, {"settings": _settings_digest(lake), "version": VERSION}
        for name in tables:
            rows = lake.scan(name).collect()
            inputs = {"lake": lake.digest(name), "code": lake.tables[name].code}
            content = _kept(folder / f"{name}.parquet", parquet(rows, lake.tables[name], facts))
            written[name] = described(content, rows, inputs)
        return written

    def _write_logs(self, logs: Sequence[Log], folder: Path) -> dict[str, Any]:
        written = {}
        for log in logs:
            content = _kept(folder / f"{log.name}.parquet", parquet(log.rows, log, {"version": VERSION}))
            written[log.name] = described(content, log.rows, {"log": log.digest})
        return written

    def _swap(self, snapshot: str, expected: dict[str, Any], now: datetime, made_of: dict[str, str]) -> None:
        if self.current().get("snapshot") != expected.get("snapshot"):
            message = f"{self.root / 'current.json'} was changed by another run. Run again."
            raise PublicationConflict(message)
        entry = {"snapshot": snapshot, "published_at": now.isoformat(), **made_of}
        history = [entry, *expected.get("history", [])][:1000]
        pointer = {**entry, "parent": expected.get("snapshot"), "history": history}
        write_whole(self.root / "current.json", json.dumps(pointer, indent=1).encode())

    def _link(self, snapshot: str) -> None:
        # For tools that need one fixed path: they must resolve it once per read.
        link, target = self.data_dir / "metrics", Path("published") / "snapshots" / snapshot
        if link.is_symlink() and link.readlink() == target:
            return
        aside = self.data_dir / f".metrics.{uuid4().hex[:8]}"
        aside.symlink_to(target)
        aside.replace(link)

    def _collect(self, now: datetime) -> None:
        kept = {entry["snapshot"] for entry in self.kept(now)}
        for folder in (self.root / "snapshots").iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder)
        for left_by_a_killed_run in (*self.root.rglob("*.partial"), *self.data_dir.glob(".metrics.*")):
            left_by_a_killed_run.unlink()

    def kept(self, now: datetime) -> Iterator[dict[str, str]]:
        """The publications that readers may still have open, newest first, with the manifests they were made of."""
        newest: dict[str, None] = {}
        superseded_at = now
        for entry in self.current()["history"]:
            newest.setdefault(entry["snapshot"])
            if len(newest) <= self.keep or superseded_at > now - timedelta(hours=self.keep_hours):
                yield entry
            superseded_at = datetime.fromisoformat(entry["published_at"])


def _whole(folder: Path) -> dict[str, Any]:
    """The tables of a snapshot by its manifest; empty unless all of its files are there in full length."""
    manifest = folder / "manifest.json"
    tables: dict[str, Any] = json.loads(manifest.read_text())["tables"] if manifest.exists() else {}
    files = {name: folder / f"{name}.parquet" for name in tables}
    is_whole = all(file.exists() and file.stat().st_size == tables[n]["bytes"] for n, file in files.items())
    return tables if is_whole else {}


def snapshot_id(lake: Lake, tables: list[str], logs: Sequence[Log] = ()) -> str:
    """The digest of what a snapshot of some tables is made of: rows, code, settings, and what was noted."""
    made_of = [f"{name}={lake.tables[name].code}/{lake.digest(name)}" for name in tables]
    return digest_of(VERSION, _settings_digest(lake), *made_of, *(log.digest for log in logs))


def _kept(path: Path, content: bytes) -> bytes:
    """Write a file, unless a killed run left the same one: a reader may even have it open."""
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)
    return content


def _settings_digest(lake: Lake) -> str:
    return digest_of(repr(sorted(lake.policy.items(), key=str)), repr(lake.calendar))


def _readable(lake: Lake) -> dict[str, str]:
    calendar = {
        "as_of": lake.calendar.as_of,
        "fiscal_year_start_month": lake.calendar.fiscal_year_start_month,
    }
    return {name: str(value) for name, value in sorted({**lake.policy, **calendar}.items())}
