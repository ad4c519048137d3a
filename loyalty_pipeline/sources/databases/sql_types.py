"""What the types that databases declare hold, and what they are written as."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from loyalty_pipeline.sources.databases.database import Kind
from loyalty_pipeline.sources.databases.sql_values import INSTANT, TEXT, UTC_INSTANT

MOST_DIGITS = 38

FORMS: tuple[tuple[type[Any], Kind, pa.DataType], ...] = (
    (sa.Boolean, "flag", pa.bool_()),
    (sa.Integer, "number", pa.int64()),
    (sa.Float, "number", pa.float64()),
    (sa.Date, "day", pa.date32()),
    (sa.LargeBinary, "other", pa.binary()),
    (sa.BINARY, "other", pa.binary()),
    (sa.VARBINARY, "other", pa.binary()),
    (sa.JSON, "other", TEXT),
    (sa.Uuid, "text", TEXT),
    (sa.String, "text", TEXT),
)


@dataclass(frozen=True)
class Told:
    """What a database tells of a column: its type in its own words, what that is, how it is written and bound."""

    name: str
    type: str
    kind: Kind
    form: pa.DataType
    bound: Any = None


def told(column: Mapping[str, Any]) -> Told:
    """A column as SQLAlchemy reflects it."""
    declared = column["type"]
    kind, form = form_of(declared)
    return Told(column["name"], _words(declared), kind, form, declared)


def _words(declared: sa.types.TypeEngine[Any]) -> str:
    return "" if isinstance(declared, sa.types.NullType) else str(declared)


def form_of(declared: sa.types.TypeEngine[Any]) -> tuple[Kind, pa.DataType]:
    """What a reflected type holds, and what it is written as."""
    match declared:
        case sa.Numeric():
            return "number", decimal_form(declared.precision, declared.scale)
        case sa.DateTime():
            # SQLite's DATETIME(6) is reflected as one whose zone is 6.
            return "instant", UTC_INSTANT if declared.timezone is True else INSTANT
    for kind_of, kind, form in FORMS:
        if isinstance(declared, kind_of):
            return kind, form
    return "other", TEXT


def decimal_form(precision: int | None, scale: int | None) -> pa.DataType:
    """A decimal, or text where the declaration has no bounds or Parquet does not have as many digits."""
    if precision is None or not 0 < precision <= MOST_DIGITS or not 0 <= (scale or 0) <= precision:
        return TEXT
    return pa.decimal128(precision, scale or 0)
