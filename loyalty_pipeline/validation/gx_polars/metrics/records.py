"""Conditions on several columns of a row."""

from itertools import combinations
from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import compared
from loyalty_pipeline.validation.gx_polars.passes import duplicated
from loyalty_pipeline.validation.gx_polars.plans import Condition
from loyalty_pipeline.validation.gx_polars.registration import is_known, record_condition
from loyalty_pipeline.validation.gx_polars.side_by_side import alike, side_by_side


@record_condition("compound_columns.unique")
def is_compound_key(domain: Domain, **_: Any) -> Condition:
    """No two rows have equal values in all the columns; nulls are equal."""
    key, passes = domain.columns, domain.rows_per_pass
    return Condition(key, domain.chosen, find=lambda rows: duplicated(rows, key, passes))


@record_condition("multicolumn_sum.equal")
def has_sum(domain: Domain, *, sum_total: Any, **_: Any) -> pl.Expr:
    """The values of a row have a sum; with a null they have none. Whole numbers and decimals are summed exactly."""
    dtype = _total_type([domain.data.schema[name] for name in domain.columns])
    total = pl.sum_horizontal([pl.col(name).cast(dtype) for name in domain.columns], ignore_nulls=False)
    return compared(total, "==", sum_total, dtype)


def _total_type(dtypes: list[pl.DataType]) -> pl.DataType:
    if not all(dtype.is_numeric() or dtype == pl.Null for dtype in dtypes):
        message = f"only numbers have a sum, not {', '.join(str(dtype) for dtype in dtypes)}"
        raise TypeError(message)
    if any(dtype.is_float() for dtype in dtypes):
        return pl.Float64()
    scales = [dtype.scale for dtype in dtypes if isinstance(dtype, pl.Decimal)]
    return pl.Decimal(38, max(scales)) if scales else pl.Int128()


@record_condition("select_column_values.unique.within_record")
def is_unique_within_record(domain: Domain, **_: Any) -> pl.Expr:
    """No two values of a row are equal; nulls are, and text and numbers are not."""
    return pl.all_horizontal(
        [pl.lit(value=True), *(_differ(domain, *pair) for pair in combinations(domain.columns, 2))]
    )


def _differ(domain: Domain, left: str, right: str) -> pl.Expr:
    sides = alike(domain, left, right)
    if sides is None:
        return pl.col(left).is_not_null() | pl.col(right).is_not_null()
    return sides[0].ne_missing(sides[1])


if is_known("multicolumn_values.equal.condition"):

    @record_condition("multicolumn_values.equal")
    def is_equal_throughout(domain: Domain, **_: Any) -> pl.Expr:
        """All values of a row are equal; nulls are."""
        first, *others = domain.columns
        sides = [side_by_side(domain, first, other) for other in others]
        return pl.all_horizontal([pl.lit(value=True), *(left.eq_missing(right) for left, right in sides)])
