"""Whether what an entry names is there: columns of the contract, a table, a regular expression that can be read."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import available_timezones

import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns
from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.validation.entries.values import named
from loyalty_pipeline.validation.entries.vocabulary import MEMBERSHIPS, NULLITIES, Schema, near
from loyalty_pipeline.validation.rules import TYPES

Found = Iterator[tuple[str, str]]
"""A field and what is wrong with it."""


@dataclass(frozen=True)
class Contents:
    """The fields of an entry whose values have the right form, and the schema that they fit."""

    fields: Mapping[str, Any]
    expected: Schema
    contract: type[RawTable]

    def faults(self) -> Found:
        """What is named and not there, and what cannot be compared."""
        yield from self._columns()
        yield from self._references()
        yield from self._patterns()
        yield from self._conditions()
        yield from self._bounds()
        yield from self._samples()

    def _named(self, kind: str) -> Iterator[tuple[str, str]]:
        for field, part in self.expected["properties"].items():
            if field in self.fields:
                yield from ((field, name) for name in named(self.fields[field], part, kind))

    def _dtype(self, column: object) -> pl.DataType | None:
        return polars_schema(self.contract).get(str(column))

    def _columns(self) -> Found:
        known = self.contract.columns()
        for field, column in chain(self._named("column"), self._named("text_column")):
            if column not in known and not self.fields.get("source_column"):
                yield field, f"the contract has no column {column}{near(column, known) or OF_SOURCE}"
        for field, column in self._named("text_column"):
            dtype = self._dtype(column)
            if dtype is not None and dtype != pl.String:
                yield field, f"expected a column of text; {column} is {_kind(dtype)}"

    def _references(self) -> Found:
        table, column = self.fields.get("reference"), self.fields.get("reference_column")
        if table in RAW_TABLES and column is not None and column not in RAW_TABLES[table].columns():
            yield (
                "reference_column",
                f"{table} has no column {column}{near(column, RAW_TABLES[table].columns())}",
            )
        elif table in RAW_TABLES and column is not None and [column] != RAW_TABLES[table].primary_key():
            # What has landed of another table is known by its keys.
            yield (
                "reference_column",
                f"expected the key of {table}: {', '.join(RAW_TABLES[table].primary_key())}",
            )

    def _patterns(self) -> Found:
        for field, pattern in self._named("regex"):
            try:
                re.compile(pattern)
            except re.error as error:
                yield field, f"expected a regular expression: {error}"
        for field, zone in self._named("time_zone"):
            if zone not in available_timezones():
                yield field, f"no time zone is called {zone}{near(zone, available_timezones())}"
        for field, rule in self._named("sql"):
            try:
                yield from self._sql(field, pl.sql_expr(rule))
            except pl.exceptions.PolarsError as error:
                yield field, f"expected a condition in SQL: {_reason(error)}"

    def _sql(self, field: str, condition: pl.Expr) -> Found:
        known = polars_schema(self.contract)
        missing = [column for column in condition.meta.root_names() if column not in known]
        if missing and not self.fields.get("source_column"):
            yield from (
                (field, f"the contract has no column {name}{near(name, known) or OF_SOURCE}")
                for name in missing
            )
        if not missing:
            nulls = pl.DataFrame({column: [None, None] for column in known}, schema=known)
            answer = nulls.select(condition).to_series()
            if answer.dtype != pl.Boolean:
                yield (
                    field,
                    f"expected a condition, which is true or false of a row; this is {_kind(answer.dtype)}",
                )
            elif answer.len() == 1:
                yield field, "expected a condition on each row; this one is on the whole table"

    def _conditions(self) -> Found:
        given = self.fields.get("row_condition", [])
        for condition in given if isinstance(given, list) else [given]:
            operator, has_value = condition["operator"], condition.get("value") is not None
            if has_value == (operator in NULLITIES):
                yield "row_condition", f"{operator} takes {'no' if has_value else 'a'} value"
            elif operator in MEMBERSHIPS and not _is_uniform(condition["value"]):
                yield "row_condition", f"{operator} takes a list of numbers or a list of texts"
            elif has_value:
                yield from self._compared("row_condition", condition["column"], condition["value"])

    def _bounds(self) -> Found:
        for field, part in self.expected["properties"].items():
            if part.get("x-is-compared") and field in self.fields:
                yield from self._compared(field, self.fields["column"], self.fields[field])
        least, most = self.fields.get("min_value"), self.fields.get("max_value")
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            yield "min_value", f"{least} is above max_value, {most}: no value is between"

    def _compared(self, field: str, column: str, value: Any) -> Found:
        dtype = self._dtype(column)
        values = value if isinstance(value, list) else [value]
        odd = [] if dtype is None else [one for one in values if not _is_comparable(one, dtype)]
        if odd:
            yield field, f"{column} is {_kind(dtype)}: it cannot be compared with {odd[0]!r}"

    def _samples(self) -> Found:
        if not self.fields.get("show_values"):
            return
        personal = personal_columns(self.contract)
        rules = (pl.sql_expr(rule).meta.root_names() for _, rule in self._named("sql"))
        for column in chain(*rules, (name for kind in KINDS for _, name in self._named(kind))):
            if column in personal:
                yield "show_values", f"{column} is personal: its values are never shown"


KINDS = ("column", "text_column")
OF_SOURCE = "; for a column that only the source has, say `source_column: true`"


def _is_comparable(value: Any, dtype: pl.DataType) -> bool:
    if isinstance(value, bool):
        return dtype == pl.Boolean
    if isinstance(value, int | float):
        return dtype.is_numeric()
    if isinstance(value, str) and dtype.is_temporal():
        return _is_instant(value)
    return dtype.is_temporal() if isinstance(value, dict) else dtype == pl.String


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_uniform(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    kinds = {"text" if isinstance(one, str) else "number" if _is_number(one) else "other" for one in value}
    return len(kinds) == 1 and "other" not in kinds


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(dtype: pl.DataType | None) -> str:
    return TYPES.get(str(dtype.base_type()), "text") if dtype else "unknown"


def _reason(error: Exception) -> str:
    return " ".join(str(error).partition("\n\nThis error")[0].split())
