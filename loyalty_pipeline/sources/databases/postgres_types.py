"""PostgreSQL's types: what kind they are, how a column is asked for, and what it becomes in a file."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from loyalty_pipeline.sources.databases.database import Kind

PLAIN = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "text": pa.string(),
    "varchar": pa.string(),
}
"""What the driver gives exactly as it is."""

KINDS: dict[str, Kind] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid", "float4", "float8", "numeric", "money"), "number"),
    **dict.fromkeys(("timestamp", "timestamptz"), "instant"),
    "date": "day",
    "bool": "flag",
    "uuid": "text",
}
TEXTS = ("S", "E")
"""The catalogue's categories of strings and enums."""

SPOKEN = {"money": "({}::pg_catalog.numeric)::pg_catalog.text", "inet": "pg_catalog.abbrev({})"}
"""Where a cast to text is not what the database writes, or depends on its country."""

DIGITS, TYPMOD_HEAD = 38, 4
DAYS = (-719_162, 2_932_896)
MICROSECONDS = (DAYS[0] * 86_400_000_000, (DAYS[1] + 1) * 86_400_000_000 - 1)
"""From the first day of year 1 to the last of year 9999: what every reader of the file has a place for."""


@dataclass(frozen=True)
class Type:
    """A type: its name where it is built in, its category, its modifier. Domains are what they are made of."""

    name: str
    category: str
    modifier: int = -1
    not_null: bool = False

    @property
    def kind(self) -> Kind:
        """What a column of it holds."""
        return KINDS.get(self.name, "text" if self.category in TEXTS else "other")

    @property
    def arrow(self) -> pa.DataType:
        """What a column of it becomes; text where there is no better."""
        return self._decimal() or PLAIN.get(self.name, pa.string())

    @property
    def may_have_blanks(self) -> bool:
        """Whether its text may begin or end with blanks."""
        return self.kind in {"text", "other"} and self.name != "uuid" and self.category != "E"

    def text(self, column: str) -> str:
        """The SQL of a column as text, as the database writes it; the padding of `char(n)` is no part of it."""
        return SPOKEN.get(self.name, "{}::pg_catalog.text").format(column)

    def sql(self, column: str) -> str:
        """The SQL of a column as it is asked for: text where that is what it becomes."""
        return column if self.name in PLAIN or self._decimal() else self.text(column)

    def _decimal(self) -> pa.DataType | None:
        if self.name != "numeric" or self.modifier < TYPMOD_HEAD:
            return None
        precision = (self.modifier - TYPMOD_HEAD >> 16) & 0xFFFF
        # Eleven bits with a sign: a scale may be negative (rounded to hundreds) or beyond the precision.
        scale = ((self.modifier - TYPMOD_HEAD & 0x7FF) ^ 1024) - 1024
        digits = max(precision, scale) if scale >= 0 else precision - scale
        return pa.decimal128(digits, max(scale, 0)) if digits <= DIGITS else None


def placed(values: pa.Array, wanted: pa.DataType) -> pa.Array | None:
    """The values in the type they are to have; None where one of them has no place in it (NaN, infinity, year -1)."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_decimal(wanted):
        return _decimals(values, wanted)
    if pa.types.is_temporal(wanted):
        is_day = pa.types.is_date(wanted)
        numbers = values.view(pa.int32() if is_day else pa.int64())
        return values if _are_within(numbers, *(DAYS if is_day else MICROSECONDS)) else None
    return values if values.type == wanted else values.cast(wanted)


def _decimals(values: pa.Array, wanted: pa.DataType) -> pa.Array | None:
    try:
        return values.cast(wanted)
    except pa.ArrowInvalid:
        return None


def _are_within(numbers: pa.Array, least: int, most: int) -> bool:
    # What the driver makes of an infinity lies far outside, because its shift of the epoch overflows.
    ends: dict[str, Any] = pc.min_max(numbers).as_py()
    return ends["min"] is None or (ends["min"] >= least and ends["max"] <= most)
