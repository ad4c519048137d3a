"""Files named by their content, never changed; one pointer says which count. They lie in a folder or in an object store."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace as replaced
from functools import partial
from io import BytesIO
from typing import Any

import polars as pl

from loyalty_pipeline.lake.data_file import as_file, digest_of_file, kept_as
from loyalty_pipeline.lake.manifest import Entry, Inputs, Manifest, digest_of
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.recovery import COMMITS, Counting, Damaged, counting, manifest_file, stored, tell
from loyalty_pipeline.storage.faults import Locked
from loyalty_pipeline.storage.files import clear_partials, remove_files, sync_folder, write_whole
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.parquet import read_each, scan_files
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.storage.pointer_file import Version, look, replace
from loyalty_pipeline.storage.seen import Moved
from loyalty_pipeline.storage.writes import Writes, kept_in_store

__all__ = ["Store", "clear_partials", "is_as_written", "sync_folder", "write_whole"]


class Store:
    """A folder of `<table>/<month>/<digest>.parquet`, `manifests/<digest>.json` and `current.json`."""

    def __init__(self, root: Place, *, waits: bool = False) -> None:
        """Nothing is read or made until asked for. With `waits` what is written is there when `write` returns.

        It then belongs to one of many processes that write at the same time.
        """
        self.root, self.waits = root, waits
        self._read: Version | None = None
        self._last: Version | None = None
        self._writes = Writes()

    def __reduce__(self) -> tuple[Any, ...]:
        """As it goes to another process, which cannot wait later for what it wrote."""
        root = self.root if isinstance(self.root, ObjectPath) else self.root.absolute()
        return partial(Store, waits=True), (root,)

    def read(self) -> Manifest:
        """The manifest that counts; an empty one where nothing was committed yet.

        Every file it names is there. Where files are missing it warns, and what is left counts; raises `Damaged` where
        that would lose what nothing can make again.
        """
        found = self._counting()
        self._read = self._last
        if found.told:
            tell(found.told)
        return found.manifest

    def write(
        self, table: str, part: str, frame: pl.DataFrame, *, latest: str = "", inputs: Inputs | None = None
    ) -> Entry:
        """Store the rows; a file with the same rows is kept as it is."""
        content, digest = as_file(frame, inputs or {})
        file = f"{table}/{month_of(part)}/{digest}.parquet"
        path, size = self.root / file, len(content)
        if isinstance(path, ObjectPath) and self.waits:
            size = kept_in_store(path, content)
        elif isinstance(path, ObjectPath):
            self._writes.send(path, content)
        else:
            size = kept_as(path, content, is_alone=not self.waits)
        return Entry(file, frame.height, size, digest, latest)

    def path(self, entry: Entry) -> Place:
        """Where the file of an entry lies."""
        return self.root / entry.file

    def scan(self, entries: Iterable[Entry]) -> pl.LazyFrame:
        """The rows of some files, in the order given."""
        return scan_files([(self._settled(entry), entry.bytes) for entry in entries])

    def rows(self, entry: Entry, columns: list[str] | None = None) -> pl.DataFrame:
        """The rows of one file, or some columns of them; raises `FileNotFoundError`."""
        return next(self.each([entry], columns))

    def each(self, entries: Iterable[Entry], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows of some files, one after the other, or some columns of them; raises `FileNotFoundError`."""
        return read_each([(self._settled(entry), entry.bytes) for entry in entries], columns)

    def commit(self, manifest: Manifest) -> str:
        """Make the manifest the one that counts, in one step, and return its digest.

        Raises `Locked` where the store is an object store and another run committed since this one read.
        """
        self._correct(manifest)
        manifest.parent = self.current()
        manifest.notes[COMMITS] = manifest.notes.get(COMMITS, 0) + 1
        text = manifest.to_json()
        digest = digest_of(text)
        write_whole(manifest_file(self.root, digest), text.encode())
        pointer = json.dumps({"manifest": digest}).encode()
        try:
            self._read = replace(self._current, pointer, self._read or self._last)
        except Moved:
            message = f"{self._current} was changed by another run. Run again."
            raise Locked(message) from None
        return digest

    def sweep(self, kept: Iterable[str] = ()) -> int:
        """Delete the files that neither the manifest that counts nor any of `kept` names; return how many.

        Also what a killed run left half-written.
        """
        found = self._counting()
        manifests = {digest: stored(self.root, digest) for digest in kept} | {found.digest: found.manifest}
        named = {manifest_file(self.root, digest) for digest in manifests}
        for manifest in filter(None, manifests.values()):
            named |= {self.path(entry) for parts in manifest.tables.values() for entry in parts.values()}
        return remove_files(path for path in self._files() if path not in named)

    def current(self) -> str:
        """The digest of the manifest that counts; empty before the first commit."""
        pointer = self._pointer()
        # What is there is what `commit` wrote, unless a copy or a disk lost some of it.
        return pointer if pointer and manifest_file(self.root, pointer).exists() else self._counting().digest

    def _settled(self, entry: Entry) -> Place:
        path = self.path(entry)
        if isinstance(path, ObjectPath):
            self._writes.settle(path)
        return path

    def _correct(self, manifest: Manifest) -> None:
        """Wait for what is on its way, and tell the true lengths of files that were there before."""
        sizes = {str(path): size for path, size in self._writes.settled().items()}
        for parts in manifest.tables.values() if sizes else ():
            for part, entry in parts.items():
                size = sizes.get(str(self.path(entry)), entry.bytes)
                if size != entry.bytes:
                    parts[part] = replaced(entry, bytes=size)

    def _counting(self) -> Counting:
        pointer = self._pointer()
        while True:
            looked_for = pointer
            try:
                found, fault = counting(self.root, looked_for), None
            except Damaged as damaged:
                fault = damaged
            # A run that goes on meanwhile may have swept away what was just looked for.
            if (pointer := self._pointer()) == looked_for:
                break
        if fault:
            raise fault
        return found

    def _pointer(self) -> str | None:
        """What `current.json` names: nothing before the first commit, None if it cannot be read."""
        self._last = look(self._current)
        if self._last.content is None:
            return ""
        try:
            return str(json.loads(self._last.content)["manifest"])
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def _current(self) -> Place:
        return self.root / "current.json"

    def _files(self) -> Iterator[Place]:
        if isinstance(self.root, ObjectPath):
            yield from (path for path, _ in self.root.below() if _is_ours(path))
            return
        yield from self.root.glob("*/*/*.parquet")
        yield from self.root.glob("manifests/*.json")
        yield from self.root.rglob("*.partial")


def _is_ours(path: ObjectPath) -> bool:
    return path.key.endswith(".parquet") or (path.parent.name == "manifests" and path.key.endswith(".json"))


def is_as_written(path: Place, entry: Entry) -> bool:
    """Whether a file still holds the rows that its entry is of, byte for byte; false also where it cannot be read."""
    content = path.read_bytes()
    try:
        schema = pl.read_parquet(BytesIO(content), n_rows=0).schema
    except pl.exceptions.PolarsError:
        return False
    return digest_of_file(schema, content) == entry.digest
