"""Conditions on two columns of a row."""

from typing import Any

import polars as pl
from great_expectations.expectations.registry import _registered_metrics

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import members
from loyalty_pipeline.validation.gx_polars.registration import PAIR_DOMAIN, pair_condition
from loyalty_pipeline.validation.gx_polars.side_by_side import is_number, side_by_side

# Great Expectations leaves the row condition out of this one's domain, and then looks at all rows.
for _metric, _definition in _registered_metrics.items():
    if _metric.startswith("column_pair_values.in_set."):
        _definition["metric_domain_keys"] = PAIR_DOMAIN


@pair_condition("column_pair_values.equal")
def is_equal(domain: Domain, **_: Any) -> pl.Expr:
    """Both values are equal; a null is equal to nothing."""
    left, right = side_by_side(domain, *domain.columns)
    return left == right


@pair_condition("column_pair_values.a_greater_than_b")
def is_greater(domain: Domain, *, or_equal: bool | None = False, **_: Any) -> pl.Expr:
    """The first value is above the second, or equal to it. A null or NaN is neither."""
    left, right = side_by_side(domain, *domain.columns)
    outcome = left >= right if or_equal else left > right
    return outcome & is_number(domain, *domain.columns)


@pair_condition("column_pair_values.in_set")
def is_in_set(domain: Domain, *, value_pairs_set: list[Any] | None = None, **_: Any) -> pl.Expr:
    """Both values are one of a set of pairs, in which null stands for null; without a set, every pair is."""
    if value_pairs_set is None:
        return pl.lit(value=True)
    partners: dict[Any, list[Any]] = {}
    for first, second in value_pairs_set:
        partners.setdefault(first, []).append(second)
    left, right = domain.columns
    found = [
        _holds(domain, left, [first]) & _holds(domain, right, seconds) for first, seconds in partners.items()
    ]
    return pl.any_horizontal([pl.lit(value=False), *found])


def _holds(domain: Domain, column: str, values: list[Any]) -> pl.Expr:
    found = pl.col(column).is_in(members(values, domain.data.schema[column])).fill_null(value=False)
    return found | pl.col(column).is_null() if None in values else found
