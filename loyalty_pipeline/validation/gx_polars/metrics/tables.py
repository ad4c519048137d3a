"""Metrics of a whole table."""

from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.plans import Aggregate, Collected
from loyalty_pipeline.validation.gx_polars.registration import table_metric


@table_metric("table.columns")
def columns(domain: Domain, **_: Any) -> list[str]:
    """The names of the columns, in order."""
    return list(domain.data.schema)


@table_metric("table.column_types")
def column_types(domain: Domain, **_: Any) -> list[dict[str, Any]]:
    """The name and polars type of each column."""
    return [{"name": name, "type": dtype} for name, dtype in domain.data.schema.items()]


@table_metric("table.column_count")
def column_count(domain: Domain, **_: Any) -> int:
    """How many columns there are."""
    return len(domain.data.schema)


@table_metric("table.row_count")
def row_count(domain: Domain, **_: Any) -> Aggregate | Collected:
    """How many rows take part, or how many another table has. Raises `KeyError` for a table that the batch does not refer to."""
    if domain.table is None:
        rows = pl.len() if domain.chosen is None else domain.chosen.sum()
        return Aggregate(rows, lambda count: int(count or 0))
    references = domain.data.references
    if domain.table not in references:
        message = f"the batch parameter references has no table {domain.table!r}, only {sorted(references)}"
        raise KeyError(message)
    return Collected(references[domain.table].select(pl.len()), lambda counted: int(counted.item()))


@table_metric("table.head")
def head(domain: Domain, *, n_rows: int | None = 5, fetch_all: bool = False, **_: Any) -> Collected:
    """The first rows that take part, as a pandas frame; 5 unless another number is asked for."""
    rows = domain.rows if fetch_all else domain.rows.head(5 if n_rows is None else n_rows)
    return Collected(rows, lambda found: found.to_pandas())
