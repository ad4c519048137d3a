"""A manifest names the file of each part of each table, like a git commit names its blobs."""

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from loyalty_pipeline.lake.part import month_of

Inputs = dict[str, str]
"""What something was computed from: name -> digest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One immutable file. `digest` is of its data, `latest` the last event in it as ISO text, if known."""

    file: str
    rows: int
    bytes: int
    digest: str
    latest: str = ""


@dataclass
class Manifest:
    """Table -> part -> file, and table -> unit of work -> what it was computed from.

    What parts and units are called is said in `part`.
    """

    tables: dict[str, dict[str, Entry]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Inputs]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    parent: str = ""

    def between(self, table: str, first: str, last: str) -> dict[str, Entry]:
        """The parts of a table that belong to the months from first to last, by name in order."""
        entries = self.tables.get(table, {})
        return {part: entries[part] for part in sorted(entries) if first <= month_of(part) <= last}

    def months(self, table: str) -> list[str]:
        """The months in which a table has rows, in order."""
        entries = self.tables.get(table, {})
        return sorted({month_of(part) for part, entry in entries.items() if entry.rows})

    def to_json(self) -> str:
        """As stored: keys in order, so that equal manifests have equal digests."""
        tables = {
            table: {part: _stored(entry) for part, entry in parts.items()}
            for table, parts in self.tables.items()
        }
        content = {"tables": tables, "tasks": self.tasks, "notes": self.notes, "parent": self.parent}
        return json.dumps(content, separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """As read back."""
        stored = json.loads(text)
        tables = {
            table: {p: Entry(**e) for p, e in parts.items()} for table, parts in stored["tables"].items()
        }
        return cls(tables, stored["tasks"], stored["notes"], stored["parent"])


def digest_of(*parts: str | bytes) -> str:
    """A short digest of texts; their boundaries count."""
    state = blake2b(digest_size=12)
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        state.update(len(content).to_bytes(8, "little"))
        state.update(content)
    return state.hexdigest()


def _stored(entry: Entry) -> dict[str, Any]:
    fields = {"file": entry.file, "rows": entry.rows, "bytes": entry.bytes, "digest": entry.digest}
    return fields | ({"latest": entry.latest} if entry.latest else {})
