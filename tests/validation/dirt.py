"""Good rows of every raw table, and for every rule of a row a way to break it and no other.

Rows are what a text file says: every value is text or missing. All are derived from the contracts, so that a new table
or a new rule has its rows at once; what nobody can derive is in `BY_HAND`, and what has neither raises `KeyError`.
"""

import random
from datetime import date, timedelta
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.sources.conversion import typed_rows
from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.validation.rule import Rule, unreadable
from loyalty_pipeline.validation.rules import rules

TextRow = dict[str, str | None]

READABLE = {
    "Decimal": "10.00",
    "Datetime": "2024-01-10",
    "Date": "2024-01-10",
    "Int64": "3",
    "Float64": "0.5",
}
AS_IT_MUST_BE: dict[str, dict[str, str | None]] = {
    "customers": {"country": "DE", "merged_into_customer_id": None, "birth_year": "1980"},
    "invoices": {"status": "paid"},
    "invoice_lines": {
        "kind": "recurring",
        "period_end": "2024-02-10",
        "interval": "month",
        "interval_count": "1",
    },
    "survey_responses": {"scale_min": "0", "scale_max": "10"},
}
"""What the other columns of a good row ask for."""

BY_HAND: dict[tuple[str, str], dict[str, str | None]] = {
    ("invoice_lines", "period_ends_after_it_starts"): {
        "period_start": "2024-02-01",
        "period_end": "2024-02-01",
    },
    ("invoice_lines", "recurring_line_has_a_period"): {"kind": "recurring", "period_start": None},
    ("invoice_lines", "period_start_can_be_read"): {"kind": "usage", "period_start": "unreadable"},
    ("invoice_lines", "period_end_can_be_read"): {"kind": "usage", "period_end": "unreadable"},
    ("survey_responses", "scale_ends_above_its_start"): {"scale_min": "3", "scale_max": "3", "score": "3"},
    ("survey_responses", "score_is_inside_its_scale"): {"score": "11"},
    ("social_posts", "sentiment_is_between_minus_one_and_one"): {"sentiment": "1.01"},
    ("refunds", "amount_is_positive"): {"amount": "0"},
    ("customers", "country_is_a_known_value"): {"country": "UK"},
}
"""Rules about several columns, and those whose condition says itself what is asked."""

NEVER_READ = frozenset({"column_value_lengths_to_be_between"})
"""Expectations that no row of a source breaks: text of no length is read as missing."""


def good(table: str, number: int = 1) -> TextRow:
    """A row that keeps every rule where the first good row of every table has landed. Its key has the number."""
    contract = RAW_TABLES[table]
    row = {name: _good_value(contract, name, column) for name, column in contract.columns().items()}
    return row | AS_IT_MUST_BE.get(table, {}) | {"deleted_at": None} | key(table, number)


def key(table: str, number: int) -> TextRow:
    """The key of the row with that number."""
    columns = RAW_TABLES[table].columns()
    return {name: _key_value(table, columns[name], number) for name in RAW_TABLES[table].primary_key()}


@cache
def dirt(table: str) -> dict[str, TextRow]:
    """What to change of a good row, by the rule that it breaks then; every rule about a row that a source can break."""
    return {
        rule.name: _broken(table, rule) for rule in row_rules(table) if rule.expectation not in NEVER_READ
    }


def row_rules(table: str) -> list[Rule]:
    """The rules that a row breaks by what it says: of its own, or of what it refers to."""
    return [rule for rule in rules(RAW_TABLES[table]) if rule.scope in {"row", "reference"}]


def reasons(table: str) -> list[str]:
    """The rules for which a row is set aside, in the order in which they are told."""
    of_row, of_reference = (
        [rule.name for rule in row_rules(table) if rule.scope == scope and rule.severity == "critical"]
        for scope in ("row", "reference")
    )
    return [name for name in (*of_row, *of_reference) if name in dirt(table)]


def dirty(table: str, *names: str, number: int) -> TextRow:
    """A good row that breaks the rules named; they must be about different columns."""
    row = good(table, number)
    for name in names:
        row |= dirt(table)[name]
    return row


def messy(table: str, dice: random.Random, count: int) -> list[TextRow]:
    """Good rows, repeats and contradictions of them, and rows with up to four faults."""
    rows = [good(table)]
    for number in range(2, count + 1):
        row = good(table, number - dice.choice([0, 0, 0, 1]))
        row |= dice.choice([{}, {}, {"deleted_at": "2024-01-20"}])
        for name in dice.sample(sorted(dirt(table)), dice.choice([0, 0, 0, 1, 2, 4])):
            row |= dirt(table)[name]
        rows.append(row)
    return rows


def frame_of(table: str, rows: list[TextRow]) -> pl.DataFrame:
    """The rows as a source has them: all columns of the contract, as text."""
    return pl.DataFrame(rows, schema=dict.fromkeys(RAW_TABLES[table].columns(), pl.String()))


def read(table: str, rows: list[TextRow]) -> pl.DataFrame:
    """The rows as landing has them validated: typed, numbered, with the flags of what cannot be read."""
    contract = RAW_TABLES[table]
    numbered = frame_of(table, rows).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_row"))
    typed, flags = typed_rows(numbered, contract)
    flagged = [name for name, dtype in polars_schema(contract).items() if dtype != pl.String]
    return typed.hstack([flags[name].alias(unreadable(name)) for name in flagged])


def _good_value(contract: type[RawTable], name: str, column: dy.Column) -> str:
    options = (column.metadata or {}).get("options")
    if options:
        return "EUR" if "EUR" in options else str(options[0])  # which needs no rate
    target, _ = references(contract).get(name, ("", ""))
    if target:
        return str(next(iter(key(target, 1).values())))
    if isinstance(column, dy.Bool):
        return "no"
    return READABLE.get(str(column.dtype.base_type()), "en")


def _key_value(table: str, column: dy.Column, number: int) -> str:
    if isinstance(column, dy.Date):
        return (date(2000, 1, 1) + timedelta(days=number)).isoformat()
    return "EUR" if (column.metadata or {}).get("options") else f"{table} {number}"


def _broken(table: str, rule: Rule) -> TextRow:
    if (table, rule.name) in BY_HAND:
        return BY_HAND[table, rule.name]
    if rule.name.endswith("_can_be_read"):
        return {rule.column: "unreadable"}
    return {rule.column: BROKEN_VALUES[rule.expectation](rule.arguments)}


def _outside(arguments: dict[str, Any]) -> str:
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if isinstance(high, dict):
        return "2999-01-01"
    if low is not None:
        return str(low if arguments.get("strict_min") else low - 1)
    return str(high if arguments.get("strict_max") else high + 1)


BROKEN_VALUES = {
    "column_values_to_not_be_null": lambda _: None,
    "column_values_to_be_in_set": lambda _: "none of them",
    "column_values_to_be_between": _outside,
    "column_values_to_match_regex": lambda _: "?!",
    "column_values_to_exist_in": lambda _: "nobody",
}
