"""An extract: rows of a source's table under the names of its raw contract, slice by slice."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.sources.catalogue import required_columns
from loyalty_pipeline.sources.origin import Origin
from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.sources.table_mapping import ROW_NUMBER

SLICE_ROWS = 500_000
RESERVED = ("_batch", "_hash", ROW_NUMBER)


@dataclass(frozen=True)
class Part:
    """What an extract is a part of: a table of so many keys. `present` are all of them, where they were looked up."""

    population: int
    present: pl.DataFrame | None = None


@dataclass(frozen=True)
class Extract:
    """A table's rows in a Parquet file, ready to be read as often as needed.

    `part` is what they are a part of; None: they are all rows of the table.
    """

    origin: Origin
    contract: type[RawTable]
    path: Path
    part: Part | None = None

    @classmethod
    def of(
        cls, origin: Origin, contract: type[RawTable], scratch: Path, part: Part | None = None
    ) -> "Extract":
        """Fetch the rows and check that they have the columns of the contract. The scratch folder is the caller's."""
        extract = cls(origin, contract, origin.parquet(scratch), part)
        extract.check_columns()
        return extract

    @cached_property
    def source_schema(self) -> dict[str, pl.DataType]:
        """The file's own columns."""
        return dict(pl.read_parquet_schema(self.path))

    @cached_property
    def rows(self) -> int:
        """How many rows the file says it has."""
        return int(pl.scan_parquet(self.path, glob=False).select(pl.len()).collect().item())

    @cached_property
    def origins(self) -> dict[str, str]:
        """The source's column of each contract column that is read from one."""
        stated = self.origin.mapping.columns
        named = {column: stated.get(column, column) for column in self.contract.columns()}
        taken = {column: name for column, name in named.items() if column not in self.origin.mapping.values}
        return {column: name for column, name in taken.items() if name in {*self.source_schema, ROW_NUMBER}}

    @cached_property
    def extras(self) -> dict[str, str]:
        """The source's other columns: their names here -> their names there."""
        others = [name for name in self.source_schema if name not in self.origins.values()]
        clashes = {*self.contract.columns(), *RESERVED}
        return {f"source.{name}" if name in clashes else name: name for name in others}

    @property
    def population(self) -> int:
        """How many rows the table has of which these are all or a part."""
        return max(self.rows, self.part.population) if self.part else self.rows

    def has(self, column: str) -> bool:
        """Whether the source has something to say about a contract column."""
        return column in self.origins or column in self.origin.mapping.values

    def check_columns(self) -> None:
        """Raise `DataFault` for a column that must be there and is not. A file without any row may lack all."""
        table, mapping = self.origin.table, self.origin.mapping
        for column, name in {**mapping.columns, **dict.fromkeys(mapping.values, "")}.items():
            if column not in self.contract.columns():
                raise DataFault(table, "the table has no such column", column=column, advice=_advice(table))
            if name and name not in {*self.source_schema, ROW_NUMBER}:
                rule = f"mapped to `{name}`, which {self.origin.place} does not have"
                raise DataFault(table, rule, column=column, advice=_advice(table))
        for column in required_columns(self.contract):
            if not self.has(column) and self.rows:
                rule = f"the column is required and {self.origin.place} does not have it"
                raise DataFault(
                    table, rule, column=column, rows=f"all {self.rows} rows", advice=_advice(table)
                )

    def slices(self) -> Iterator[tuple[int, pl.DataFrame]]:
        """Every row, in the file's order: the number of rows before the slice, and the slice."""
        for offset in range(0, self.rows, SLICE_ROWS):
            yield offset, self.slice(offset)

    def slice(self, offset: int) -> pl.DataFrame:
        """Raw values under the contract's names, then the source's other columns, then the row number."""
        rows = pl.scan_parquet(self.path, glob=False).slice(offset, SLICE_ROWS)
        number = pl.int_range(offset + 1, offset + 1 + pl.len(), dtype=pl.Int64).alias(ROW_NUMBER)
        columns = [self._raw(column) for column in self.contract.columns()]
        others = [pl.col(name).alias(alias) for alias, name in self.extras.items()]
        try:
            numbered = rows.collect().with_columns(number)
            return numbered.select(*columns, *others, number)
        except pl.exceptions.PolarsError as error:
            message = f"{self.origin.place} cannot be read from row {offset + 1} on: {error}."
            raise SourceError(message) from error

    def _raw(self, column: str) -> pl.Expr:
        if column in self.origins:
            return pl.col(self.origins[column]).alias(column)
        constant = self.origin.mapping.values.get(column)
        if constant is None:
            return pl.lit(None).alias(column)
        return pl.lit(str(constant).lower() if isinstance(constant, bool) else str(constant)).alias(column)


def _advice(table: str) -> str:
    return f"Correct the file, or say where the column is in [tables.{table}]"
