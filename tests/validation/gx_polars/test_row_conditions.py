"""Row conditions: objects, their JSON, and the text of before."""

# ruff: noqa: DTZ001 - a column without a zone holds clock readings without one

from datetime import date, datetime
from decimal import Decimal

import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.expectations.legacy_row_conditions import ConditionParserError
from great_expectations.expectations.row_conditions import Column

from loyalty_pipeline.validation.gx_polars.row_conditions import row_filter

FRAME = pl.DataFrame(
    {
        "id": [0, 1, 2, 3, 4],
        "n": [5, 2**60 + 1, None, -3, 5],
        "m": [5, 1, 1, 1, None],
        "f": [1.0, float("nan"), None, 2.5, 3.0],
        "s": ["a", "b", None, "it's", "a & b"],
        "b": [True, False, None, True, False],
        "two words": [1, 2, 3, 4, 5],
        "e": pl.Series(["x", "y", None, "x", "y"], dtype=pl.Enum(["y", "x"])),
        "d": [date(2024, 1, day) for day in range(1, 6)],
        "at": [datetime(2024, 1, day, 12) for day in range(1, 6)],
        "amount": pl.Series(["1.10", "2.20", None, "3", "4"]).cast(pl.Decimal(10, 2)),
    }
)


def chosen(condition):
    given = condition if isinstance(condition, str | dict) else condition.dict()
    return FRAME.filter(row_filter({"row_condition": given}, dict(FRAME.schema)))["id"].to_list()


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        (Column("n") == 5, [0, 4]),
        (Column("n") == 2**60, []),
        (Column("n") != 5, [1, 3]),
        (Column("n") > 4.5, [0, 1, 4]),
        (Column("f") > 1, [3, 4]),
        (Column("f") != 1, [1, 3, 4]),
        (Column("n").is_null(), [2]),
        (Column("f").is_not_null(), [0, 1, 3, 4]),
        (Column("s").is_in(["a", "b"]), [0, 1]),
        (Column("s").is_not_in(["a", "b"]), [3, 4]),
        (Column("s").is_not_in([]), [0, 1, 3, 4]),
        (Column("e") == "x", [0, 3]),
        (Column("e") > "x", [1, 4]),
        (Column("e") == "z", []),
        (Column("d") >= "2024-01-04", [3, 4]),
        (Column("d") >= date(2024, 1, 4), [3, 4]),
        (Column("at") < "2024-01-02", [0]),
        (Column("amount") == 2.2, [1]),
        (Column("amount") > Decimal("2.20"), [3, 4]),
        (Column("b") == True, [0, 3]),  # noqa: E712 - the condition's own operator
        ((Column("n") == 5) & (Column("s") == "a"), [0]),
        ((Column("n") == 5) | Column("n").is_null(), [0, 2, 4]),
        (((Column("n") == 5) & (Column("id") > 0)) | (Column("id") == 1), [1, 4]),
    ],
)
def test_a_condition_chooses_rows_and_a_comparison_with_null_none(condition, rows):
    assert chosen(condition) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("n == 5", [0, 4]),
        ("n == 5 and s == 'a'", [0]),
        ('n == 5 & s == "a & b"', [4]),
        ("n < 0 | id == 1", [1, 3]),
        ("not (n == 5)", [1, 3]),
        ("~(n == 5)", [1, 3]),
        ("0 < id <= 2", [1, 2]),
        ("3 <= id", [3, 4]),
        ("`two words` > 4", [4]),
        ("s in ['a', 'b']", [0, 1]),
        ("s not in ('a', 'b')", [3, 4]),
        ("id == [1, 3]", [1, 3]),
        ("n.isnull()", [2]),
        ("n.notna() and not b", [1, 4]),
        ("s.isin(['a'])", [0]),
        ("n == m", [0]),
        ("n > -4 and n < 0", [3]),
        ('s == "it\'s"', [3]),
        ('col("n") == 5', [0, 4]),
        ('col("two words") >= 4', [3, 4]),
        ('col("s").notnull()', [0, 1, 3, 4]),
        ('col("d") > date("2024-01-04")', [4]),
        ("b", [0, 3]),
    ],
)
def test_text_chooses_the_rows_that_pandas_means(text, rows):
    assert chosen(text) == rows


@pytest.mark.parametrize(
    "text",
    [
        "n + 1 == 5",
        "n ==",
        "nowhere == 1",
        "n",
        "n == @x",
        "s.str.contains('a')",
        "n is 5",
        "n in 5",
        "__import__('os')",
    ],
)
def test_text_that_is_not_understood_is_an_error(text):
    with pytest.raises(ConditionParserError, match="is not understood"):
        chosen(text)


def test_a_column_that_does_not_exist_is_an_error():
    for condition in (Column("nowhere") == 1, Column("nowhere").is_null()):
        with pytest.raises(ConditionParserError, match="nowhere"):
            chosen(condition)


def test_a_value_of_another_kind_is_an_error():
    with pytest.raises(TypeError, match="cannot be compared"):
        chosen(Column("n") == "5")


@pytest.mark.filterwarnings("ignore:The condition_parser parameter is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Passing a string to the row_condition:DeprecationWarning")
@pytest.mark.parametrize(
    ("condition", "parser"),
    [("id > 2", "pandas"), ('col("id") > 2', "great_expectations"), (Column("id") > 2, None)],
)
def test_an_expectation_looks_at_the_rows_chosen_only(validated, condition, parser):
    rule = gxe.ExpectColumnValuesToBeInSet(
        column="id", value_set=[3], row_condition=condition, condition_parser=parser
    )
    result = validated(FRAME, rule, result_format="COMPLETE").result
    assert (result["element_count"], result["unexpected_list"], result["unexpected_index_list"]) == (
        2,
        [4],
        [4],
    )
