"""The company's source as files that landing reads, some of whose rows leave and return."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.companies import Row
from tests.nights.company import Company, Throws, key_of

LEAVES = ("invoice_lines", "subscription_items", "refunds", "referrals")
"""Nobody refers to their rows: without them nothing else is set aside."""


@dataclass
class Source:
    """A company, the folder of its source, and the keys that are not in it tonight."""

    company: Company
    root: Path
    hidden: set[tuple[str, Any]] = field(default_factory=set)

    def write(self) -> None:
        """The files as they are now; a table that never had a row has none."""
        folder = self.root / "source"
        folder.mkdir(exist_ok=True)
        for table, contract in RAW_TABLES.items():
            rows = [row for row in self.stated(table) if (table, key_of(table, row)) not in self.hidden]
            if rows or not contract.is_optional or self.company.raw.get(table):
                schema = polars_schema(contract)
                frame = pl.DataFrame(
                    {name: [row.get(name) for row in rows] for name in schema}, schema=schema
                )
                frame.write_parquet(folder / f"{table}.parquet")

    def stated(self, table: str) -> list[Row]:
        """What the source has of a table: the last version of each row, of customers all of them."""
        if table != "customers":
            return self.company.latest(table)
        versions = {(key_of(table, row), row["updated_at"]): row for row in self.company.raw.get(table, [])}
        return list(versions.values())

    def leave_or_return(self, dice: Throws) -> None:
        """Rows leave the source, or are there again as they were."""
        table = dice.one_of(LEAVES)
        there = {(table, key_of(table, row)) for row in self.company.latest(table)}
        if self.hidden and dice.chance(2):
            self.hidden.discard(dice.one_of(sorted(self.hidden)))
        elif there - self.hidden:
            self.hidden.add(dice.one_of(sorted(there - self.hidden)))

    def settings(self, data: str) -> Settings:
        """The settings of a night over the source into a data folder."""
        chosen = self.company.chosen(self.root / data)
        return chosen.model_copy(update={"source": str(self.root / "source"), "max_bad_share": 1.0})
