"""Is what was published still what was written? Every file hashed again, against the manifests that name it."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from loyalty_pipeline.lake.manifest import Entry, Manifest, digest_of
from loyalty_pipeline.lake.store import Store, is_as_written
from loyalty_pipeline.publication.draft import facts_of
from loyalty_pipeline.publication.pointer import Pointer
from loyalty_pipeline.storage.files import size_of
from loyalty_pipeline.storage.place import Place


@dataclass(frozen=True)
class Wrong:
    """A file that is not as it was written: `fault` says how."""

    file: str
    fault: str


MISSING = "is missing"
OTHER = "has other content than was written"


def wrong_files(folder: Place) -> list[Wrong]:
    """The files of a snapshot that are missing or have other content than its manifest says."""
    tables = facts_of(folder).get("tables")
    if not tables:
        return [Wrong("manifest.json", "is missing or torn")]
    return [
        Wrong(f"{name}.parquet", fault)
        for name, told in tables.items()
        if (fault := _fault(folder / f"{name}.parquet", told["bytes"], told["sha256"]))
    ]


def _fault(path: Place, size: int, digest: str) -> str:
    there = size_of(path)
    if there < 0:
        return MISSING
    if there != size:
        return f"has {there:,} bytes instead of {size:,}"
    return "" if sha256(path.read_bytes()).hexdigest() == digest else OTHER


@dataclass
class Verification:
    """The snapshots of a data folder, with the lake and the landing behind them. A file that several share is read once."""

    data_dir: Place

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[Place, str] = {}
        self.files = 0

    def of(self, snapshot: str, manifests: dict[str, str]) -> list[Wrong]:
        """What is wrong with a snapshot; `manifests` are the digests of those it was made of, by store."""
        folder = Pointer(self.data_dir).folder(snapshot)
        self.files += 1 + len(facts_of(folder).get("tables", {}))
        wrong = [Wrong(self._place(folder / one.file), one.fault) for one in wrong_files(folder)]
        for name in ("lake", "landing"):
            if name in manifests:
                wrong += self._of_store(Store(self.data_dir / name), manifests[name])
        return wrong

    def _of_store(self, store: Store, digest: str) -> Iterator[Wrong]:
        path = store.root / "manifests" / f"{digest}.json"
        self.files += 1
        fault = "" if not digest else MISSING if not path.exists() else OTHER
        if digest and path.exists() and digest_of(path.read_text(errors="replace")) == digest:
            yield from self._of_manifest(store, Manifest.from_json(path.read_text()))
        elif fault:
            yield Wrong(self._place(path), fault)

    def _of_manifest(self, store: Store, manifest: Manifest) -> Iterator[Wrong]:
        entries = [entry for parts in manifest.tables.values() for entry in parts.values()]
        for entry in entries:
            if fault := self._of_entry(store, entry):
                yield Wrong(self._place(store.path(entry)), fault)

    def _of_entry(self, store: Store, entry: Entry) -> str:
        path = store.path(entry)
        if path not in self._known:
            self.files += 1
            is_there = path.exists()
            self._known[path] = MISSING if not is_there else "" if is_as_written(path, entry) else OTHER
        return self._known[path]

    def _place(self, path: Place) -> str:
        return str(path).removeprefix(f"{self.data_dir}/")
