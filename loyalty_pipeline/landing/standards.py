"""The standards of a landing: what its tables are held to, by whom, and the values that only this run knows."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.rule import NO_COLUMN_LOST
from loyalty_pipeline.validation.suite import suite
from loyalty_pipeline.validation.validator import Validator

if TYPE_CHECKING:
    from loyalty_pipeline.validation.entries import Entry
    from loyalty_pipeline.validation.rule import Rule


@dataclass(frozen=True)
class Standards:
    """Contracts, and the folder of what data engineers expect beyond them; None: nothing."""

    folder: Path | None
    timezone: str
    max_bad_share: float

    @cached_property
    def entries(self) -> "dict[str, list[Entry]]":
        """What data engineers wrote, by table."""
        if self.folder is None:
            return {}
        from loyalty_pipeline.validation.entries import load_entries  # noqa: PLC0415 - most have none

        return load_entries(self.folder, self.timezone)

    @cached_property
    def validator(self) -> Validator:
        """What judges the rows of all tables."""
        return Validator(self.max_bad_share)

    def rules(self, table: str, *, has_updated_at: bool = True) -> "list[Rule]":
        """What a table's rows are held to."""
        return suite(table, self.entries.get(table, ()), has_updated_at=has_updated_at)

    def terms(self, table: str) -> str:
        """What, when it changes, makes an unchanged file worth another reading: the contract and its rules."""
        columns = {name: str(column.dtype) for name, column in RAW_TABLES[table].columns().items()}
        return json.dumps([columns, [rule.identity for rule in self.rules(table)]], default=str)

    def stops_for_lost_columns(self, table: str) -> bool:
        """Whether a column that is missing or of another type stops the run; data engineers may want but a warning."""
        return any(rule.name == NO_COLUMN_LOST and rule.severity == "critical" for rule in self.rules(table))

    def parameters(self, extracted_at: datetime, before: str | None) -> dict[str, Any]:
        """The values that expectations can name as `$PARAMETER`; `before` is the instant of the extract before, if any."""
        local = extracted_at.astimezone(ZoneInfo(self.timezone)).date()
        return {
            "extracted_at": extracted_at.isoformat(),
            "previous_extracted_at": before or extracted_at.isoformat(),
            "business_day": (local - timedelta(days=1)).isoformat(),
        }
