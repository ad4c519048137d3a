"""A prefix of a bucket in an object store as the folder of a source. Credentials come from the environment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from loyalty_pipeline.faults import writing
from loyalty_pipeline.sources.folders import File
from loyalty_pipeline.storage.bucket import bucket
from loyalty_pipeline.storage.faults import answering

if TYPE_CHECKING:
    from obstore.store import ObjectStore

CHUNK_BYTES = 8 << 20


@dataclass(frozen=True)
class BucketFolder:
    """`scheme://bucket/prefix`; the prefix may be empty."""

    scheme: str
    bucket: str
    prefix: str

    @classmethod
    def of(cls, address: str) -> "BucketFolder":
        """From an address."""
        scheme, _, rest = address.partition("://")
        name, _, prefix = rest.partition("/")
        return cls(scheme, name, prefix.strip("/"))

    @property
    def place(self) -> str:
        """The address."""
        return f"{self.scheme}://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def file(self, name: str) -> File | None:
        """The object of that name; None where there is none."""
        import obstore  # noqa: PLC0415 - only who reads from a store has it

        try:
            with answering(f"{self.place}/{name}"):
                return File(name, _identity(obstore.head(self._client(), self._key(name))))
        except FileNotFoundError:
            return None

    def below(self, name: str) -> list[File]:
        """All objects below a prefix, by name: one request for each thousand."""
        return sorted(self._listed(name))

    def fetch(self, file: File, copy: Path) -> Path:
        """A copy, a part at a time."""
        import obstore  # noqa: PLC0415 - as above

        with answering(f"{self.place}/{file.name}"), writing(copy), copy.open("wb") as local:
            for chunk in obstore.get(self._client(), self._key(file.name)).stream(min_chunk_size=CHUNK_BYTES):
                local.write(chunk)
        return copy

    def are_as_found(self, files: Sequence[File]) -> bool:
        """Whether some objects are still what they were when they were found: a listing tells of many at once."""
        if len(files) == 1:
            return self.file(files[0].name) == files[0]
        return set(files) <= set(self._listed(_folder_of([file.name for file in files])))

    def _listed(self, name: str) -> Iterator[File]:
        import obstore  # noqa: PLC0415 - as above

        start = f"{self.prefix}/" if self.prefix else ""
        with answering(f"{self.place}/{name}"):
            for page in obstore.list(self._client(), self._key(name) or None):
                for one in page:
                    yield File(str(one["path"]).removeprefix(start), _identity(one))

    def _key(self, name: str) -> str:
        return "/".join(part for part in (self.prefix, name.strip("/")) if part)

    def _client(self) -> "ObjectStore":
        return bucket(self.scheme, self.bucket)


def _identity(meta: Any) -> str:
    # Without a tag, as some servers list, the length and the instant must do.
    return f"{meta['size']} {meta.get('e_tag') or meta['last_modified'].isoformat()}"


def _folder_of(names: Sequence[str]) -> str:
    """The folders that some names have in common."""
    return commonpath([str(PurePosixPath(name).parent) for name in names]).removeprefix(".")
