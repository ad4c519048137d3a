"""What Great Expectations cannot compute on polars: an error that says why, instead of a provider that is missing."""

from typing import Any, NoReturn

from great_expectations.core.metric_function_types import MetricFunctionTypes
from great_expectations.exceptions.exceptions import MetricProviderError
from great_expectations.expectations.registry import _registered_metrics, register_metric

from loyalty_pipeline.validation.gx_polars.engine import PolarsExecutionEngine

SQL = "it runs a query in a database, and a LazyFrame is none: filter or join it with polars instead"
REASONS = {
    "query.": SQL,
    "unexpected_rows_query.": SQL,
    "base_query.": SQL,
    "comparison_query.": SQL,
}
"""Why metrics are not supported, by the beginning of their names."""

NOT_SUPPORTED = "is not supported on polars: "
INTERNAL = (".aggregate_fn", ".map")
"""Steps on the way to other metrics, which other engines ask for and this one does not."""


def reason(metric: str) -> str:
    """Why a metric has no provider on polars."""
    known = [why for beginning, why in REASONS.items() if metric.startswith(beginning)]
    engines = [name.removesuffix("ExecutionEngine") for name in _registered_metrics[metric]["providers"]]
    others = sorted(set(engines) - {"Polars"})
    return known[0] if known else f"Great Expectations computes it on {', '.join(others)} only"


def declare() -> None:
    """Give every metric without a provider on polars one that tells why. To be called when all others are registered."""
    engine = PolarsExecutionEngine.__name__
    for metric, definition in list(_registered_metrics.items()):
        if engine in definition["providers"] or metric.endswith(INTERNAL) or not definition["providers"]:
            continue
        owner, _provider = next(iter(definition["providers"].values()))
        register_metric(
            metric_name=metric,
            metric_domain_keys=tuple(definition["metric_domain_keys"]),
            metric_value_keys=tuple(definition["metric_value_keys"]),
            execution_engine=PolarsExecutionEngine,
            metric_class=owner,
            metric_provider=_refuser(f"{metric} {NOT_SUPPORTED}{reason(metric)}"),
            metric_fn_type=MetricFunctionTypes.VALUE,
        )


def _refuser(message: str) -> Any:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise MetricProviderError(message)

    return refuse
