"""What the lock of a folder in a store says: who holds it, and whether that is still so."""

import json
from dataclasses import dataclass
from uuid import uuid4

from loyalty_pipeline.storage.holder import Holder
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.seen import Seen

UNKNOWN_SECONDS = 600.0
"""The lease of a lock that cannot be read."""


@dataclass(frozen=True)
class State:
    """A lock as it was read. `is_suspect` says that its last holder missed objects."""

    is_held: bool
    holder: Holder | None
    lease_seconds: float
    is_suspect: bool
    renewed_at: float

    @classmethod
    def of(cls, seen: Seen) -> "State":
        """From the object; one that is not there is free, one that cannot be read is somebody's."""
        if not seen.content:
            # An empty one came with the copy of a local folder, of which nobody has looked whether it is whole.
            is_copy = seen.content is not None
            return cls(is_held=False, holder=None, lease_seconds=0.0, is_suspect=is_copy, renewed_at=0.0)
        try:
            told = json.loads(seen.content)
            is_held, holder = told["holder"] is not None, Holder.of(told["holder"])
            seconds, is_suspect = float(told["lease_seconds"]), bool(told["is_suspect"])
        except (ValueError, KeyError, TypeError):
            return cls(
                is_held=True,
                holder=None,
                lease_seconds=UNKNOWN_SECONDS,
                is_suspect=True,
                renewed_at=seen.changed_at,
            )
        return cls(is_held, holder, seconds, is_suspect, seen.changed_at)

    @property
    def is_dead(self) -> bool:
        """Whether its holder was a process of this machine that is no more."""
        return self.holder is not None and self.holder.is_dead

    def is_over(self, folder: ObjectPath) -> bool:
        """Whether its lease has run out, by the store's clock."""
        return self.renewed_at + self.lease_seconds < instant_of(folder)

    def told(self, folder: ObjectPath) -> str:
        """Who holds it, and until when if that is dead."""
        who = self.holder.told if self.holder else "an unknown process"
        minutes = max(1, round((self.renewed_at + self.lease_seconds - instant_of(folder)) / 60))
        return (
            f"{folder} is in use by {who}. Wait for that run to end, then run again. "
            f"If it died, the folder is free in about {minutes} min."
        )


def instant_of(folder: ObjectPath) -> float:
    """The time by the clock of the store, which tells it only of objects that are written."""
    probe = folder / f".clock.{uuid4().hex[:8]}"
    probe.write_bytes(b"")
    try:
        return probe.look().changed_at
    finally:
        probe.unlink()
