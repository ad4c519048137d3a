"""Files on disk: written aside, named by their content, never changed; one pointer says which count."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import polars as pl

from loyalty_pipeline.faults import writing
from loyalty_pipeline.lake.data_file import as_file, digest_of_file, whole_size
from loyalty_pipeline.lake.manifest import Entry, Inputs, Manifest, digest_of
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.recovery import COMMITS, Counting, Damaged, counting, manifest_file, stored, tell

PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.partial")
"""What a file is called while it is written."""


class Store:
    """A folder of `<table>/<month>/<digest>.parquet`, `manifests/<digest>.json` and `current.json`."""

    def __init__(self, root: Path) -> None:
        """Nothing is read or made until asked for."""
        self.root = root

    def read(self) -> Manifest:
        """The manifest that counts; an empty one where nothing was committed yet.

        Every file it names is there. Where files are missing it warns, and what is left counts; raises `Damaged` where
        that would lose what nothing can make again.
        """
        found = self._counting()
        if found.told:
            tell(found.told)
        return found.manifest

    def write(
        self, table: str, part: str, frame: pl.DataFrame, *, latest: str = "", inputs: Inputs | None = None
    ) -> Entry:
        """Store the rows; a file with the same rows is kept as it is."""
        content, digest = as_file(frame, inputs or {})
        file = f"{table}/{month_of(part)}/{digest}.parquet"
        path = self.root / file
        if not (size := whole_size(path, content)):
            write_whole(path, content)
        return Entry(file, frame.height, size or len(content), digest, latest)

    def path(self, entry: Entry) -> Path:
        """Where the file of an entry lies."""
        return self.root / entry.file

    def scan(self, entries: Iterable[Entry]) -> pl.LazyFrame:
        """The rows of some files, in the order given."""
        return pl.scan_parquet(
            [self.path(entry) for entry in entries],
            glob=False,
            missing_columns="insert",
            extra_columns="ignore",
        )

    def commit(self, manifest: Manifest) -> str:
        """Make the manifest the one that counts, in one step, and return its digest."""
        manifest.parent = self.current()
        manifest.notes[COMMITS] = manifest.notes.get(COMMITS, 0) + 1
        text = manifest.to_json()
        digest = digest_of(text)
        write_whole(manifest_file(self.root, digest), text.encode())
        write_whole(self.root / "current.json", json.dumps({"manifest": digest}).encode())
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
        return sum(_delete(path) for path in self._files() if path not in named)

    def current(self) -> str:
        """The digest of the manifest that counts; empty before the first commit."""
        pointer = self._pointer()
        # What is there is what `commit` wrote, unless a copy or a disk lost some of it.
        return pointer if pointer and manifest_file(self.root, pointer).exists() else self._counting().digest

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
        try:
            return str(json.loads((self.root / "current.json").read_text())["manifest"])
        except FileNotFoundError:
            return ""
        except (ValueError, KeyError, TypeError):
            return None

    def _files(self) -> Iterator[Path]:
        yield from self.root.glob("*/*/*.parquet")
        yield from self.root.glob("manifests/*.json")
        yield from self.root.rglob("*.partial")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after a power cut. Raises an `OSError` that names it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _aside(path) as partial:
        with writing(path), partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    sync_folder(path.parent)


def clear_partials(root: Path) -> None:
    """Delete what killed runs left half-written anywhere in a folder that nobody writes to."""
    for path in root.rglob(".*.partial"):
        if PARTIAL.fullmatch(path.name):
            path.unlink(missing_ok=True)


def is_as_written(path: Path, entry: Entry) -> bool:
    """Whether a file still holds the rows that its entry is of, byte for byte; false also where it cannot be read."""
    content = path.read_bytes()
    try:
        schema = pl.read_parquet(BytesIO(content), n_rows=0).schema
    except pl.exceptions.PolarsError:
        return False
    return digest_of_file(schema, content) == entry.digest


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    # Readers glob for *.parquet, so what is not whole yet must not end that way.
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _delete(path: Path) -> bool:
    path.unlink(missing_ok=True)
    return True
