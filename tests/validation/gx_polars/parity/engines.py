"""The same suite on both engines, and what each makes of every expectation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import polars as pl
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context.data_context.context_factory import set_context
from great_expectations.expectations.expectation import Expectation

from loyalty_pipeline.validation import gx_polars  # noqa: F401 - registers the engine
from tests.validation.gx_polars.parity.outcomes import Outcome, outcome

NUMBER = "number"


@dataclass(frozen=True)
class Check:
    """One expectation on one table, and what both engines make of it."""

    frame: pl.DataFrame
    expectation: Expectation
    pandas: Outcome
    polars: Outcome

    @property
    def kind(self) -> str:
        """The expectation's type."""
        return type(self.expectation).__name__

    def argument(self, name: str) -> Any:
        """One of its arguments."""
        return getattr(self.expectation, name, None)

    @property
    def columns(self) -> list[str]:
        """The columns that it is about."""
        one = [self.argument(name) for name in ("column", "column_A", "column_B")]
        return [name for name in [*one, *(self.argument("column_list") or [])] if name in self.frame.columns]


class Engines:
    """Validates on Great Expectations' pandas engine and on polars."""

    def __init__(self) -> None:
        self.context = context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        frames = context.data_sources.add_pandas("pandas").add_dataframe_asset("table")
        tables = context.data_sources.add_polars("polars").add_lazyframe_asset("table")
        self.pandas = frames.add_batch_definition_whole_dataframe("all")
        self.polars = tables.add_batch_definition_whole_dataframe("all")

    def checks(
        self, frame: pl.DataFrame, expectations: Sequence[Expectation], result_format: Any = "SUMMARY"
    ) -> list[Check]:
        """What both make of each expectation, in their order."""
        # Up to 1.15 a batch is validated in the context that was made last.
        set_context(self.context)
        there = _outcomes(self.pandas, frame.to_pandas(date_as_object=True), expectations, result_format)
        here = _outcomes(self.polars, frame.lazy(), expectations, result_format)
        return [Check(frame, *three) for three in zip(expectations, there, here, strict=True)]


def _outcomes(
    definition: BatchDefinition[Any], data: Any, expectations: Sequence[Expectation], result_format: Any
) -> list[Outcome]:
    # Great Expectations writes into the expectations that it validates, and sorts the results.
    numbered = [
        type(expectation)(**{**_arguments(expectation), "meta": {NUMBER: number}})
        for number, expectation in enumerate(expectations)
    ]
    suite = gx.ExpectationSuite(name="suite", expectations=numbered)
    batch = definition.get_batch({"dataframe": data})
    found = batch.validate(suite, result_format=result_format)
    by_number = {result.expectation_config.meta[NUMBER]: outcome(result) for result in found.results}
    return [by_number[number] for number in range(len(expectations))]


def _arguments(expectation: Expectation) -> dict[str, Any]:
    return {name: getattr(expectation, name) for name in expectation.__fields_set__ if name != "meta"}
