"""Objects that never change, as they were last written or read: what a run made a moment ago it need not fetch."""

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loyalty_pipeline.storage.object_path import ObjectPath

LIMIT_BYTES = 128_000_000


class Recent:
    """Contents by address, those used last; the oldest go where they are too many bytes together."""

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        """Nothing is kept yet."""
        self.limit, self.bytes = limit, 0
        self._contents: OrderedDict[ObjectPath, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, path: "ObjectPath") -> bytes | None:
        """The content if it is kept."""
        with self._lock:
            if path in self._contents:
                self._contents.move_to_end(path)
            return self._contents.get(path)

    def put(self, path: "ObjectPath", content: bytes) -> None:
        """Keep it."""
        with self._lock:
            self.bytes += len(content) - len(self._contents.pop(path, b""))
            self._contents[path] = content
            while self.bytes > self.limit:
                self.bytes -= len(self._contents.popitem(last=False)[1])

    def drop(self, path: "ObjectPath") -> None:
        """Keep it no longer."""
        with self._lock:
            self.bytes -= len(self._contents.pop(path, b""))


RECENT = Recent()
"""What this process wrote or read."""
