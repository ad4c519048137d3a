"""Metrics and expectations of a whole table."""

from collections.abc import Callable
from typing import Any

import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.expectations.row_conditions import Column
from great_expectations.metrics.batch.row_count import BatchRowCount
from great_expectations.metrics.batch.sample_values import SampleValues

Validated = Callable[..., Any]
ROWS = pl.DataFrame({"a": [1, 2, None], "b": ["x", "y", "z"]})


@pytest.mark.parametrize(
    ("met", "broken"),
    [
        (gxe.ExpectTableRowCountToEqual(value=3), gxe.ExpectTableRowCountToEqual(value=4)),
        (gxe.ExpectTableRowCountToBeBetween(min_value=3), gxe.ExpectTableRowCountToBeBetween(max_value=2)),
        (gxe.ExpectTableColumnCountToEqual(value=2), gxe.ExpectTableColumnCountToEqual(value=1)),
        (
            gxe.ExpectTableColumnsToMatchOrderedList(column_list=["a", "b"]),
            gxe.ExpectTableColumnsToMatchOrderedList(column_list=["b", "a"]),
        ),
        (
            gxe.ExpectTableColumnsToMatchSet(column_set=["b", "a"]),
            gxe.ExpectTableColumnsToMatchSet(column_set=["a"]),
        ),
        (gxe.ExpectColumnToExist(column="b", column_index=1), gxe.ExpectColumnToExist(column="c")),
    ],
)
def test_a_table_is_told_from_another(validated: Validated, met: Any, broken: Any) -> None:
    assert validated(ROWS, met).success
    assert not validated(ROWS, broken).success


def test_a_table_without_rows_has_none(validated: Validated) -> None:
    assert validated(ROWS.clear(), gxe.ExpectTableRowCountToEqual(value=0)).result["observed_value"] == 0


def test_a_row_condition_chooses_the_rows_that_are_counted(validated: Validated) -> None:
    chosen = gxe.ExpectTableRowCountToEqual(value=1, row_condition=Column("a") > 1)
    assert validated(ROWS, chosen).success


@pytest.mark.parametrize(("height", "expected"), [(3, True), (2, False)])
def test_another_table_is_counted_among_the_references(
    validated: Validated, height: int, *, expected: bool
) -> None:
    expectation = gxe.ExpectTableRowCountToEqualOtherTable(other_table_name="other")
    result = validated(ROWS, expectation, references={"other": ROWS.head(height).lazy()})
    assert result.success is expected
    assert result.result["observed_value"] == {"self": 3, "other": height}


def test_a_table_that_is_not_referred_to_is_an_error_and_not_the_table_itself(validated: Validated) -> None:
    result = validated(ROWS, gxe.ExpectTableRowCountToEqualOtherTable(other_table_name="other"))
    assert not result.success
    assert "the batch parameter references has no table" in str(result.exception_info)


def test_the_first_rows_are_shown(lazyframe_batches: BatchDefinition[Any]) -> None:
    batch = lazyframe_batches.get_batch({"dataframe": ROWS.lazy()})
    assert batch.compute_metrics(SampleValues(n_rows=2)).value["b"].tolist() == ["x", "y"]
    assert batch.compute_metrics(BatchRowCount()).value == 3
