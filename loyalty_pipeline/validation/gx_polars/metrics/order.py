"""Conditions on the order of one column's values: each beside the one before it."""

from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import COMPARISONS, ordered
from loyalty_pipeline.validation.gx_polars.registration import column_condition


@column_condition("column_values.increasing")
def is_increasing(domain: Domain, *, strictly: bool | None = False, **_: Any) -> pl.Expr:
    """No value is below the one before it; strictly: every value is above it."""
    return _follows(domain, ">" if strictly else ">=")


@column_condition("column_values.decreasing")
def is_decreasing(domain: Domain, *, strictly: bool | None = False, **_: Any) -> pl.Expr:
    """No value is above the one before it; strictly: every value is below it."""
    return _follows(domain, "<" if strictly else "<=")


def _follows(domain: Domain, operator: str) -> pl.Expr:
    """Whether each value stands so to the last one before it that takes part; the first one does.

    NaN stands so to nothing, and the value after it is compared with the one before it.
    """
    values = ordered(domain.column, domain.dtype)
    numbers = values.fill_nan(None) if domain.dtype.is_float() else values
    taking_part = numbers if domain.chosen is None else pl.when(domain.chosen).then(numbers)
    before = taking_part.forward_fill().shift(1)
    follows: pl.Expr = before.is_null() | getattr(numbers, COMPARISONS[operator])(before)
    return follows & domain.column.is_not_nan() if domain.dtype.is_float() else follows
