"""The small file that says which others count, replaced in one step. Locally the caller's lock keeps others away from it."""

from dataclasses import dataclass

from loyalty_pipeline.storage import guards
from loyalty_pipeline.storage.files import write_whole
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.storage.seen import Seen


@dataclass(frozen=True)
class Version:
    """A pointer as it was read; without content where there was none."""

    content: bytes | None = None
    seen: Seen | None = None


def look(pointer: Place) -> Version:
    """The version that is there now."""
    if isinstance(pointer, ObjectPath):
        seen = pointer.look()
        return Version(seen.content, seen)
    try:
        return Version(pointer.read_text().encode())
    except FileNotFoundError:
        return Version()
    except UnicodeDecodeError:
        return Version(pointer.read_bytes())


def replace(pointer: Place, content: bytes, version: Version | None) -> Version:
    """Replace the version that was read, by default the one that is there now, and return the new one.

    In a store raises `Moved` where another one is there, and `Locked` where the lease on it is lost.
    """
    if not isinstance(pointer, ObjectPath):
        write_whole(pointer, content)
        return Version(content)
    guards.confirm(str(pointer))
    expected = version.seen if version else None
    return Version(content, pointer.swap(content, expected or pointer.look()))
