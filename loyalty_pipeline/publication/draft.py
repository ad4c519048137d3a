"""A snapshot before it is written: its id, and what it restates of the publication before it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from loyalty_pipeline.lake.manifest import digest_of
from loyalty_pipeline.publication import restatements
from loyalty_pipeline.publication.brief import Brief
from loyalty_pipeline.publication.comparison import Comparison, Earlier
from loyalty_pipeline.publication.contents import Contents
from loyalty_pipeline.publication.pointer import Entry, Pointer
from loyalty_pipeline.storage.place import Place


@dataclass(frozen=True)
class Draft:
    """`earlier` are the restatements of the snapshot `previous`, `changed` those that this one makes."""

    contents: Contents
    previous: str
    made_at: datetime
    earlier: pl.DataFrame
    changed: pl.DataFrame
    restated: str
    """The digest of both."""

    @classmethod
    def of(cls, contents: Contents, pointer: Pointer, before: Entry, now: datetime) -> "Draft":
        """The contents as they would be published after another publication; that is empty before the first."""
        if not before:
            none = Comparison.empty().with_columns(previous_snapshot=pl.lit(""))
            return cls(contents, "", now, restatements.nothing(), none, "")
        folder = pointer.folder(before["snapshot"])
        facts = facts_of(folder)
        settings = facts.get("settings", {}) | ({"as_of": before["as_of"]} if "as_of" in before else {})
        reader = Earlier(folder, settings, before.get("lake", ""), before.get("landing", ""))
        earlier = restatements.read(folder)
        found = Comparison(reader, contents.lake, contents.settings).changed(contents.tables)
        changed = found.with_columns(previous_snapshot=pl.lit(before["snapshot"]))
        restated = facts.get("restated") or restatements.digest("", earlier)
        return cls(
            contents, before["snapshot"], now, earlier, changed, restatements.digest(restated, changed)
        )

    @property
    def snapshot(self) -> str:
        """Its id. It knows no clock: what a killed run began, the next one ends."""
        return digest_of(self.contents.digest, self.restated)

    @property
    def restatements(self) -> pl.DataFrame:
        """All of them, those that it makes last."""
        made = self.changed.with_columns(
            snapshot=pl.lit(self.snapshot), published_at=pl.lit(self.made_at, pl.Datetime("us", "UTC"))
        )
        return restatements.restatements(self.earlier, made)

    @property
    def brief(self) -> Brief:
        """What it restates, in brief."""
        return Brief.of(self.changed)

    @property
    def facts(self) -> dict[str, Any]:
        """What the snapshot's manifest says before its files."""
        return {
            "snapshot": self.snapshot,
            "previous": self.previous,
            "metrics": self.contents.metrics,
            "restated": self.restated,
            "restatements": self.changed.height,
            "settings": self.contents.settings,
        }

    @property
    def entry(self) -> Entry:
        """How the pointer names it."""
        known = {"made_of": self.contents.digest, "as_of": self.contents.settings["as_of"]}
        at = {"snapshot": self.snapshot, "published_at": self.made_at.isoformat()}
        return at | known | self.contents.manifests


def facts_of(folder: Place) -> dict[str, Any]:
    """What a snapshot's manifest says; nothing where it is gone or torn."""
    try:
        facts: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts
