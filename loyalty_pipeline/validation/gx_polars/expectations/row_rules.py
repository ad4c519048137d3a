"""Row rules: a boolean expression that every row satisfies."""

from typing import Any, ClassVar, Literal

import polars as pl
from great_expectations.compatibility import pydantic
from great_expectations.compatibility.pydantic import StrictStr
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.expectations.expectation import MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.map_metric_provider import MapMetricProvider
from polars.exceptions import ColumnNotFoundError, PolarsError

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.engine import PolarsBatchData
from loyalty_pipeline.validation.gx_polars.expectations.names import known
from loyalty_pipeline.validation.gx_polars.expectations.wording import Rendering, worded
from loyalty_pipeline.validation.gx_polars.plans import Condition, both
from loyalty_pipeline.validation.gx_polars.registration import record_condition

METRIC = "row.rule"


class RowRule(MapMetricProvider):
    """What Great Expectations knows the metric by."""

    condition_metric_name = METRIC
    condition_value_keys = ("rule",)


@record_condition(METRIC, RowRule)
def satisfies(domain: Domain, *, rule: str, **_: Any) -> Condition:
    """Every row satisfies a rule, or the rule is null for it."""
    expected = _about_rows(rule, domain.data)
    columns, broken = dict.fromkeys(expected.meta.root_names()), (~expected).fill_null(value=False)
    if not columns:
        # A selector has no columns before it meets the table; what has none counts as one value for all rows.
        columns = dict.fromkeys(domain.data.schema)
        broken = pl.struct(*columns).is_not_null() & broken
    return Condition(tuple(columns), domain.chosen, unexpected=both(domain.chosen, broken))


def _about_rows(rule: str, data: PolarsBatchData) -> pl.Expr:
    """A rule as an expression, tried on no rows, where only what is said of each row is empty."""
    expected = _expression(rule, data)
    try:
        tried = pl.DataFrame(schema=data.schema).select(expected)
    except ColumnNotFoundError as error:
        if rule.isidentifier():
            known(rule, [*data.rules, *data.schema], "rule or column")
        message = f"the rule {rule!r}: {error}"
        raise ValueError(message) from error
    if tried.width != 1 or tried.height or tried.dtypes != [pl.Boolean]:
        found = f"{tried.height or 'no'} rows of {tried.dtypes} for no rows"
        message = f"the rule {rule!r} must be one boolean expression about each row, but gives {found}"
        raise ValueError(message)
    return expected


def _expression(rule: str, data: PolarsBatchData) -> pl.Expr:
    if rule in data.rules:
        return data.rules[rule]
    try:
        return pl.sql_expr(rule)
    except PolarsError as error:
        message = (
            f"the rule {rule!r} is neither one of the batch's rules {sorted(data.rules)} nor SQL: {error}"
        )
        raise ValueError(message) from error


class ExpectRowsToSatisfy(MulticolumnMapExpectation):
    """Every row satisfies a rule.

    As with a CHECK of SQL, a row for which the rule is null does not break it. The sample of unexpected rows shows the
    rule's columns. NaN is greater than every number.

    Args:
        rule: The name of one of the batch parameter `rules` (polars expressions), else a boolean expression in SQL.
        mostly: The share of rows that must satisfy it.
        row_condition: Which rows take part.

    Told as errors (`ValueError`): an unknown rule or column, with the name that is meant; what is no SQL; and what is not
    one boolean for each row, such as `sum(amount) > 0`.

    Example:
        ExpectRowsToSatisfy(rule="amount = round(unit_price * quantity, 2)")

    """

    rule: StrictStr
    column_list: list[StrictStr] = []  # noqa: RUF012 - pydantic copies it
    ignore_row_if: Literal["never"] = "never"

    map_metric: ClassVar[str | None] = METRIC
    domain_type: ClassVar[MetricDomainTypes] = MetricDomainTypes.TABLE
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")  # type: ignore[assignment]
    success_keys: ClassVar[tuple[str, ...]] = ("rule", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("rule",)

    @pydantic.validator("column_list")
    def _validate_column_list(cls, v: list[str]) -> list[str]:
        if v:
            message = "column_list is not for rules: they name their columns themselves"
            raise ValueError(message)
        return v

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: Rendering) -> Rendering:
        return worded(cls, renderer_configuration, "Every row must satisfy $rule")
