"""What a table promises: its columns, their meaning, unit and limits, declared once.

A contract is a dataframely schema. These words make its columns: each forces a description, and a unit
wherever a number could be misread. Polars and Arrow schemas, the checks on raw tables, Dagster's
column schemas and the data dictionary are all derived from the same declaration.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import dataframely as dy
import polars as pl


class Table(dy.Schema):
    """A table contract. The docstring of a subclass says what one row is.

    What dataframely finds out anew at each call is kept: a night asks for it some ten thousand times.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    """Optional raw tables without any of which there is nothing to tell: the table is then empty."""

    is_of_newest_month: ClassVar[bool] = False
    """Is it made for the newest month only? Then nothing of it is ever restated: it tells of the as-of."""

    @classmethod
    def columns(cls) -> dict[str, dy.Column]:
        """The columns by name, in order."""
        return _columns(cls)

    @classmethod
    def primary_key(cls) -> list[str]:
        """The columns of the key."""
        return list(_primary_key(cls))

    if not TYPE_CHECKING:

        @classmethod
        def cast(cls, rows: pl.LazyFrame | pl.DataFrame) -> Any:
            """The rows with the contract's columns in their types; what is not in it is left out."""
            return rows.select(_casts(cls))


class Sharded(Table):
    """A table whose rows belong to customers, or are sums over some of them.

    In a lake of several shards it is kept, and where its work goes by month also computed, in buckets of the customer:
    memory is then bounded by the largest bucket.
    """


@dataclass(frozen=True)
class Scored:
    """A measure that the scorecard holds against benchmarks, targets and earlier periods.

    `is_high_good` says which way is better; `observations` is the column that counts what stands behind it.
    """

    is_high_good: bool
    observations: str


def high(observations: str) -> Scored:
    """The higher, the better."""
    return Scored(is_high_good=True, observations=observations)


def low(observations: str) -> Scored:
    """The lower, the better."""
    return Scored(is_high_good=False, observations=observations)


def key(description: str, *, references: str = "") -> dy.String:
    """An opaque identifier that is part of the table's key."""
    return dy.String(
        primary_key=True, min_length=1, description=description, metadata=_about(references=references)
    )


def identifier(description: str, *, references: str = "", nullable: bool = False) -> dy.String:
    """An opaque identifier of another thing; `references` names the table that has it."""
    return dy.String(nullable=nullable, description=description, metadata=_about(references=references))


def text(description: str, *, nullable: bool = False, personal: bool = False, key: bool = False) -> dy.String:
    """Words. `personal` marks what must not leave the raw tables."""
    return dy.String(
        nullable=nullable, primary_key=key, description=description, metadata=_about(personal=personal)
    )


def choice(
    description: str, options: tuple[str, ...], *, nullable: bool = False, key: bool = False
) -> dy.String:
    """One of a closed set of words."""
    return dy.String(
        nullable=nullable,
        primary_key=key,
        check={f"one of {', '.join(options)}": lambda column: column.is_in(options)},
        description=description,
        metadata=_about(options=options),
    )


def instant(
    description: str, *, nullable: bool = False, key: bool = False, event: bool = False
) -> dy.Datetime:
    """A point in time, UTC, to the microsecond. `event`: rows whose instant has not come yet do not count."""
    return dy.Datetime(
        time_unit="us",
        time_zone="UTC",
        nullable=nullable,
        primary_key=key,
        description=description,
        metadata=_about(unit="UTC", event=event),
    )


def day(description: str, *, nullable: bool = False, key: bool = False) -> dy.Date:
    """A calendar day in the reporting time zone."""
    return dy.Date(
        nullable=nullable, primary_key=key, description=description, metadata={"unit": "local date"}
    )


def flag(description: str) -> dy.Bool:
    """A question with the answer yes or no."""
    return dy.Bool(description=description)


def money(description: str, *, per: str = "", nullable: bool = False, **limits: Any) -> dy.Decimal:
    """A published amount in the reporting currency, exact to the cent."""
    unit = f"reporting currency / {per}" if per else "reporting currency"
    return dy.Decimal(18, 2, nullable=nullable, description=description, metadata={"unit": unit}, **limits)


def exact(
    description: str, *, of: str = "reporting currency", nullable: bool = False, key: bool = False
) -> dy.Decimal:
    """An amount carried at 4 places on its way to publication, or as its source states it."""
    return dy.Decimal(
        18, 4, nullable=nullable, primary_key=key, description=description, metadata={"unit": of}
    )


def count(description: str, *, of: str, nullable: bool = False, key: bool = False) -> dy.Int64:
    """A whole number of things."""
    return dy.Int64(min=0, nullable=nullable, primary_key=key, description=description, metadata={"unit": of})


def whole(description: str, *, unit: str, nullable: bool = False, **limits: Any) -> dy.Int64:
    """A whole number that may be negative unless `min` says otherwise."""
    return dy.Int64(nullable=nullable, description=description, metadata={"unit": unit}, **limits)


def number(
    description: str, *, unit: str, nullable: bool = False, scored: Scored | None = None, **limits: Any
) -> dy.Float64:
    """A measured number, as a 64-bit float."""
    return dy.Float64(
        nullable=nullable, description=description, metadata=_about(unit=unit, scored=scored), **limits
    )


def share(description: str, *, of: str, scored: Scored | None = None) -> dy.Float64:
    """A fraction from 0 to 1, null where its denominator is zero."""
    about = _about(unit=f"share of {of}", scored=scored)
    return dy.Float64(nullable=True, min=0, max=1, description=description, metadata=about)


def ratio(description: str, *, of: str, scored: Scored | None = None) -> dy.Float64:
    """A fraction without limits, null where its denominator is zero."""
    return dy.Float64(
        nullable=True, description=description, metadata=_about(unit=f"share of {of}", scored=scored)
    )


def average(description: str, *, per: str, scored: Scored | None = None) -> dy.Float64:
    """An amount of the reporting currency for each of something, null where there is none of it."""
    about = _about(unit=f"reporting currency / {per}", scored=scored)
    return dy.Float64(nullable=True, description=description, metadata=about)


def polars_schema(contract: type[dy.Schema]) -> dict[str, pl.DataType]:
    """Column names and polars types of a contract, in order."""
    return dict(_schema(contract))


@cache
def _schema(contract: type[dy.Schema]) -> dict[str, pl.DataType]:
    return {name: column.dtype for name, column in contract.columns().items()}


@cache
def _columns(contract: type[Table]) -> dict[str, dy.Column]:
    return super(Table, contract).columns()


@cache
def _primary_key(contract: type[Table]) -> tuple[str, ...]:
    return tuple(super(Table, contract).primary_key())


@cache
def _casts(contract: type[Table]) -> list[pl.Expr]:
    return [pl.col(name).cast(dtype) for name, dtype in _schema(contract).items()]


def _about(**facts: Any) -> dict[str, Any]:
    return {name: fact for name, fact in facts.items() if fact}
