"""The distinct values of a column: which they are, how many, how frequent, and how they compare with a set. Null is none of them."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import members
from loyalty_pipeline.validation.gx_polars.observed import CATEGORIES, listed
from loyalty_pipeline.validation.gx_polars.plans import Aggregate, Collected
from loyalty_pipeline.validation.gx_polars.registration import column_metric

LIMIT = 20
"""How many values are listed unless a limit is given."""

VALUE, COUNT = "value", "count"


@column_metric("column.distinct_values")
def distinct_values(domain: Domain, **_: Any) -> Collected:
    """The distinct values."""
    return Collected(_values(domain).unique(), lambda found: set(_as_list(found)))


@column_metric("column.distinct_values.count")
def distinct_values_count(domain: Domain, **_: Any) -> Aggregate:
    """How many distinct values there are."""
    return Aggregate(domain.values.drop_nulls().n_unique())  # noqa: PD011 - nothing of pandas


@column_metric("column.distinct_values.count.under_threshold")
def is_distinct_values_count_under_threshold(domain: Domain, *, threshold: int, **_: Any) -> bool:
    """Whether there are fewer distinct values than that."""
    count: int = domain.metrics["column.distinct_values.count"]
    return count < threshold


@column_metric("column.value_counts")
def value_counts(
    domain: Domain, *, sort: str | None = "value", collate: str | None = None, **_: Any
) -> Collected:
    """How many rows hold each value, as a pandas Series by value: by value, or the most frequent first."""
    if sort not in {"value", "count", "none", None}:
        message = f"sort must be 'value', 'count' or 'none', not {sort!r}"
        raise ValueError(message)
    if collate is not None:
        message = "collate is not supported on polars: text is ordered by code point"
        raise ValueError(message)
    counted = _values(domain).group_by(VALUE).len(COUNT)
    by_count = counted.sort(COUNT, VALUE, descending=[True, False])
    return Collected(by_count if sort in {"count", "none"} else counted.sort(VALUE), _as_series)


@column_metric("column.most_common_value")
def most_common_values(domain: Domain, **_: Any) -> Collected:
    """The values that most rows hold, in order; several where they tie, none where there are no values."""
    counted = _values(domain).group_by(VALUE).len(COUNT)
    found = counted.filter(pl.col(COUNT) == pl.col(COUNT).max()).select(VALUE).sort(VALUE)
    return Collected(found, _as_list)


@column_metric("column.distinct_values.not_in_set")
def unexpected_values(domain: Domain, *, value_set: list[Any], limit: int = LIMIT, **_: Any) -> Collected:
    """The first distinct values, in order, that a set does not have."""
    return Collected(_outside(domain, value_set).sort(VALUE).head(limit), _as_list)


@column_metric("column.distinct_values.not_in_set.count")
def unexpected_values_count(domain: Domain, *, value_set: list[Any], **_: Any) -> Collected:
    """How many distinct values a set does not have."""
    return Collected(_outside(domain, value_set).select(pl.len()), lambda found: int(found.item()))


@column_metric("column.distinct_values.missing_from_column")
def missing_values(domain: Domain, *, value_set: list[Any], limit: int = LIMIT, **_: Any) -> Collected:
    """The first values of a set, in its order, that no row holds."""
    return _absent(domain, value_set, lambda absent: absent[:limit])


@column_metric("column.distinct_values.missing_from_column.count")
def missing_values_count(domain: Domain, *, value_set: list[Any], **_: Any) -> Collected:
    """How many values of a set no row holds."""
    return _absent(domain, value_set, len)


@column_metric("column.sample_values")
def sample_values(domain: Domain, *, count: int = LIMIT, **_: Any) -> Collected:
    """The values of the first rows, nulls too."""
    return Collected(domain.rows.select(domain.column.alias(VALUE)).head(count), _as_list)


def _values(domain: Domain) -> pl.LazyFrame:
    """The values that are there, in one column; categories as text."""
    column = domain.column.cast(pl.String) if domain.dtype in CATEGORIES else domain.column
    return domain.rows.select(column.alias(VALUE)).drop_nulls()


def _members(domain: Domain, value_set: list[Any]) -> pl.Series:
    return members(value_set, pl.String() if domain.dtype in CATEGORIES else domain.dtype)


def _outside(domain: Domain, value_set: list[Any]) -> pl.LazyFrame:
    return _values(domain).filter(~pl.col(VALUE).is_in(_members(domain, value_set))).unique()


def _absent(domain: Domain, value_set: list[Any], then: Callable[[list[Any]], Any]) -> Collected:
    wanted = {
        value: _members(domain, [value]).explode(empty_as_null=False).to_list()
        for value in value_set
        if value is not None
    }

    def absent(found: pl.DataFrame) -> Any:
        there = set(found[VALUE].to_list())
        return then([value for value, held in wanted.items() if there.isdisjoint(held)])

    return Collected(
        _values(domain).filter(pl.col(VALUE).is_in(_members(domain, value_set))).unique(), absent
    )


def _as_list(found: pl.DataFrame) -> list[Any]:
    return [listed(value) for value in found[VALUE].to_list()]


def _as_series(found: pl.DataFrame) -> pd.Series:
    """Great Expectations computes with it as it does with its own engine's."""
    index = pd.Index(_as_list(found), name=VALUE)
    # Without values pandas would not know that counts are numbers.
    return pd.Series(found[COUNT].to_list(), index=index, name=COUNT, dtype="int64")
