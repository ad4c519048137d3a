"""What a run made, as far as it must not depend on where its tasks were done."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty_pipeline.lake.store import Store
from tests.faults.kept import Kept


@dataclass(frozen=True)
class Made:
    """What the data folder keeps, and what every task of the lake was computed from."""

    kept: Kept
    tasks: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, data: Path) -> "Made":
        return cls(Kept.of(data), Store(data / "lake").read().tasks)

    @property
    def published(self) -> dict[str, bytes]:
        return self.kept.published
