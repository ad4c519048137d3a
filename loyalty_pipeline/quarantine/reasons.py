"""Reasons in words: the sentence of each rule that a row broke."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from loyalty_pipeline.quarantine.folder import ABOUT
from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns
from loyalty_pipeline.validation.entries import load_entries
from loyalty_pipeline.validation.rule import Rule
from loyalty_pipeline.validation.suite import suite

MASKED = "***"


@dataclass(frozen=True)
class Words:
    """The rules of a table: those of its contract, and those that data engineers wrote."""

    table: str
    rules: dict[str, Rule]

    @classmethod
    def of(cls, table: str, expectations: Path | None = None) -> "Words":
        """`expectations` is the folder of what is expected beyond the contracts."""
        entries = load_entries(expectations).get(table, ())
        return cls(table, {rule.name: rule for rule in suite(table, entries)})

    def told(self, reasons: list[str]) -> list[str]:
        """One sentence for each reason: `not: amount is there`. A rule that is no more is told by its name."""
        sentences = {name: rule.description for name, rule in self.rules.items()}
        return [f"not: {sentences.get(name, name.replace('_', ' '))}" for name in reasons]

    def columns(self, reasons: list[str]) -> list[str]:
        """The columns that the broken rules look at, in the order of the contract."""
        broken = [self.rules[name] for name in reasons if name in self.rules]
        looked_at = {column.strip() for rule in broken for column in rule.column.split(",")}
        return [column for column in RAW_TABLES[self.table].columns() if column in looked_at]


def masked(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows without what may be personal: columns that the contract marks so, and all that it does not know.

    Only that something is there can be seen.
    """
    contract = RAW_TABLES[table]
    known = {*contract.columns(), *ABOUT}
    hidden = [*personal_columns(contract), *(name for name in rows.columns if name not in known)]
    return rows.with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.lit(MASKED)).alias(name) for name in hidden
    )
