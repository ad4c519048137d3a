"""The engine gives the results that Great Expectations documents for its core expectations."""

from typing import Any

import great_expectations.expectations as gxe
import polars as pl
import pytest

from tests.validation.gx_polars.documentation import Documented, documented
from tests.validation.gx_polars.parity.outcomes import freed, outcome, same


@pytest.mark.parametrize("case", list(documented()), ids=lambda case: case.name)
def test_a_documented_case_has_its_documented_result(case: Documented, validated: Any) -> None:
    found = outcome(validated(case.frame, case.kind(**case.arguments)))

    assert found.error is None
    promised = {name: freed(value) for name, value in case.result.items()}
    assert {
        name: found.result.get(name) for name in promised if not same(found.result.get(name), promised[name])
    } == {}
    assert found.success is case.success


def test_nearly_every_core_expectation_documents_a_case_that_holds_and_one_that_does_not() -> None:
    cases = [(case.kind.__name__, case.success) for case in documented()]

    assert len({name for name, _ in cases}) >= 45
    assert len([name for name, success in cases if success]) >= 45
    assert len([name for name, success in cases if not success]) >= 45


@pytest.mark.parametrize(("other", "success"), [("test_table_two", True), ("test_table_three", False)])
def test_the_documented_tables_are_compared_by_their_rows(
    validated: Any, other: str, *, success: bool
) -> None:
    rows = pl.LazyFrame({"test": [1.0, 2.3, 4.33], "test2": [2, 5, 0]})

    found = validated(
        rows,
        gxe.ExpectTableRowCountToEqualOtherTable(other_table_name=other),
        references={"test_table_two": rows, "test_table_three": rows.head(2)},
    )

    assert found.success is success
