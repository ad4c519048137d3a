"""Files named by their content on their way to a store: several at a time, while the run computes what comes next.

Nothing names them before the run has waited for all of them.
"""

from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.recent import RECENT

AT_ONCE = 8
SMALL_BYTES = 8_000_000
"""Bigger files are written one by one, or too many of them would wait in memory."""
WAITING = 64
"""How many may be on their way."""


@dataclass
class Writes:
    """What one writer has sent and not waited for yet. After one that failed no other is written, and the fault is told again."""

    _pool: ThreadPoolExecutor | None = None
    _sent: dict[ObjectPath, "Future[int]"] = field(default_factory=dict)
    _sizes: dict[ObjectPath, int] = field(default_factory=dict)
    _fault: Exception | None = None

    def send(self, path: ObjectPath, content: bytes) -> None:
        """Write it, unless it is there; big ones at once."""
        if self._fault:
            raise self._fault
        RECENT.put(path, content)
        if len(content) > SMALL_BYTES:
            self._sizes[path] = kept_in_store(path, content)
            return
        if len(self._sent) >= WAITING:
            self._settle(next(iter(self._sent)))
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE)
        if path not in self._sent:
            self._sent[path] = self._pool.submit(kept_in_store, path, content)

    def settle(self, path: ObjectPath) -> None:
        """Wait for one file that is to be read, unless it is remembered; raises what its writing raised."""
        if path in self._sent and RECENT.get(path) is None:
            self._settle(path)

    def settled(self) -> dict[ObjectPath, int]:
        """Wait for all files, and tell the length of each since this was asked last: some were there, with another footer."""
        for path in list(self._sent):
            self._settle(path)
        if self._pool:
            self._pool.shutdown()
            self._pool = None
        sizes, self._sizes = self._sizes, {}
        return sizes

    def _settle(self, path: ObjectPath) -> None:
        try:
            self._sizes[path] = self._sent[path].result()
        except CancelledError:
            raise (self._fault or CancelledError) from None
        except Exception as fault:
            self._fault = fault
            if self._pool:
                # Each of them would be tried again and again, at a store that is gone.
                self._pool.shutdown(wait=False, cancel_futures=True)
            raise
        del self._sent[path]


def kept_in_store(path: ObjectPath, content: bytes) -> int:
    """Write a file of the name that its rows have, unless it is there: maybe with another footer. Its length then."""
    return len(content) if path.create(content) else path.size()
