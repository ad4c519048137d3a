"""An object as it was read, for whoever replaces it: if it is another one by then, that is refused."""

from dataclasses import dataclass
from typing import Any


class Moved(Exception):
    """A conditional write found another object than the one it was meant to replace."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it was read: its content and what names this version of it. Both are None where there was none."""

    content: bytes | None = None
    version: dict[str, str] | None = None
    changed_at: float = 0.0
    """The store's own instant of the last change."""

    @staticmethod
    def version_of(told: Any) -> dict[str, str]:
        """What names a version, as far as the store says: Amazon's has tags, Google's numbers."""
        return {name: told[name] for name in ("e_tag", "version") if told.get(name)}
