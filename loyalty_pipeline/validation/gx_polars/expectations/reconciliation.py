"""Reconciliation: the table has the rows, sums and maxima that its source had."""

from decimal import Decimal
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import is_suite_parameter
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.registry import get_metric_kwargs
from great_expectations.validator.metric_configuration import MetricConfiguration

from loyalty_pipeline.validation.gx_polars.expectations.instants import iso
from loyalty_pipeline.validation.gx_polars.expectations.source_numbers import Said, told
from loyalty_pipeline.validation.gx_polars.expectations.wording import Rendering, worded


class ExpectTableToReconcileWithSource(BatchExpectation):
    """The table holds what its source said that it held, read in the snapshot that was extracted.

    Whole numbers, decimals and instants (to the microsecond) are compared exactly, and floats to 1e-9, which the details
    say. Instants without a zone are UTC. Text is ordered by its bytes, so the source's maximum must be too (COLLATE "C").

    Args:
        row_count: How many rows the source has.
        sums: The sum of each column: a number, or text for a decimal. None is the source's sum of no values, 0 here.
        maxima: The greatest value of each column: a number, text or ISO instant. None: the column has no values.

    At least one is given. A suite parameter stands for a whole argument: `sums={"$PARAMETER": "source_sums"}`.

    The observed value holds what the table has; the details list each difference with `measure`, `column`, `expected` and
    `observed`. Told as errors: unknown columns, sums of what are no numbers, and values of another kind than the column's.

    Example:
        ExpectTableToReconcileWithSource(row_count=2, sums={"amount": "12.50"}, maxima={"updated_at": "2026-01-31T23:00:00Z"})

    """

    row_count: int | dict[str, Any] | None = None
    sums: dict[str, Any] | None = None
    maxima: dict[str, Any] | None = None

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    success_keys: ClassVar[tuple[str, ...]] = ("row_count", "sums", "maxima")
    args_keys: ClassVar[tuple[str, ...]] = ("row_count", "sums", "maxima")

    @pydantic.validator("sums", "maxima", pre=True)
    def _json_values(cls, values: Any) -> Any:
        if not isinstance(values, dict) or is_suite_parameter(values):
            return values
        if nested := [column for column, value in values.items() if isinstance(value, dict | list)]:
            message = f"{nested}: a suite parameter stands for the whole argument, not for one column's value"
            raise ValueError(message)
        return {
            column: str(value) if isinstance(value, Decimal) else iso(value)
            for column, value in values.items()
        }

    @pydantic.root_validator(skip_on_failure=True)
    def _something_is_said(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values["row_count"] is None and not values["sums"] and not values["maxima"]:
            message = "nothing to reconcile: give row_count, sums or maxima"
            raise ValueError(message)
        return values

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: dict[str, Any] | None = None
    ) -> Any:
        """One metric for each number of the source's."""
        dependencies = super().get_validation_dependencies(execution_engine, runtime_configuration)
        for said in self._said():
            given = get_metric_kwargs(said.metric, self.configuration, runtime_configuration)
            domain = dict(given["metric_domain_kwargs"]) | ({"column": said.column} if said.column else {})
            dependencies.set_metric_configuration(
                said.name, MetricConfiguration(said.metric, domain, given["metric_value_kwargs"])
            )
        return dependencies

    def _said(self) -> list[Said]:
        rows = [] if self.row_count is None else [Said("row_count", None, self.row_count)]
        sums = [Said("sum", column, value) for column, value in (self.sums or {}).items()]
        return rows + sums + [Said("maximum", column, value) for column, value in (self.maxima or {}).items()]

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        differences = [
            said.beside(metrics[said.name]) for said in self._said() if not said.agrees(metrics[said.name])
        ]
        observed = {said.name: told(metrics[said.name]) for said in self._said()}
        details: dict[str, Any] = {"differences": differences}
        if floats := [name for name, value in observed.items() if isinstance(value, float)]:
            details["compared_to_1e-9"] = floats
        return {"success": not differences, "result": {"observed_value": observed, "details": details}}

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: Rendering) -> Rendering:
        said = {"row_count": "rows: $row_count", "sums": "sums: $sums", "maxima": "maxima: $maxima"}
        parts = [text for name, text in said.items() if renderer_configuration.kwargs.get(name) is not None]
        return worded(
            cls, renderer_configuration, f"The table must hold what its source held; {'; '.join(parts)}"
        )
