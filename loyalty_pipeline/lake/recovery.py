"""What counts where files are missing: in a folder that was copied while a run wrote, or on a disk that lost some.

What was computed can be computed again: parts without their file are left out together with their tasks. What landed
cannot: the newest manifest counts of which every file is there, and what came after it is read from the source again.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.lake.manifest import Manifest, digest_of
from loyalty_pipeline.lake.part import unit_of
from loyalty_pipeline.storage import guards
from loyalty_pipeline.storage.files import names_in
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import Place

COMMITS = "commits"
"""The note on how many manifests were committed before and with this one."""

Missing = list[tuple[str, str]]
"""Tables and parts whose files are not there, or not in full length."""


class Damaged(SourceError):
    """What landed is no longer there, and nothing can make it again; the message says what to do."""


@dataclass(frozen=True)
class Counting:
    """The manifest that counts, and the digest it is stored under. `told` says what is wrong; empty if nothing is."""

    digest: str
    manifest: Manifest
    told: str = ""


def counting(root: Place, pointer: str | None) -> Counting:
    """What counts, given what the pointer names: nothing, a manifest, or None for a pointer that cannot be read.

    Raises `Damaged` where no manifest is left that can count.
    """
    manifest = stored(root, pointer) if pointer else None
    missing = missing_parts(root, manifest) if manifest else []
    if manifest and not missing:
        return Counting(pointer or "", manifest)
    others = _others(root, pointer)
    if not pointer and pointer is not None and not others:
        return Counting("", Manifest())
    wrong = _wrong(root, pointer, manifest, missing)
    if manifest and manifest.tasks:
        return Counting(pointer or "", without(manifest, missing), f"{wrong} {COMPUTED}")
    for digest, other in others:
        lacking = missing_parts(root, other)
        if other.tasks:
            return Counting(digest, without(other, lacking), f"{wrong} {COMPUTED}")
        if not lacking:
            return Counting(digest, other, f"{wrong} {LANDED}")
    message = f"{wrong} {LOST.format(root=root)}"
    raise Damaged(message)


def stored(root: Place, digest: str) -> Manifest | None:
    """A manifest; None if it is not there, or not what was written."""
    try:
        text = manifest_file(root, digest).read_text()
        return Manifest.from_json(text) if digest_of(text) == digest else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def missing_parts(root: Place, manifest: Manifest) -> Missing:
    """The parts whose files are not there in full length. It costs one look at each file, and reads none.

    A store loses nothing by itself, and thousands of objects are long to list: there it looks only under the lock of a run
    that follows one which was killed, or which missed an object.
    """
    if not any(manifest.tables.values()):
        return []
    if isinstance(root, ObjectPath):
        return _missing_objects(root, manifest) if guards.is_thorough(str(root)) else []
    # Names are looked up from an open folder, which is faster than from the top.
    folder = os.open(root, os.O_RDONLY)
    try:
        return [
            (table, part)
            for table, parts in manifest.tables.items()
            for part, entry in parts.items()
            if _size(entry.file, folder) != entry.bytes
        ]
    finally:
        os.close(folder)


def _missing_objects(root: ObjectPath, manifest: Manifest) -> Missing:
    there = {str(path.relative_to(root)): size for path, size in root.below()}
    guards.looked_through(str(root))
    return [
        (table, part)
        for table, parts in manifest.tables.items()
        for part, entry in parts.items()
        if there.get(entry.file, -1) != entry.bytes
    ]


def without(manifest: Manifest, missing: Missing) -> Manifest:
    """The manifest as if the tasks that made some parts had not been done."""
    for table, part in missing:
        del manifest.tables[table][part]
        tasks = manifest.tasks.get(table, {})
        tasks.pop(unit_of(part, tasks), None)
    return manifest


def manifest_file(root: Place, digest: str) -> Place:
    """Where a manifest lies."""
    return root / "manifests" / f"{digest}.json"


@cache
def tell(message: str) -> None:
    """Warn, once a process: a repair that nobody hears of hides a dying disk."""
    logging.getLogger(__name__).warning("%s", message)


COMPUTED = "What is missing is computed again."
LANDED = "An older state counts, and what came after it is read from the source again."
LOST = (
    "No older state is left whole. Restore {root} from a backup. Without one, move it away: then all that the source "
    "still has is read again, and what only {root} knew is lost: deleted rows and earlier versions."
)


def _size(file: str, folder: int) -> int:
    try:
        return os.stat(file, dir_fd=folder).st_size
    except (FileNotFoundError, NotADirectoryError):
        return -1


def _others(root: Place, pointer: str | None) -> list[tuple[str, Manifest]]:
    """The other manifests that can be read, newest first."""
    found = sorted(_readable(root, pointer), key=lambda one: one[1].notes.get(COMMITS, 0), reverse=True)
    return list(found)


def _readable(root: Place, pointer: str | None) -> Iterator[tuple[str, Manifest]]:
    for name in sorted(names_in(root / "manifests")):
        digest, is_manifest, _ = name.partition(".json")
        if is_manifest and digest != pointer and (manifest := stored(root, digest)):
            yield digest, manifest


def _wrong(root: Place, pointer: str | None, manifest: Manifest | None, missing: Missing) -> str:
    """What is wrong with a folder, in words."""
    place = root / "current.json"
    if missing and manifest:
        table, part = missing[0]
        file = root / manifest.tables[table][part].file
        more = f" and {len(missing) - 1} more files" if missing[1:] else ""
        return f"{file}{more}: missing or cut short."
    if not pointer:
        return f"{place}: {'missing' if pointer is not None else 'unreadable'}."
    return f"{manifest_file(root, pointer)}: missing or unreadable, though {place} names it."
