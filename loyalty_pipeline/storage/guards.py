"""Who writes to a store under a lease: every write asks first whether the lease still holds."""

from typing import Protocol


class Guard(Protocol):
    """A lease, as writes see it."""

    is_thorough: bool
    """Whether what lies there should be looked through: the last holder did not come to a good end."""

    was_looked_through: bool
    """Whether that was done."""

    has_missed: bool
    """Whether an object was not there that should be."""

    def check(self) -> None:
        """Raise where it is lost. No request is made as long as it holds by this machine's clocks."""

    def confirm(self) -> None:
        """Raise unless the store says that it holds."""


LOCK = ".lock"
"""The name of the lock in a folder, which its holder alone writes."""

GUARDS: dict[str, Guard] = {}
"""By the address of the folder that is held by this process."""


def guard_of(address: str) -> Guard | None:
    """The lease that an address is under, if any."""
    return next((guard for folder, guard in GUARDS.items() if address.startswith(folder + "/")), None)


def check(address: str) -> None:
    """Raise where the lease on an address is lost."""
    if (guard := guard_of(address)) and not address.endswith(f"/{LOCK}"):
        guard.check()


def confirm(address: str) -> None:
    """Raise where the lease on an address is somebody else's."""
    if guard := guard_of(address):
        guard.confirm()


def is_thorough(address: str) -> bool:
    """Whether objects of an address may be missing, so that they should be looked for."""
    guard = guard_of(address)
    return guard is not None and guard.is_thorough


def looked_through(address: str) -> None:
    """Note that what lies there was looked through."""
    if guard := guard_of(address):
        guard.was_looked_through = True


def missed(address: str) -> None:
    """Note that an object is not there that should be."""
    if guard := guard_of(address):
        guard.has_missed = True
