"""A published table as a Parquet file that every reader takes, with its meaning in the file."""

import json
from hashlib import sha256
from inspect import getdoc
from io import BytesIO
from typing import Any, Protocol

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema

ROW_GROUP = 122_880
READABLE = (
    pl.Int64(),
    pl.Float64(),
    pl.Decimal(18, 2),
    pl.Date(),
    pl.Datetime("us", "UTC"),
    pl.String(),
    pl.Boolean(),
)


class Meaning(Protocol):
    """What a file says of itself: a table of the lake, a log, or what publication makes."""

    @property
    def name(self) -> str:
        """The table's name."""

    @property
    def contract(self) -> type[dy.Schema]:
        """Its columns and what one row is."""

    @property
    def function(self) -> object:
        """What makes it, with the formula in its docstring."""


def parquet(rows: pl.DataFrame, table: Meaning, facts: dict[str, str]) -> bytes:
    """The rows, sorted by the table's key, with the meaning of table and columns in the file's metadata.

    Only types that every reader takes; snappy; PLAIN or dictionary pages; a table without rows has its schema.
    """
    for name, dtype in rows.schema.items():
        if dtype not in READABLE:
            message = f"{table.name}.{name} is {dtype}, which not every reader of Parquet takes"
            raise TypeError(message)
    buffer = BytesIO()
    rows.sort(table.contract.primary_key()).rechunk().write_parquet(
        buffer, compression="snappy", row_group_size=ROW_GROUP, metadata=_metadata(table, facts)
    )
    return buffer.getvalue()


def described(content: bytes, rows: pl.DataFrame, inputs: dict[str, str]) -> dict[str, Any]:
    """What a snapshot's manifest says of a table."""
    return {
        "rows": rows.height,
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        "schema": {name: str(dtype) for name, dtype in rows.schema.items()},
        "inputs": inputs,
    }


def columns_of(table: Meaning) -> dict[str, dict[str, str]]:
    """Description, unit and type of each column."""
    return {
        name: {
            "description": column.description or "",
            "unit": str((column.metadata or {}).get("unit", "")),
            "type": str(polars_schema(table.contract)[name]),
        }
        for name, column in table.contract.columns().items()
    }


def _metadata(table: Meaning, facts: dict[str, str]) -> dict[str, str]:
    return {
        "loyalty.table": table.name,
        "loyalty.row": getdoc(table.contract) or "",
        "loyalty.formula": getdoc(table.function) or "",
        "loyalty.columns": json.dumps(columns_of(table)),
        **{f"loyalty.{name}": fact for name, fact in facts.items()},
    }
