"""An address in an object store, used like a `pathlib.Path` as far as a data folder needs it.

A `PUT` is whole or not there, so nothing is written aside; there are no folders, links or fsync.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from loyalty_pipeline.storage import guards
from loyalty_pipeline.storage.bucket import bucket, library
from loyalty_pipeline.storage.faults import StoreError, answering
from loyalty_pipeline.storage.recent import RECENT
from loyalty_pipeline.storage.seen import Moved, Seen

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PAGE = 1000
"""How many objects one request lists or deletes."""
CONFLICTS = ("AlreadyExistsError", "PreconditionError")


@dataclass(frozen=True, slots=True, order=True)
class ObjectPath:
    """`scheme://bucket/key`. Two of the same address are equal."""

    scheme: str
    bucket: str
    key: str = ""

    def __str__(self) -> str:
        """The address; it holds no secret."""
        return f"{self.scheme}://{self.bucket}" + (f"/{self.key}" if self.key else "")

    def __truediv__(self, name: "str | PurePosixPath") -> "ObjectPath":
        """What lies below it."""
        return ObjectPath(self.scheme, self.bucket, str(PurePosixPath(self.key) / name).removeprefix("./"))

    @property
    def name(self) -> str:
        """The last part of the address."""
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        """The last part without its suffix."""
        return PurePosixPath(self.key).stem

    @property
    def parent(self) -> "ObjectPath":
        """What it lies in."""
        above = str(PurePosixPath(self.key).parent)
        return ObjectPath(self.scheme, self.bucket, "" if above == "." else above)

    def relative_to(self, other: "ObjectPath") -> PurePosixPath:
        """The rest of the address below another one."""
        return PurePosixPath(self.key).relative_to(other.key or ".")

    def read_bytes(self) -> bytes:
        """The content; raises `FileNotFoundError`."""
        content = self.look().content
        if content is None:
            raise FileNotFoundError(2, "there is no such object", str(self))
        return content

    def read_text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The content as text; raises `FileNotFoundError`."""
        return self.read_bytes().decode(encoding, errors)

    def exists(self) -> bool:
        """Whether there is an object of this address."""
        return self.size() >= 0

    def size(self) -> int:
        """Its length, without reading it; -1 where there is none."""
        try:
            with answering(str(self)):
                return int(library().head(self._client(), self.key)["size"])
        except FileNotFoundError:
            return -1

    def look(self) -> Seen:
        """Content and version in one request."""
        try:
            with answering(str(self)):
                answer = library().get(self._client(), self.key)
                meta = answer.meta
                return Seen(bytes(answer.bytes()), Seen.version_of(meta), meta["last_modified"].timestamp())
        except FileNotFoundError:
            return Seen()

    def write_bytes(self, content: bytes) -> None:
        """Put it there, whatever was there before."""
        self._put(lambda client: library().put(client, self.key, content, mode="overwrite"))

    def create(self, content: bytes) -> bool:
        """Put it there if nothing is; whether it was put."""
        try:
            self.swap(content, Seen())
        except Moved:
            return False
        return True

    def swap(self, content: bytes, seen: Seen) -> Seen:
        """Replace what was seen, in one step. Raises `Moved` where something else is there by now."""
        mode: Any = "create" if seen.version is None else seen.version
        try:
            put = self._put(
                lambda client: library().put(client, self.key, content, mode=mode, use_multipart=False)
            )
        except Moved:
            # The answer to a first attempt may have been lost.
            now = self.look() if seen.version is not None else Seen()
            if now.content == content:
                return now
            raise
        return Seen(content, Seen.version_of(put))

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Delete it; nobody is told where it was not there."""
        del missing_ok
        delete([self])

    def below(self) -> Iterator[tuple["ObjectPath", int]]:
        """Every object below it, at any depth, with its length: one request for each thousand."""
        with answering(str(self)):
            for page in library().list(self._client(), self.key or None, chunk_size=PAGE):
                for one in page:
                    yield ObjectPath(self.scheme, self.bucket, one["path"]), int(one["size"])

    def names(self) -> set[str]:
        """The names right below it, of objects and of what has objects below it."""
        with answering(str(self)):
            found = library().list_with_delimiter(self._client(), self.key or None)
        objects = (one["path"] for one in found["objects"])
        return {PurePosixPath(path).name for path in (*found["common_prefixes"], *objects)}

    def _client(self) -> "ObjectStore":
        return bucket(self.scheme, self.bucket)

    def _put(self, put: "Callable[[ObjectStore], Any]") -> Any:
        guards.check(str(self))
        try:
            with answering(str(self)):
                try:
                    return put(self._client())
                except Exception as error:
                    if type(error).__name__ in CONFLICTS or "ConditionalRequestConflict" in str(error):
                        raise Moved(str(self)) from None
                    raise
        except FileNotFoundError:
            message = f"{self}: there is no such bucket. Create it, or correct the address."
            raise StoreError(message) from None


def delete(paths: Iterable[ObjectPath]) -> int:
    """Delete objects of one bucket, a thousand a request; return how many that were."""
    doomed = list(paths)
    for first in range(0, len(doomed), PAGE):
        batch = doomed[first : first + PAGE]
        guards.check(str(batch[0]))
        with answering(str(batch[0].parent)):
            for one in batch:
                RECENT.drop(one)
            library().delete(batch[0]._client(), [one.key for one in batch])  # noqa: SLF001 - of this class
    return len(doomed)
