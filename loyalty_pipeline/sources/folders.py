"""Where the files of a source lie: a folder of this machine, or an address on the web, which cannot be listed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from loyalty_pipeline.faults import SourceError, writing

TIMEOUT_SECONDS = 60
CHUNK_BYTES = 1 << 20
HIDDEN = ("_", ".")
"""How names of what is no data begin: markers of jobs that are done, checksums, logs."""


@dataclass(frozen=True, order=True)
class File:
    """A file below the source: its path there, and what changes when its content does."""

    name: str
    identity: str


class Folder(Protocol):
    """Where files lie."""

    @property
    def place(self) -> str:
        """Where it is, for people: without secrets."""

    def file(self, name: str) -> File | None:
        """The file of that name; None where there is none."""

    def below(self, name: str) -> list[File]:
        """All files below a folder, by name; those that are no data as well. Empty where there is no folder."""

    def fetch(self, file: File, copy: Path) -> Path:
        """The file on this machine: itself, or its copy."""

    def are_as_found(self, files: Sequence[File]) -> bool:
        """Whether some files are still what they were when they were found."""


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine."""

    root: Path

    @property
    def place(self) -> str:
        """Its path."""
        return str(self.root)

    def file(self, name: str) -> File | None:
        """The file of that name; None where there is none."""
        path = self.root / name
        return File(name, _state_of(path)) if path.is_file() else None

    def below(self, name: str) -> list[File]:
        """All files below a folder, by name."""
        paths = sorted(path for path in (self.root / name).rglob("*") if path.is_file())
        return [File(path.relative_to(self.root).as_posix(), _state_of(path)) for path in paths]

    def fetch(self, file: File, copy: Path) -> Path:
        """The file itself."""
        del copy
        return self.root / file.name

    def are_as_found(self, files: Sequence[File]) -> bool:
        """Whether some files are still what they were when they were found."""
        return all(self.file(file.name) == file for file in files)


@dataclass(frozen=True)
class WebFolder:
    """An address below which files can be had by name."""

    address: str

    @property
    def place(self) -> str:
        """Its address."""
        return self.address.rstrip("/")

    def file(self, name: str) -> File | None:
        """The file of that name; None where the server says that there is none."""
        try:
            return File(name, self._identity(f"{self.place}/{name}"))
        except FileNotFoundError:
            return None

    def below(self, name: str) -> list[File]:
        """Nothing: the web has no folders."""
        del name
        return []

    def fetch(self, file: File, copy: Path) -> Path:
        """A copy."""
        with _asked(f"{self.place}/{file.name}") as answer, writing(copy), copy.open("wb") as local:
            while chunk := answer.read(CHUNK_BYTES):
                local.write(chunk)
        return copy

    def are_as_found(self, files: Sequence[File]) -> bool:
        """Whether some files are still what they were when they were found."""
        return all(self.file(file.name) == file for file in files)

    def _identity(self, address: str) -> str:
        with _asked(address, method="HEAD") as answer:
            tag, changed = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
            if tag or changed:
                return f"{tag} {changed} {answer.headers.get('Content-Length')}"
        state = blake2b(digest_size=12)
        with _asked(address) as answer:
            while chunk := answer.read(CHUNK_BYTES):
                state.update(chunk)
        return state.hexdigest()


def data_files(files: list[File], folder: str, pattern: str = "*") -> Iterator[File]:
    """Those of the files below a folder that are data and match a pattern, in which `**` is any number of folders.

    Raises `SourceError` for tables of which only a log says which files count: all of them would be too many.
    """
    depth = len(PurePosixPath(folder).parts)
    for file in files:
        parts = PurePosixPath(file.name).parts[depth:]
        if "_delta_log" in parts or (parts[0] == "metadata" and file.name.endswith(".metadata.json")):
            kind = "a Delta" if "_delta_log" in parts else "an Iceberg"
            message = f"{folder} is {kind} table: only its log says which files count. Export it to plain Parquet, or read it through a database."
            raise SourceError(message)
        if not any(part.startswith(HIDDEN) for part in parts) and _matches(
            parts, PurePosixPath(pattern).parts
        ):
            yield file


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _state_of(path: Path) -> str:
    try:
        state = path.stat()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise SourceError(message) from error
    return f"{state.st_size} {state.st_mtime_ns}"


def _asked(address: str, method: str = "GET") -> Any:
    if urlsplit(address).scheme not in {"http", "https"}:
        message = f"{address}: sources are read from folders, file://, http:// and https://, s3://, gs://, az:// and databases."
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
