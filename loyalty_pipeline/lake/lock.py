"""One writer at a time: the lock that a run holds from its first write to its last."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from loyalty_pipeline.faults import writing
from loyalty_pipeline.storage.faults import Locked, answering
from loyalty_pipeline.storage.files import clear_partials
from loyalty_pipeline.storage.lease import leased
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import Place

__all__ = ["Locked", "exclusive"]

POINTERS = ("landing/current.json", "lake/current.json", "published/current.json")
"""What a run that lost its lock must not move."""


@contextmanager
def exclusive(root: Place) -> Iterator[None]:
    """Hold the folder for writing; the kernel lets go of it when the process dies, an object store when its lease runs out.

    What the last holder left half-written, if it was killed, goes first. Raises `Locked`, which says who holds it, at
    once: a nightly run must not queue behind a hung one.
    """
    if isinstance(root, ObjectPath):
        with leased(root, POINTERS), answering(str(root)):
            yield
    else:
        with _flocked(root):
            yield


@contextmanager
def _flocked(root: Path) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    path = root / ".lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = (
                f"{root} is in use by process {_holder(lock) or 'unknown'}. "
                "Wait for that run to end, then run again."
            )
            raise Locked(message) from None
        # Who comes to an end, a good one or not, takes its name out.
        if _holder(lock):
            clear_partials(root)
        with writing(path):
            _write(lock, str(os.getpid()))
        try:
            yield
        finally:
            _write(lock, "")


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip()


def _write(lock: IO[str], holder: str) -> None:
    # Not through its buffer, which a full disk would make closing the file fail again.
    os.ftruncate(lock.fileno(), 0)
    os.pwrite(lock.fileno(), holder.encode(), 0)
