"""Going back: readers get a snapshot again that was published before."""

from datetime import datetime
from typing import Any

from loyalty_pipeline.publication.pointer import Entry, Pointer
from loyalty_pipeline.publication.verification import wrong_files
from loyalty_pipeline.storage.files import names_in
from loyalty_pipeline.storage.place import Place


class UnknownSnapshot(Exception):
    """No kept snapshot has that id."""


class NotWhole(Exception):
    """A snapshot whose files are not as they were written."""


def kept_entries(pointer: Pointer) -> list[Entry]:
    """The latest publication of each snapshot that is still there, newest first."""
    newest: dict[str, Entry] = {}
    there = names_in(pointer.root / "snapshots")
    for entry in pointer.read().get("history", []):
        if entry["snapshot"] in there:
            newest.setdefault(entry["snapshot"], entry)
    return list(newest.values())


def chosen(pointer: Pointer, snapshot: str) -> Entry:
    """The publication of a snapshot, by its id or by the beginning of it that no other has; raises `UnknownSnapshot`."""
    entries = kept_entries(pointer)
    found = [entry for entry in entries if entry["snapshot"].startswith(snapshot)]
    if len(found) == 1 and snapshot:
        return found[0]
    there = ", ".join(entry["snapshot"] for entry in entries) or "there is none"
    said = "several snapshots begin so" if found else "no such snapshot is kept"
    message = f"{snapshot}: {said}; expected one of: {there}"
    raise UnknownSnapshot(message)


def before_current(pointer: Pointer) -> Entry:
    """The publication that readers had before the current one; raises `UnknownSnapshot`."""
    current = pointer.read().get("snapshot")
    others = [entry for entry in kept_entries(pointer) if entry["snapshot"] != current]
    if not others:
        message = "there is no snapshot to go back to: expected one that was published before the current one"
        raise UnknownSnapshot(message)
    return others[0]


def roll_back(data_dir: Place, entry: Entry, now: datetime) -> dict[str, Any]:
    """Show a snapshot again and return what the pointer then says; the caller holds the lock.

    Nothing is deleted: what readers had until now can be shown again in the same way, as long as it is kept. The lake stays as
    it is, so the next run publishes what it has. Raises `NotWhole` where a file of the snapshot is not as it was written.
    """
    pointer = Pointer(data_dir)
    before, snapshot = pointer.read(), entry["snapshot"]
    if wrong := wrong_files(pointer.folder(snapshot)):
        told = "; ".join(f"{one.file} {one.fault}" for one in wrong)
        message = f"{snapshot} is not whole, so readers keep what they have: {told}"
        raise NotWhole(message)
    if before["snapshot"] != snapshot:
        again = {**entry, "published_at": now.isoformat(), "rolled_back_from": before["snapshot"]}
        pointer.move(again, before)
    pointer.link(snapshot)
    return pointer.read()
