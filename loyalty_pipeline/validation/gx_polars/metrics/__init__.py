"""The metrics, one module a kind; importing a module registers its metrics."""

from loyalty_pipeline.validation.gx_polars.metrics import (
    aggregates,
    columns,
    distinct,
    distributions,
    goodness_of_fit,
    order,
    outlying,
    pairs,
    parsing,
    records,
    tables,
    texts,
    types,
)

__all__ = [
    "aggregates",
    "columns",
    "distinct",
    "distributions",
    "goodness_of_fit",
    "order",
    "outlying",
    "pairs",
    "parsing",
    "records",
    "tables",
    "texts",
    "types",
]
