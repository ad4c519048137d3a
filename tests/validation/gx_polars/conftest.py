"""A Great Expectations context without files, and one expectation validated on a polars frame."""

from collections.abc import Callable, Mapping
from typing import Any

import great_expectations as gx
import polars as pl
import pytest
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context import AbstractDataContext
from great_expectations.data_context.data_context.context_factory import set_context

from loyalty_pipeline.validation import gx_polars  # noqa: F401 - registers the engine


@pytest.fixture(scope="session")
def context_without_files() -> AbstractDataContext:
    """One for all tests that need none of their own."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


@pytest.fixture(scope="session")
def lazyframe_batches(context_without_files: AbstractDataContext) -> BatchDefinition[Any]:
    """Whole LazyFrames as batches."""
    source = context_without_files.data_sources.add_polars("frames")
    return source.add_lazyframe_asset("table").add_batch_definition_whole_dataframe("all")


@pytest.fixture(scope="session")
def validated(
    context_without_files: AbstractDataContext, lazyframe_batches: BatchDefinition[Any]
) -> Callable[..., Any]:
    """`validated(frame, expectation)`: the validation result."""

    def validate(  # noqa: PLR0913 - the options of a batch and of a validation
        frame: pl.LazyFrame | pl.DataFrame,
        expectation: gx.expectations.Expectation,
        *,
        references: Mapping[str, pl.LazyFrame] | None = None,
        rules: Mapping[str, pl.Expr] | None = None,
        result_format: str | dict[str, Any] = "SUMMARY",
        parameters: dict[str, Any] | None = None,
    ) -> Any:
        # Up to 1.15 a batch is validated in the context that was made last.
        set_context(context_without_files)
        given: dict[str, Any] = {"dataframe": frame.lazy()}
        given |= {"references": references} if references else {}
        given |= {"rules": rules} if rules else {}
        batch = lazyframe_batches.get_batch(given)
        return batch.validate(expectation, result_format=result_format, expectation_parameters=parameters)

    return validate
