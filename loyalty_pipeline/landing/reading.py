"""The first reading of an extract: every row is judged by itself, and of its content only a ledger is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.landing.history import HOME
from loyalty_pipeline.landing.row_hash import row_hash
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.sources.conversion import typed_rows
from loyalty_pipeline.sources.extract import Extract
from loyalty_pipeline.validation.rules import Rule, rules, type_rule_name

Progress = Callable[[str, int, int], None]
"""Called with a table, the rows read so far and all its rows."""

INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Reading:
    """How a table is read: its extract, the instant of the extraction, the reporting time zone."""

    extract: Extract
    extracted_at: datetime
    timezone: str

    @property
    def table(self) -> str:
        """The table's name."""
        return self.extract.file.table

    @property
    def is_versioned(self) -> bool:
        """Whether the source says when a row changed; if not, a row changed when it first differs."""
        return self.extract.has("updated_at")

    @cached_property
    def key(self) -> list[str]:
        """The columns of the key."""
        return self.extract.contract.primary_key()

    @cached_property
    def rules(self) -> list[Rule]:
        """The rules that the rows are held to."""
        return rules(self.extract.contract, self.extracted_at if self.is_versioned else None)

    def typed(self, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows with the contract's types, and what of them cannot be read."""
        rows, unreadable = typed_rows(raw, self.extract.contract, self.extract.file.mapping.date_format)
        if self.is_versioned:
            return rows, unreadable
        return rows.with_columns(pl.lit(self.extracted_at, dtype=INSTANT).alias("updated_at")), unreadable

    def judge(self, progress: Progress) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The ledger and the verdicts of all rows, in the file's order.

        Ledger: row number, key, references, `updated_at`, `_hash` and `_home`, the row's own business month. Verdicts: one
        boolean column a rule, true where the row keeps it. Raises `SourceError` when the file's count is not what was read.
        """
        ledgers, verdicts = [], []
        for offset, raw in self.extract.slices():
            rows, unreadable = self.typed(raw)
            verdicts.append(self._verdicts(rows, unreadable))
            ledgers.append(self._ledger(rows))
            progress(self.table, offset + rows.height, self.extract.rows)
        if not ledgers:
            empty = self.typed(self.extract.slice(0))
            return self._ledger(empty[0]), self._verdicts(*empty)
        if (read := sum(ledger.height for ledger in ledgers)) != self.extract.rows:
            message = f"{self.extract.file.place} says it has {self.extract.rows} rows, {read} were read. Write it anew."
            raise SourceError(message)
        return pl.concat(ledgers), pl.concat(verdicts)

    def _verdicts(self, rows: pl.DataFrame, unreadable: pl.DataFrame) -> pl.DataFrame:
        kept = rows.select(
            **{r.name: r.condition.fill_null(value=True) for r in self.rules if r.condition is not None}
        )
        flawed = {column.name for column in unreadable.iter_columns() if column.any()}
        verdicts = {}
        for rule in self.rules:
            if rule.name == type_rule_name(rule.column):
                verdicts[rule.name] = ~unreadable[rule.column]
            elif rule.name in kept.columns:
                # What is there and cannot be read is not missing as well.
                verdicts[rule.name] = (
                    kept[rule.name] | unreadable[rule.column] if rule.column in flawed else kept[rule.name]
                )
        return pl.DataFrame(verdicts)

    def _ledger(self, rows: pl.DataFrame) -> pl.DataFrame:
        contract = self.extract.contract
        said = [name for name in contract.columns() if name != "updated_at" or self.is_versioned]
        earliest = [contract.month_of] if self.extract.file.mapping.distinct and contract.month_of else []
        needed = dict.fromkeys(["_row", *self.key, *references(contract), "updated_at", *earliest])
        return rows.select(*needed).with_columns(row_hash(rows, said), self._home(rows))

    def _home(self, rows: pl.DataFrame) -> pl.Series:
        contract = self.extract.contract
        if not contract.month_of:
            return pl.Series(HOME, [None], dtype=pl.Int32).new_from_index(0, rows.height)
        column = pl.col(contract.month_of)
        local = (
            column.dt.convert_time_zone(self.timezone)
            if rows.schema[contract.month_of] == INSTANT
            else column
        )
        month = local.dt.year().cast(pl.Int32) * 100 + local.dt.month().cast(pl.Int32)
        return rows.select(month.alias(HOME)).to_series()
