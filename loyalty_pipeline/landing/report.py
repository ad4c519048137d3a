"""What a landing did, table by table, as the run, the orchestrator and the check history tell it."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from loyalty_pipeline.validation.results import CheckResult


@dataclass
class TableReport:
    """One table of one landing.

    Every extracted row is one of accepted, quarantined, duplicates or already landed. `waiting` are those of
    the quarantined that a later extract can release, `released` those of the accepted that waited before;
    `tombstones` are rows of ours, not of the source.
    """

    table: str
    batch: str = ""
    skipped: bool = False
    extracted: int = 0
    accepted: int = 0
    quarantined: int = 0
    waiting: int = 0
    duplicates: int = 0
    already_landed: int = 0
    tombstones: int = 0
    released: int = 0
    months: list[str] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def accounted(self) -> int:
        """The rows whose fate is known."""
        return self.accepted + self.quarantined + self.duplicates + self.already_landed


@dataclass
class LandingReport:
    """One landing: `batch` is empty where no file had changed, and nothing was written."""

    extracted_at: datetime
    batch: str = ""
    tables: dict[str, TableReport] = field(default_factory=dict)

    @property
    def changed(self) -> dict[str, list[str]]:
        """The home months with new rows, by table."""
        return {name: table.months for name, table in self.tables.items() if table.months}

    @property
    def checks(self) -> list[CheckResult]:
        """The checks of all tables that were read."""
        return [check for table in self.tables.values() for check in table.checks]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        tables = {
            name: asdict(table) | {"checks": [check.to_dict() for check in table.checks]}
            for name, table in self.tables.items()
        }
        return {"extracted_at": self.extracted_at.isoformat(), "batch": self.batch, "tables": tables}
