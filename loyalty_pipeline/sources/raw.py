"""What every raw table has, and the words for columns that only raw tables have.

A raw contract is what a source promises. Its rows are checked one by one: a row that breaks a rule is
set aside whole, with the rule's name as its reason, and the rest goes on.
"""

from typing import ClassVar, Literal

import dataframely as dy

from loyalty_pipeline.contract import Table, instant
from loyalty_pipeline.currencies import CURRENCIES
from loyalty_pipeline.sources.countries import COUNTRIES

System = Literal["crm", "billing", "social"]

INTERVALS = ("day", "week", "month", "quarter", "year")
ROW_CURRENCY = "major units of the row's currency"


class RawTable(Table):
    """One row is one version of a thing at its source; of one key, the version that changed last is the row."""

    system: ClassVar[System]
    """The system that owns the table."""

    is_optional: ClassVar[bool] = False
    """A source may lack the table: its metrics are then empty and say why."""

    month_of: ClassVar[str] = ""
    """The column whose business month files the row; empty where `filed_with` says otherwise."""

    filed_with: ClassVar[str] = ""
    """The table whose row, found through the reference to its key, files this one."""

    updated_at = instant("When the row last changed at its source.")
    deleted_at = instant("When the row was deleted at its source; null while it is there.", nullable=True)


def currency(description: str, *, key: bool = False) -> dy.String:
    """An ISO 4217 code, in capitals."""
    return dy.String(
        primary_key=key,
        check={"currency_is_an_iso_4217_code": lambda column: column.is_in(CURRENCIES)},
        description=description,
        metadata={"unit": "ISO 4217", "options": CURRENCIES},
    )


def country(description: str) -> dy.String:
    """An ISO 3166-1 alpha-2 code, by its shape.

    A code that has the shape and is not assigned (UK for GB) is no reason to lose a customer with all
    of its invoices: `expected` lists the assigned ones, for a warning.
    """
    return dy.String(
        nullable=True,
        regex="^[A-Z]{2}$",
        description=description,
        metadata={"unit": "ISO 3166-1 alpha-2", "expected": COUNTRIES},
    )


def language(description: str) -> dy.String:
    """A BCP 47 tag, by its shape: a language, then subtags after hyphens, in any case."""
    return dy.String(
        nullable=True,
        regex="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
        description=description,
        metadata={"unit": "BCP 47"},
    )
