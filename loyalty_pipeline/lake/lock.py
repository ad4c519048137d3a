"""One writer at a time: the lock that a run holds from its first write to its last."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Locked(Exception):
    """Another run holds the lock."""


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the folder for writing; the kernel lets go of it when the process dies.

    Raises `Locked`, which says who holds it, at once: a nightly run must not queue behind a hung one.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            message = f"{root} is in use by process {holder}. Wait for that run to end, then run again."
            raise Locked(message) from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield
