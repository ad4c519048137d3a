"""Which cells a metric table has, and how their amounts are rounded."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.money import cents
from loyalty_pipeline.months.segment_periods import SEGMENT


def cells(sums: pl.LazyFrame, contract: type[dy.Schema]) -> pl.LazyFrame:
    """The measures of a contract, amounts in cents: every period for `all`, else where any count or amount is not zero."""
    present = sums.collect_schema()
    measures = [
        name
        for name in contract.column_names()
        if name in present and name not in (*SEGMENT, *contract.primary_key())
    ]
    amounts = [name for name in measures if isinstance(present[name], pl.Decimal)]
    counts = [name for name in measures if present[name] == pl.Int64]
    others = [name for name in measures if name not in (*amounts, *counts)]
    is_something = pl.any_horizontal(
        *(pl.col(name) != 0 for name in counts), *(pl.col(name) != pl.lit(Decimal(0)) for name in amounts)
    ).fill_null(value=False)
    keys = [name for name in contract.primary_key() if name not in SEGMENT]
    return (
        sums.select(*SEGMENT, *keys, *counts, *amounts, *others)
        .with_columns(cents(amount).alias(amount) for amount in amounts)
        .filter((pl.col("segment_by") == "all") | is_something)
    )
