"""Telling Great Expectations which function plans a metric on polars.

The functions take a `Domain` and the metric's own arguments, and return a plan. A condition's function returns what is
*expected* of a row, as a boolean expression (null counts as unexpected), or a whole `Condition`.
"""

from collections.abc import Callable
from typing import Any

import polars as pl
from great_expectations.core.metric_function_types import MetricFunctionTypes, MetricPartialFunctionTypes
from great_expectations.expectations.metrics.metric_provider import MetricProvider
from great_expectations.expectations.registry import _registered_metrics, register_metric

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.engine import PolarsExecutionEngine
from loyalty_pipeline.validation.gx_polars.plans import Condition, both
from loyalty_pipeline.validation.gx_polars.samples import SAMPLES

Planner = Callable[..., Any]
VALUE = MetricFunctionTypes.VALUE
CONDITION = MetricPartialFunctionTypes.MAP_CONDITION_FN

PAIR_DOMAIN = (
    "batch_id",
    "table",
    "column_A",
    "column_B",
    "row_condition",
    "condition_parser",
    "ignore_row_if",
)
RECORD_DOMAIN = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")


def is_known(metric: str) -> bool:
    """Whether this version of Great Expectations has the metric."""
    return metric in _registered_metrics


def table_metric(metric: str) -> Callable[[Planner], Planner]:
    """Plan a metric of the whole table: `plan(domain, **arguments)`."""
    return _metric(metric, ())


def column_metric(metric: str, provider: type | None = None) -> Callable[[Planner], Planner]:
    """Plan a metric of one column: `plan(domain, **arguments)`. Nulls are the planner's business.

    `provider` is the metric's class where Great Expectations does not have the metric.
    """
    return _metric(metric, ("column",), provider)


def pair_metric(metric: str) -> Callable[[Planner], Planner]:
    """Plan a metric of two columns: `plan(domain, **arguments)`."""
    return _metric(metric, ("column_A", "column_B"))


def column_condition(metric: str, provider: type | None = None) -> Callable[[Planner], Planner]:
    """What is expected of a column's values: `expected(domain, **arguments)`. Nulls take no part unless the metric asks for them.

    `metric` is the name without `.condition`; `provider` is its class where Great Expectations does not have the metric.
    """
    return _row_condition(metric, provider, lambda kwargs: (kwargs["column"],), _nulls_left_out)


def pair_condition(metric: str, provider: type | None = None) -> Callable[[Planner], Planner]:
    """What is expected of two columns of a row: `expected(domain, **arguments)`."""
    columns = lambda kwargs: (kwargs["column_A"], kwargs["column_B"])  # noqa: E731 - as short as its sisters
    return _row_condition(metric, provider, columns, _ignored_left_out)


def record_condition(metric: str, provider: type | None = None) -> Callable[[Planner], Planner]:
    """What is expected of several columns of a row, or of whole rows where none are named: `expected(domain, **arguments)`."""
    columns = lambda kwargs: tuple(kwargs.get("column_list") or ())  # noqa: E731 - as short as its sisters
    return _row_condition(metric, provider, columns, _ignored_left_out)


def _row_condition(
    metric: str,
    provider: type | None,
    columns_of: Callable[[dict[str, Any]], tuple[str, ...]],
    left_out: Callable[[Any, dict[str, Any], tuple[str, ...]], pl.Expr | None],
) -> Callable[[Planner], Planner]:
    """`left_out` says which rows take part, of the metric's class, its domain and columns."""

    def register(expected: Planner) -> Planner:
        def condition(
            cls: Any, *, execution_engine: Any, metric_domain_kwargs: Any, **given: Any
        ) -> Condition:
            names = columns_of(metric_domain_kwargs)
            domain = Domain.of(execution_engine, metric_domain_kwargs, given["metrics"], names)
            domain = domain.where(left_out(cls, metric_domain_kwargs, names))
            return _condition(domain, expected(domain, **given["metric_value_kwargs"]))

        _register_condition(metric, _owner(f"{metric}.condition", provider), condition)
        return expected

    return register


def _nulls_left_out(cls: Any, kwargs: dict[str, Any], columns: tuple[str, ...]) -> pl.Expr | None:
    del kwargs
    return pl.col(columns[0]).is_not_null() if cls.filter_column_isnull else None


def _ignored_left_out(cls: Any, kwargs: dict[str, Any], columns: tuple[str, ...]) -> pl.Expr | None:
    del cls
    return _not_ignored(kwargs.get("ignore_row_if") or "all_values_are_missing", columns) if columns else None


def _not_ignored(ignored: str, columns: tuple[str, ...]) -> pl.Expr | None:
    there = [pl.col(name).is_not_null() for name in columns]
    if ignored in {"both_values_are_missing", "all_values_are_missing"}:
        return pl.any_horizontal(there)
    if ignored in {"either_value_is_missing", "any_value_is_missing"}:
        return pl.all_horizontal(there)
    if ignored in {"neither", "never"}:
        return None
    message = f"ignore_row_if = {ignored!r} is not known"
    raise ValueError(message)


def _condition(domain: Domain, expected: Any) -> Condition:
    if isinstance(expected, Condition):
        return expected
    broken = (~expected).fill_null(value=True)
    return Condition(domain.columns, domain.chosen, unexpected=both(domain.chosen, broken))


def _owner(metric: str, provider: type | None) -> Any:
    """The class that Great Expectations has the metric's keys and defaults from."""
    if provider is not None:
        return provider
    providers = _registered_metrics[metric]["providers"]
    return next(owner for owner, _ in providers.values())


def _metric(
    metric: str, column_keys: tuple[str, ...], provider: type | None = None
) -> Callable[[Planner], Planner]:
    def register(plan: Planner) -> Planner:
        owner = _owner(metric, provider)
        keys = (tuple(owner.domain_keys), tuple(owner.value_keys)) if provider else None

        def provided(cls: Any, *, execution_engine: Any, metric_domain_kwargs: Any, **given: Any) -> Any:
            del cls
            names = tuple(metric_domain_kwargs[key] for key in column_keys)
            domain = Domain.of(execution_engine, metric_domain_kwargs, given["metrics"], names)
            return plan(domain, **given["metric_value_kwargs"])

        _register(metric, owner, provided, keys)
        return plan

    return register


def _register_condition(metric: str, owner: Any, condition: Planner) -> None:
    domain_keys, value_keys = tuple(owner.condition_domain_keys), tuple(owner.condition_value_keys)
    _register(f"{metric}.condition", owner, condition, (domain_keys, value_keys), CONDITION)
    for suffix, sample in SAMPLES.items():
        has_format = suffix not in {"unexpected_count", "filtered_row_count"}
        keys = (domain_keys, (*value_keys, "result_format") if has_format else value_keys)
        _register(f"{metric}.{suffix}", owner, _without_class(sample), keys)


def _without_class(sample: Planner) -> Planner:
    def sampled(_: Any, **given: Any) -> Any:
        return sample(**given)

    return sampled


def _register(
    metric: str,
    owner: type[MetricProvider],
    provider: Planner,
    keys: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    kind: Any = VALUE,
) -> None:
    known = _registered_metrics.get(metric, {})
    domain_keys, value_keys = keys or ((), ())
    register_metric(
        metric_name=metric,
        metric_domain_keys=tuple(known.get("metric_domain_keys") or domain_keys),
        metric_value_keys=tuple(known.get("metric_value_keys") or value_keys),
        execution_engine=PolarsExecutionEngine,
        metric_class=owner,
        metric_provider=provider,
        metric_fn_type=kind,
    )
