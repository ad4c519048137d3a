"""A shop in a database, and what has landed of it: its tables are made of the raw contracts, its rows by SQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.landing import LandingReport
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.landing.company import MINIMAL, Company

TYPES = {
    "sqlite": {"Decimal": "NUMERIC(18, 4)", "Datetime": "DATETIME", "Int64": "BIGINT", "Float64": "DOUBLE"},
    "postgresql": {
        "Decimal": "numeric(18, 4)",
        "Datetime": "timestamptz",
        "Int64": "bigint",
        "Float64": "double precision",
    },
}
OTHERS = {"Date": "date", "Boolean": "boolean", "String": "text"}


class Shop(Company):
    """A source that is a database; `execute` runs a statement there."""

    def __init__(self, root: Path, address: str, execute: Callable[[str], Any], **settings: Any) -> None:
        self.execute, self.kind = execute, address.partition(":")[0]
        self.made: set[str] = set()
        super().__init__(root, **settings)
        self.settings.source = address

    def write(self, table: str, rows: list[dict[str, Any]], suffix: str = "") -> Path:
        """The table has these rows and no others."""
        if table not in self.made:
            self.execute(f"create table {table} ({', '.join(self._columns(table))})")
            self.made.add(table)
        self.execute(f"delete from {table}")  # noqa: S608 - our own
        for row in rows:
            self.insert(table, row)
        return Path(suffix)

    def insert(self, table: str, row: dict[str, Any]) -> None:
        values = ", ".join(_literal(value) for value in row.values())
        self.execute(f"insert into {table} ({', '.join(row)}) values ({values})")  # noqa: S608

    def night(self, **options: Any) -> LandingReport:
        """A landing at an hour that is later than every change."""
        return self.land(extracted_at=datetime.now(UTC) + timedelta(days=self.nights), **options)

    def latest(self, table: str) -> list[dict[str, Any]]:
        """The rows that count, as the lake takes them."""
        key = RAW_TABLES[table].primary_key()
        parts = [
            rows.select(*RAW_TABLES[table].columns(), "_batch", "_row") for rows in self.parts(table).values()
        ]
        if not parts:
            return []
        rows = pl.concat(parts).sort("updated_at", "_batch", "_row", nulls_last=False)
        last = rows.unique(key, keep="last", maintain_order=True).filter(pl.col("deleted_at").is_null())
        return last.drop("_batch", "_row").sort(key).to_dicts()

    def _columns(self, table: str) -> list[str]:
        types = TYPES[self.kind] | OTHERS
        named = {name: str(column.dtype.base_type()) for name, column in RAW_TABLES[table].columns().items()}
        return [f"{name} {types[dtype]}" for name, dtype in named.items()]


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"'{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00:00'"
    return str(value) if isinstance(value, int | float) else f"'{value}'"


__all__ = ["MINIMAL", "Shop"]
