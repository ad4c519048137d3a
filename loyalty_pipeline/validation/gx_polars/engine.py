"""The execution engine: Great Expectations' metrics on polars LazyFrames.

Great Expectations resolves a suite as layers of metrics and hands each layer to `resolve_metrics`. Every provider here
returns a plan instead of a value; the engine computes all plans of a layer together, streaming, so that tables larger
than memory can be validated.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
from great_expectations.core.batch import BatchData, BatchMarkers
from great_expectations.exceptions.exceptions import GreatExpectationsError, MetricResolutionError
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.registry import get_metric_provider

from loyalty_pipeline.validation.gx_polars.layers import Layer
from loyalty_pipeline.validation.gx_polars.row_conditions import clause, row_filter

ROWS_PER_PASS = 8_000_000


class PolarsBatchData(BatchData):
    """The rows of one batch, the tables that its expectations refer to, and what has been computed of them.

    `references` are other tables by name; `rules` are named boolean expressions over the rows.
    """

    def __init__(
        self,
        execution_engine: "PolarsExecutionEngine",
        dataframe: pl.LazyFrame | pl.DataFrame,
        references: Mapping[str, pl.LazyFrame | pl.DataFrame] | None = None,
        rules: Mapping[str, pl.Expr] | None = None,
    ) -> None:
        """Read the schema, and no row."""
        super().__init__(execution_engine=execution_engine)
        self.dataframe = dataframe.lazy()
        self.references = {name: table.lazy() for name, table in (references or {}).items()}
        self.rules = dict(rules or {})
        self.schema = dict(self.dataframe.collect_schema())
        self.resolved: dict[Any, Any] = {}
        self.errors: dict[Any, Exception] = {}

    def head(self, n_rows: int = 5, **_: Any) -> Any:
        """The first rows, as Great Expectations shows them."""
        return self.dataframe.head(n_rows).collect().to_pandas()


class PolarsExecutionEngine(ExecutionEngine[Any]):
    """Computes metrics of LazyFrames. `rows_per_pass` bounds the memory of uniqueness and foreign keys."""

    def __init__(self, *args: Any, rows_per_pass: int = ROWS_PER_PASS, **kwargs: Any) -> None:
        """Take what the data source was configured with."""
        # Batches of one asset share an id: a cache would give one batch the values of another.
        super().__init__(*args, **{**kwargs, "caching": False})
        self.rows_per_pass = rows_per_pass

    def load_batch_data(self, batch_id: str, batch_data: Any) -> None:
        """Take a batch. Frames are taken as they are."""
        if isinstance(batch_data, pl.LazyFrame | pl.DataFrame):
            batch_data = PolarsBatchData(self, batch_data)
        self._batch_manager.save_batch_data(batch_id=batch_id, batch_data=batch_data)

    def get_batch_data_and_markers(self, batch_spec: Any) -> tuple[PolarsBatchData, BatchMarkers]:
        """The batch that a specification describes, and when it was taken."""
        given = batch_spec.batch_data
        batch_spec.batch_data = "PolarsLazyFrame"
        markers = BatchMarkers({"ge_load_time": datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")})
        return given if isinstance(given, PolarsBatchData) else PolarsBatchData(self, given), markers

    def data_of(self, domain_kwargs: Mapping[str, Any]) -> PolarsBatchData:
        """The batch of a domain. Raises `GreatExpectationsError` when none is loaded."""
        batch_id = domain_kwargs.get("batch_id") or self.batch_manager.active_batch_data_id
        data = self.batch_manager.batch_data_cache.get(str(batch_id))
        if not isinstance(data, PolarsBatchData):
            message = f"no polars batch {batch_id!r} is loaded"
            raise GreatExpectationsError(message)
        return data

    def get_domain_records(self, domain_kwargs: Mapping[str, Any]) -> pl.LazyFrame:
        """The rows of a domain: those of the batch that meet its `row_condition`."""
        data = self.data_of(domain_kwargs)
        chosen = row_filter(domain_kwargs, data.schema)
        return data.dataframe if chosen is None else data.dataframe.filter(chosen)

    def get_compute_domain(
        self, domain_kwargs: Any, domain_type: Any, accessor_keys: Iterable[str] | None = None
    ) -> tuple[pl.LazyFrame, dict[str, Any], dict[str, Any]]:
        """The rows of a domain and its keys, apart for rows and columns."""
        parts = self._partition_domain_kwargs(domain_kwargs, domain_type, accessor_keys)
        return self.get_domain_records(domain_kwargs), parts.compute, parts.accessor

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[Any],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """The values of a layer of metrics, by their ids.

        Raises `MetricResolutionError` for one failed metric at a time, because Great Expectations gives all metrics of an error
        the same message; what else was computed is in `metrics` by then.
        """
        known = metrics if metrics is not None else {}
        values: dict[Any, Any] = {}
        failed: dict[Any, Exception] = {}
        wanted = list(metrics_to_resolve)
        for batch_id in dict.fromkeys(metric.metric_domain_kwargs.get("batch_id") for metric in wanted):
            data = self.data_of({"batch_id": batch_id})
            mine = [m for m in wanted if m.metric_domain_kwargs.get("batch_id") == batch_id]
            layer = self._layer(data, mine, known, runtime_configuration)
            values |= layer.values
            failed |= {metric.id: layer.errors[metric.id] for metric in mine if metric.id in layer.errors}
            data.resolved |= layer.values
        if failed:
            known.update(values)
            first = next(metric for metric in wanted if metric.id in failed)
            error = failed[first.id]
            message = f"{type(error).__name__}: {error}"
            raise MetricResolutionError(message=message, failed_metrics=[first]) from error
        return values

    def _layer(
        self, data: PolarsBatchData, wanted: list[Any], known: dict[Any, Any], configuration: Any
    ) -> Layer:
        # Great Expectations asks three times for what fails: the answer is kept.
        layer = Layer(data.dataframe, errors=data.errors)
        planned = Layer(data.dataframe, errors=data.errors)
        for metric in wanted:
            if metric.id not in data.errors:
                planned.attempt(metric.id, lambda metric=metric: self._plan(metric, known, configuration))  # type: ignore[misc]
        layer.run(planned.values)
        return layer

    def _plan(self, metric: Any, known: dict[Any, Any], configuration: Any) -> Any:
        provider_class, provider = get_metric_provider(metric.metric_name, self)
        return provider(
            provider_class,
            execution_engine=self,
            metric_domain_kwargs=metric.metric_domain_kwargs,
            metric_value_kwargs=metric.metric_value_kwargs,
            metrics=self._get_computed_metric_evaluation_dependencies_by_metric_name(metric, known),
            runtime_configuration=configuration,
        )

    def _active_clause(self, condition: Any) -> pl.Expr:
        return clause(condition, self.data_of({}).schema)

    # Great Expectations asks for one of each; `clause` tells them apart itself.
    _comparison_condition_to_filter_clause = _active_clause
    _nullity_condition_to_filter_clause = _active_clause
    _and_condition_to_filter_clause = _active_clause
    _or_condition_to_filter_clause = _active_clause

    def resolve_metric_bundle(self, metric_fn_bundle: Any) -> dict[Any, Any]:
        """Nothing: layers take the place of bundles."""
        del metric_fn_bundle
        return {}
