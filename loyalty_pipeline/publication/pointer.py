"""The pointer: one small file that says which snapshot readers get, and which they had before."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.storage import pointer_file
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.storage.seen import Moved

REMEMBERED = 1000
"""Publications that the history names."""

Entry = dict[str, Any]
"""One publication: its snapshot, when it was published, what it was made of."""


class PublicationConflict(Exception):
    """Somebody else published since this run looked."""


@dataclass(frozen=True)
class Pointer:
    """`published/current.json` of a data folder, and the link `metrics` beside it, which a store has not."""

    data_dir: Place

    @property
    def root(self) -> Place:
        """Where snapshots lie."""
        return self.data_dir / "published"

    @property
    def place(self) -> Place:
        """Where it lies itself."""
        return self.root / "current.json"

    def folder(self, snapshot: str) -> Place:
        """Where the files of a snapshot lie."""
        return self.root / "snapshots" / snapshot

    def read(self) -> dict[str, Any]:
        """What it says; empty before the first publication. Raises `SourceError` where it cannot be read."""
        return self._said(pointer_file.look(self.place))

    def shown(self) -> Entry:
        """The publication that readers get, as the history has it: somebody may have written another snapshot in by hand."""
        pointer = self.read()
        named = (entry for entry in pointer.get("history", []) if entry["snapshot"] == pointer["snapshot"])
        return next(named, pointer)

    def move(self, entry: Entry, expected: dict[str, Any]) -> None:
        """Show another snapshot, in one step. Raises `PublicationConflict` unless it says what is expected."""
        version = pointer_file.look(self.place)
        conflict = PublicationConflict(f"{self.place} was changed by another run. Run again.")
        if self._said(version).get("snapshot") != expected.get("snapshot"):
            raise conflict
        history = [entry, *expected.get("history", [])][:REMEMBERED]
        pointer = {**entry, "parent": expected.get("snapshot"), "history": history}
        try:
            pointer_file.replace(self.place, json.dumps(pointer, indent=1).encode(), version)
        except Moved:
            raise conflict from None

    def link(self, snapshot: str) -> None:
        """Make `metrics` lead to a snapshot, for tools that need one fixed path: they must resolve it once per read.

        A store has no links, and copies under fixed names would be replaced while somebody reads them.
        """
        if not isinstance(self.data_dir, Path):
            return
        link, target = self.data_dir / "metrics", Path("published") / "snapshots" / snapshot
        if link.is_symlink() and link.readlink() == target:
            return
        aside = self.data_dir / f".metrics.{uuid4().hex[:8]}"
        aside.symlink_to(target)
        aside.replace(link)

    def kept(self, now: datetime, keep: int, hours: int) -> Iterator[Entry]:
        """The publications that readers may still have open or somebody may roll back to, newest first.

        The last `keep` snapshots, and those that were shown within the last `hours`. One that was rolled back from was
        shown until then, and counts like any other.
        """
        newest: dict[str, None] = {}
        superseded_at = now
        for entry in self.read().get("history", []):
            newest.setdefault(entry["snapshot"])
            if len(newest) <= keep or superseded_at > now - timedelta(hours=hours):
                yield entry
            superseded_at = datetime.fromisoformat(entry["published_at"])

    def _said(self, version: pointer_file.Version) -> dict[str, Any]:
        if version.content is None:
            return {}
        try:
            told: dict[str, Any] = json.loads(version.content)
        except ValueError as torn:
            message = (
                f"{self.place}: cannot be read ({torn}). Restore it from a copy. Without one delete it: the next run "
                "publishes anew, and knows of no earlier snapshot to compare with"
            )
            raise SourceError(message) from None
        return told
