"""Files as a source: a folder or an address with one file a table, as Fivetran, Airbyte or a colleague left it.

A table's file is `<table>.parquet`, `.csv`, `.csv.gz` or `.jsonl`, or what its mapping says. Several tables may be
read from one file: a shop's list of orders has its customers, its invoices and their lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from loyalty_pipeline.faults import SourceError, writing
from loyalty_pipeline.sources.formats import as_parquet
from loyalty_pipeline.sources.table_mapping import TableMapping, digest

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".jsonl")
TEXT_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv", ".jsonl")
TIMEOUT_SECONDS = 60
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """The file of one table: a path on this machine or an address."""

    table: str
    place: str
    mapping: TableMapping

    @property
    def is_remote(self) -> bool:
        """Whether it has to be fetched."""
        return "://" in self.place

    @property
    def states_types(self) -> bool:
        """Whether the file says what its columns hold; the types of text are inferred from the rows."""
        return not self.place.lower().endswith(TEXT_SUFFIXES)

    def fingerprint(self, terms: str = "") -> str:
        """Equal as long as neither file nor mapping nor the terms change, without reading a local file."""
        identity = _remote_identity(self.place) if self.is_remote else _local_identity(Path(self.place))
        return digest(identity, *self.stated(terms).values())

    def stated(self, terms: str) -> dict[str, str]:
        """What a fingerprint is made of beside the file itself, each as a digest."""
        return {
            "place": digest(self.place),
            "mapping": digest(self.mapping.to_json()),
            "rules": digest(terms),
        }

    def parquet(self, scratch: Path) -> Path:
        """The file as Parquet: a local Parquet file itself, or a copy in the scratch folder."""
        return as_parquet(self.fetch(scratch), self.mapping, scratch / f"{self.table}.copy")

    def fetch(self, folder: Path) -> Path:
        """The file on this machine, in the folder when it comes from elsewhere."""
        if not self.is_remote:
            return Path(self.place)
        local = folder / Path(urlsplit(self.place).path).name
        with _opened(self.place) as answer, writing(local), local.open("wb") as file:
            while chunk := answer.read(CHUNK_BYTES):
                file.write(chunk)
        return local


@dataclass(frozen=True)
class FileSource:
    """A folder, or an address (`file://`, `http://`, `https://`) below which the files are."""

    location: str
    mappings: Mapping[str, TableMapping] = field(default_factory=dict)

    @classmethod
    def of(cls, location: str | Path, tables: Mapping[str, Any]) -> "FileSource":
        """From the settings `source` and `tables`."""
        place = str(location)
        address = urlsplit(place)
        local = unquote(address.path) if address.scheme == "file" else place
        source = cls(local, {table: TableMapping.of(stated) for table, stated in tables.items()})
        if not source.is_remote and not Path(local).is_dir():
            message = (
                f"The source {place} is not a folder. Set `source` to the folder that has the tables' files."
            )
            raise SourceError(message)
        return source

    @property
    def is_remote(self) -> bool:
        """Whether its files have to be fetched."""
        return "://" in self.location

    def find(self, table: str) -> SourceFile | None:
        """The file of a table, None where there is none. A file that the mapping names must be there."""
        mapping = self.mappings.get(table, TableMapping())
        names = [mapping.file] if mapping.file else [table + suffix for suffix in SUFFIXES]
        found = [place for name in names if _exists(place := self._place(name))]
        if len(found) > 1:
            message = f"{table} has {len(found)} files: {', '.join(found)}. Remove all but one, or name it in `file`."
            raise SourceError(message)
        if mapping.file and not found:
            message = (
                f"{table}: the file {names[0]} is not in {self.location}. Correct `file` in [tables.{table}]."
            )
            raise SourceError(message)
        return SourceFile(table, found[0], mapping) if found else None

    def close(self) -> None:
        """Nothing is held open."""

    def _place(self, name: str) -> str:
        return f"{self.location.rstrip('/')}/{name}" if self.is_remote else str(Path(self.location) / name)


def _exists(place: str) -> bool:
    if "://" not in place:
        return Path(place).is_file()
    try:
        with _opened(place, method="HEAD"):
            return True
    except FileNotFoundError:
        return False


def _local_identity(path: Path) -> str:
    try:
        state = path.stat()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise SourceError(message) from error
    return f"{state.st_size} {state.st_mtime_ns}"


def _remote_identity(address: str) -> str:
    with _opened(address, method="HEAD") as answer:
        tag, changed = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        if tag or changed:
            return f"{tag} {changed} {answer.headers.get('Content-Length')}"
    state = blake2b(digest_size=12)
    with _opened(address) as answer:
        while chunk := answer.read(CHUNK_BYTES):
            state.update(chunk)
    return state.hexdigest()


def _opened(address: str, method: str = "GET") -> Any:
    if urlsplit(address).scheme not in {"http", "https"}:
        message = f"{address}: sources are read from folders, file://, http:// and https://."
        raise SourceError(message)
    try:
        return urlopen(Request(address, method=method), timeout=TIMEOUT_SECONDS)  # noqa: S310 - scheme checked above
    except HTTPError as error:
        if error.code in {404, 410}:
            raise FileNotFoundError(address) from error
        message = f"{address} answered {error.code} {error.reason}."
        raise SourceError(message) from error
    except (URLError, OSError) as error:
        message = f"{address} cannot be reached: {error}."
        raise SourceError(message) from error
