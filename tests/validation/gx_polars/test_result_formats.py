"""Result formats: the same keys and values as Great Expectations' pandas engine gives."""

from typing import Any

import great_expectations.expectations as gxe
import polars as pl
import pytest

from tests.validation.gx_polars.parity.engines import Check, Engines

ROWS = pl.DataFrame(
    {
        "id": [1, 2, 3, 4, 5, 6],
        "amount": [1.5, None, -2.0, -2.0, 30.0, -7.0],
        "text": ["a", "b", None, "b", "", "c"],
        "other": ["a", "x", None, "y", "", None],
        "group": ["g", "g", "g", "g", "h", "h"],
    }
)
RULES: dict[str, Any] = {
    "one column": lambda: gxe.ExpectColumnValuesToBeBetween(column="amount", min_value=0),
    "one column with nothing unexpected": lambda: gxe.ExpectColumnValuesToNotBeNull(column="id"),
    "keys": lambda: gxe.ExpectColumnValuesToBeUnique(column="text"),
    "nulls": lambda: gxe.ExpectColumnValuesToNotBeNull(column="text"),
    "a pair": lambda: gxe.ExpectColumnPairValuesToBeEqual(column_A="text", column_B="other"),
    "several columns": lambda: gxe.ExpectCompoundColumnsToBeUnique(column_list=["amount", "group"]),
    "several columns of a row": lambda: gxe.ExpectMulticolumnSumToEqual(
        column_list=["id", "amount"], sum_total=2.5, ignore_row_if="any_value_is_missing"
    ),
}
STATISTICS: dict[str, Any] = {
    "a statistic": lambda: gxe.ExpectColumnMeanToBeBetween(column="amount", min_value=100),
    "a set": lambda: gxe.ExpectColumnDistinctValuesToEqualSet(column="text", value_set=["a", "z"]),
    "a table": lambda: gxe.ExpectTableRowCountToEqual(value=7),
}
FORMATS: dict[str, dict[str, Any]] = {
    "boolean": {"result_format": "BOOLEAN_ONLY"},
    "basic": {"result_format": "BASIC"},
    "summary": {"result_format": "SUMMARY"},
    "complete": {"result_format": "COMPLETE"},
    "few values": {"result_format": "SUMMARY", "partial_unexpected_count": 1},
    "no partial values": {"result_format": "SUMMARY", "partial_unexpected_count": 0},
    "few values of a complete result": {"result_format": "COMPLETE", "partial_unexpected_count": 1},
    "named rows": {"result_format": "SUMMARY", "unexpected_index_column_names": ["id"]},
    "all named rows": {"result_format": "COMPLETE", "unexpected_index_column_names": ["id", "text"]},
    "no values": {"result_format": "COMPLETE", "exclude_unexpected_values": True},
    "rows": {"result_format": "BASIC", "include_unexpected_rows": True},
    "rows of a summary": {"result_format": "SUMMARY", "include_unexpected_rows": True},
    "few rows": {"result_format": "BASIC", "include_unexpected_rows": True, "partial_unexpected_count": 1},
    "all rows": {"result_format": "COMPLETE", "include_unexpected_rows": True},
    "no query": {"result_format": "COMPLETE", "return_unexpected_index_query": False},
    "a query early": {"result_format": "BOOLEAN_ONLY", "return_unexpected_index_query": True},
}


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines()


def shapes(result_format: dict[str, Any], expectations: dict[str, Any], engines: Engines) -> dict[str, Check]:
    made = [make() for make in expectations.values()]
    return dict(zip(expectations, engines.checks(ROWS, made, result_format), strict=True))


@pytest.mark.parametrize("result_format", FORMATS.values(), ids=FORMATS.keys())
def test_every_format_has_the_keys_and_values_of_the_pandas_engine(
    result_format: dict[str, Any], engines: Engines
) -> None:
    found = shapes(result_format, RULES | STATISTICS, engines)

    assert {name: check.pandas.error for name, check in found.items()} == dict.fromkeys(found)
    assert {name: check.polars.result.keys() for name, check in found.items()} == {
        name: check.pandas.result.keys() for name, check in found.items()
    }
    assert {name: check.pandas.differences(check.polars) for name, check in found.items()} == {
        name: [] for name in found
    }


def test_a_boolean_result_tells_nothing_else(validated: Any) -> None:
    found = validated(ROWS, RULES["one column"](), result_format="BOOLEAN_ONLY")

    assert (found.success, dict(found.result)) == (False, {})


def test_unexpected_rows_are_whole_rows(validated: Any) -> None:
    found = validated(
        ROWS, RULES["one column"](), result_format={"result_format": "BASIC", "include_unexpected_rows": True}
    )

    assert found.result["unexpected_rows"].to_dict("list") == {
        "id": [3, 4, 6],
        "amount": [-2.0, -2.0, -7.0],
        "text": [None, "b", "c"],
        "other": [None, "y", None],
        "group": ["g", "g", "h"],
    }


def test_named_rows_carry_their_names_and_the_value(validated: Any) -> None:
    found = validated(
        ROWS,
        RULES["one column"](),
        result_format={"result_format": "SUMMARY", "unexpected_index_column_names": ["id"]},
    )

    assert found.result["partial_unexpected_index_list"] == [
        {"amount": -2.0, "id": 3},
        {"amount": -2.0, "id": 4},
        {"amount": -7.0, "id": 6},
    ]


def test_an_unknown_name_of_rows_is_told(validated: Any) -> None:
    found = validated(
        ROWS,
        RULES["one column"](),
        result_format={"result_format": "SUMMARY", "unexpected_index_column_names": ["nowhere"]},
    )

    assert "nowhere" in str(found.exception_info)


def test_the_query_is_a_polars_filter_that_finds_the_rows(validated: Any) -> None:
    found = validated(ROWS, RULES["one column"](), result_format="COMPLETE")

    assert found.result["unexpected_index_query"].startswith("lf.filter(")


def test_a_complete_result_stops_at_two_hundred_values_but_names_every_row(engines: Engines) -> None:
    rows = pl.DataFrame({"id": range(300)})
    many = gxe.ExpectColumnValuesToBeBetween(column="id", max_value=-1)

    [check] = engines.checks(rows, [many], "COMPLETE")

    assert check.pandas.differences(check.polars) == []
    assert len(check.polars.result["unexpected_list"]) == 200
    assert len(check.polars.result["unexpected_index_list"]) == 300
