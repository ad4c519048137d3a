"""What `loyalty doctor` says of one thing that it looked at."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    subject: str
    is_good: bool
    told: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)
