"""A lock in a store: an object that says who holds a folder, written under a condition, and given up when its lease runs out.

Nobody's clock counts but the store's: a lease is over when the store last saw it renewed longer ago than it lasts.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from threading import Lock as Mutex
from time import monotonic, time
from uuid import uuid4

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.storage.conditions import check_conditions
from loyalty_pipeline.storage.faults import Locked
from loyalty_pipeline.storage.guards import GUARDS, LOCK
from loyalty_pipeline.storage.holder import Holder
from loyalty_pipeline.storage.lock_state import State
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.seen import Moved, Seen

LEASE_SECONDS = 600.0
"""How long a run that died without a word keeps others out."""
ATTEMPTS = 5
RENEWALS = 5
"""How often a lease is renewed before it would run out."""
MARGIN = 0.1
"""The part of a lease in which its holder no longer trusts it: clocks differ in speed, and a request takes time."""


@dataclass
class Lease:
    """The lock of a folder while this process holds it."""

    folder: ObjectPath
    holder: Holder
    seconds: float
    seen: Seen
    is_thorough: bool = False
    was_looked_through: bool = False
    has_missed: bool = False
    is_lost: bool = False
    held_since: tuple[float, float] = field(default_factory=lambda: (monotonic(), time()))
    _over: Event = field(default_factory=Event)
    _turn: Mutex = field(default_factory=Mutex)

    @property
    def is_over(self) -> bool:
        """Whether it may have run out, by either of this machine's clocks: one of them stands still while it sleeps."""
        known = self.seconds * (1 - MARGIN)
        return any(
            now - then > known for now, then in zip((monotonic(), time()), self.held_since, strict=True)
        )

    def check(self) -> None:
        """Raise `Locked` where it is lost. Where it may have run out meanwhile, the store is asked."""
        if self.is_over or self.is_lost:
            self.confirm()

    def confirm(self) -> None:
        """Renew it, late or not; raises `Locked` where somebody else has it by now."""
        with self._turn:
            if self.is_lost:
                raise Locked(self._lost)
            began = monotonic(), time()
            try:
                self.seen = lock_of(self.folder).swap(_said(self.holder, self.seconds), self.seen)
            except Moved:
                self.is_lost = True
                raise Locked(self._lost) from None
            self.held_since = began

    def keep(self) -> None:
        """Renew it again and again, until it is let go of or lost."""
        pause = self.seconds / RENEWALS
        while not self._over.wait(pause):
            pause = self.seconds / RENEWALS
            try:
                self.confirm()
            except Locked:
                return
            except SourceError:
                pause /= RENEWALS

    @property
    def _lost(self) -> str:
        return f"{self.folder}: this run lost its lock, which it did not renew in time. Run again."

    def let_go(self, *, is_suspect: bool) -> None:
        """Say that nobody holds the folder, unless somebody else does by now, or the store does not answer."""
        self._over.set()
        with self._turn, suppress(Moved, SourceError):
            lock_of(self.folder).swap(_said(None, self.seconds, is_suspect=is_suspect), self.seen)


@contextmanager
def leased(folder: ObjectPath, pointers: Sequence[str] = ()) -> Iterator[Lease]:
    """Hold a folder for writing; every write below it asks the lease from now on.

    Who takes over from a run that died writes the `pointers` anew, so that they are others than that run has seen: if it was
    only asleep, what it still commits is refused. Raises `Locked`, which says who holds the folder, at once.
    """
    lease = _acquired(folder, LEASE_SECONDS, pointers)
    # Under the same condition as its own writes.
    GUARDS[str(folder)] = lease
    Thread(target=lease.keep, daemon=True).start()
    is_doubtful = lease.is_thorough
    try:
        yield lease
        is_doubtful = lease.is_thorough and not lease.was_looked_through
    finally:
        lease.let_go(is_suspect=is_doubtful or lease.has_missed)
        del GUARDS[str(folder)]


def lock_of(folder: ObjectPath) -> ObjectPath:
    """Where the lock lies."""
    return folder / LOCK


def _acquired(folder: ObjectPath, seconds: float, pointers: Sequence[str]) -> Lease:
    lock, holder = lock_of(folder), Holder.here()
    for _ in range(ATTEMPTS):
        seen = lock.look()
        state = State.of(seen)
        if state.is_held and not (state.is_dead or state.is_over(folder)):
            raise Locked(state.told(folder))
        began = monotonic(), time()
        try:
            now = lock.swap(_said(holder, seconds), seen)
        except Moved:
            continue
        if seen.version is None:
            check_conditions(folder)
        if state.is_held:
            for pointer in pointers:
                _touch(folder / pointer)
        is_thorough = state.is_held or state.is_suspect
        return Lease(folder, holder, seconds, now, is_thorough, held_since=began)
    message = f"{folder}: several runs ask for it at once. Run again."
    raise Locked(message)


def _touch(pointer: ObjectPath) -> None:
    """Make another version of an object that says the same."""
    for _ in range(ATTEMPTS):
        seen = pointer.look()
        if seen.content is None:
            return
        with suppress(Moved):
            pointer.swap(seen.content + b"\n", seen)
            return
    message = (
        f"{pointer} changes all the time: somebody writes to it without a lock. Find out who, then run again."
    )
    raise Locked(message)


def _said(holder: Holder | None, seconds: float, *, is_suspect: bool = False) -> bytes:
    # Every renewal is another text, and so another version also where that is a digest of the content.
    told = {
        "holder": holder.to_dict() if holder else None,
        "lease_seconds": seconds,
        "is_suspect": is_suspect,
    }
    return json.dumps({**told, "renewal": uuid4().hex}, indent=1).encode()
