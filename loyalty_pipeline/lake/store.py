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

from loyalty_pipeline.lake.manifest import Entry, Inputs, Manifest, digest_of


class Store:
    """A folder of `<table>/<month>/<digest>.parquet`, `manifests/<digest>.json` and `current.json`."""

    def __init__(self, root: Path) -> None:
        """Nothing is read or made until asked for."""
        self.root = root

    def read(self) -> Manifest:
        """The manifest that counts; an empty one where nothing was committed yet."""
        pointer = self.current()
        return Manifest.from_json(self._manifest_file(pointer).read_text()) if pointer else Manifest()

    def write(
        self, table: str, part: str, frame: pl.DataFrame, *, latest: str = "", inputs: Inputs | None = None
    ) -> Entry:
        """Store the rows; a file with the same rows is kept as it is."""
        content, digest = _parquet(frame, inputs or {})
        file = f"{table}/{part.partition('/')[0]}/{digest}.parquet"
        path = self.root / file
        if not path.exists():
            write_whole(path, content)
        return Entry(file, frame.height, len(content), digest, latest)

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
        text = manifest.to_json()
        digest = digest_of(text)
        if not self._manifest_file(digest).exists():
            write_whole(self._manifest_file(digest), text.encode())
        write_whole(self.root / "current.json", json.dumps({"manifest": digest}).encode())
        return digest

    def sweep(self, kept: Iterable[str] = ()) -> int:
        """Delete the files that neither the manifest that counts nor any of `kept` names; return how many.

        Also what a killed run left half-written.
        """
        manifests = {
            digest: path
            for digest in {self.current(), *kept}
            if (path := self._manifest_file(digest)).exists()
        }
        named = set(manifests.values())
        for path in manifests.values():
            manifest = Manifest.from_json(path.read_text())
            named |= {self.path(entry) for parts in manifest.tables.values() for entry in parts.values()}
        return sum(_delete(path) for path in self._files() if path not in named)

    def current(self) -> str:
        """The digest of the manifest that counts; empty before the first commit."""
        path = self.root / "current.json"
        return str(json.loads(path.read_text())["manifest"]) if path.exists() else ""

    def _files(self) -> Iterator[Path]:
        yield from self.root.glob("*/*/*.parquet")
        yield from self.root.glob("manifests/*.json")
        yield from self.root.rglob("*.partial")

    def _manifest_file(self, digest: str) -> Path:
        return self.root / "manifests" / f"{digest}.json"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _aside(path) as partial:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    _sync_folder(path.parent)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    # Readers glob for *.parquet, so what is not whole yet must not end that way.
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _parquet(frame: pl.DataFrame, inputs: Inputs) -> tuple[bytes, str]:
    # The footer holds the provenance, which may differ for equal rows: the digest is of all before it.
    buffer = BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="snappy", metadata={"loyalty.inputs": json.dumps(inputs)}
    )
    content = buffer.getvalue()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    return content, digest_of(re.sub(r"\s", "", repr(frame.schema)), content[:-footer])


def _delete(path: Path) -> bool:
    path.unlink(missing_ok=True)
    return True
