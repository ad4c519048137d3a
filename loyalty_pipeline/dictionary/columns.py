"""The columns of a contract as the rows of a Markdown table."""

from collections.abc import Iterator

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.dictionary.markdown import cell, code

HEADER = ("column", "type", "unit", "null", "what it is")
FEW = 20
"""A closed set of more words is told by its name: there are 178 currencies."""


def columns(contract: type[dy.Schema], raw: str = "") -> Iterator[tuple[str, ...]]:
    """Name, type, unit, whether it may be null, and what it is. `raw` is the way to the raw tables' pages."""
    for name, dtype in polars_schema(contract).items():
        column = contract.columns()[name]
        unit = cell(str((column.metadata or {}).get("unit", "")))
        told = " ".join([cell(column.description or ""), *_facts(column, raw)])
        yield code(name), _type(dtype), unit, "yes" if column.nullable else "", told


def _facts(column: dy.Column, raw: str) -> Iterator[str]:
    about = column.metadata or {}
    options = about.get("options", ())
    if 0 < len(options) <= FEW:
        yield cell(f"One of {code(*options)}.")
    if target := str(about.get("references", "")):
        table, _, key = target.partition(".")
        yield f"Refers to {code(key)} of [{table}]({raw}{table}.md)."
    if scored := about.get("scored"):
        yield f"On the scorecard, where {'higher' if scored.is_high_good else 'lower'} is better."
    if about.get("event"):
        yield "An event: before it has happened the row does not count."
    if about.get("personal"):
        yield "**Personal**: it never leaves the raw tables."


def _type(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Decimal):
        return f"Decimal({dtype.precision}, {dtype.scale})"
    if isinstance(dtype, pl.Datetime):
        return f"Datetime({dtype.time_unit}, {dtype.time_zone})"
    return str(dtype)
