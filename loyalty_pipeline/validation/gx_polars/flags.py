"""Row flags: which rows a suite's expectations found unexpected, by the same conditions that counted them."""

from collections.abc import Iterable
from typing import Any

import polars as pl
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import (
    _registered_metrics,
    get_expectation_impl,
    get_metric_kwargs,
)
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import ValidationGraph

from loyalty_pipeline.validation.gx_polars.engine import PolarsBatchData, PolarsExecutionEngine
from loyalty_pipeline.validation.gx_polars.plans import Condition

REASONS = "_reasons"


Evaluated = Expectation | ExpectationConfiguration
"""An expectation, or the configuration in its result, in which parameters have their values."""


def conditions(batch: Batch, evaluated: Iterable[Evaluated]) -> list[Condition]:
    """The condition of each expectation about rows, in their order, of a batch that was validated with them.

    Raises `ValueError` for an expectation that is not about rows, or that could not be evaluated; so does one with
    parameters, of which the configuration in its result is needed.
    """
    return [_condition(batch, expectation) for expectation in evaluated]


def reasons(batch: Batch, broken: dict[str, Evaluated], keep: Iterable[str] = ()) -> pl.LazyFrame:
    """The rows that break any of some expectations: the columns to keep, then `_reasons`, the list of their names.

    One pass over the table, whatever the number of expectations; give only those that have unexpected rows.
    """
    rows, flags = _validated(batch).dataframe, {}
    for number, (name, condition) in enumerate(zip(broken, conditions(batch, broken.values()), strict=True)):
        flags[name] = f"_flag_{number}"
        rows = condition.flagged(rows, flags[name])
    told = [pl.when(flag).then(pl.lit(name)) for name, flag in flags.items()]
    found = rows.filter(pl.any_horizontal(flags.values()))
    return found.select(*keep, pl.concat_list(told).list.drop_nulls().alias(REASONS))


def _validated(batch: Batch) -> PolarsBatchData:
    """What was validated: Great Expectations fetches the batch anew for it, under the same id."""
    engine: PolarsExecutionEngine = batch.data.execution_engine
    return engine.data_of({"batch_id": batch.id})


def _condition(batch: Batch, evaluated: Evaluated) -> Condition:
    data = _validated(batch)
    configuration = evaluated.configuration if isinstance(evaluated, Expectation) else evaluated
    configuration.kwargs.setdefault("batch_id", batch.id)
    metric = f"{getattr(get_expectation_impl(configuration.type), 'map_metric', None)}.condition"
    kwargs = get_metric_kwargs(
        metric_name=metric,
        configuration=configuration,
        runtime_configuration={"result_format": {"result_format": "BOOLEAN_ONLY"}},
    )
    arguments = {
        name: value for name, value in kwargs["metric_value_kwargs"].items() if name != "result_format"
    }
    wanted = MetricConfiguration(metric, kwargs["metric_domain_kwargs"], arguments)
    graph = ValidationGraph(execution_engine=data.execution_engine)
    graph.set_metric_configuration_default_kwargs_if_absent(wanted)
    if wanted.id not in data.resolved and metric in _registered_metrics:
        # Another validation of the same batch came in between: only the last one's values are there.
        graph.build_metric_dependency_graph(wanted)
        graph.resolve(show_progress_bars=False)
    found: Any = data.resolved.get(wanted.id)
    if not isinstance(found, Condition):
        message = f"{configuration.type} was not evaluated on this batch as a rule about rows"
        raise ValueError(message)  # noqa: TRY004 - the type is right, the moment is not
    return found
