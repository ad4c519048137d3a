"""`expect_rows_to_satisfy`: a boolean rule about each row."""

import polars as pl
import pytest
from great_expectations import ExpectationSuite
from great_expectations.expectations.row_conditions import Column
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.validation.gx_polars import ExpectRowsToSatisfy, reasons

LINES = pl.LazyFrame(
    {"price": [2.0, 2.0, None, 1.5], "quantity": [3, 2, 1, 1], "amount": [6.0, 5.0, 1.0, 1.5]}
)
ADDS_UP = "amount = round(price * quantity, 2)"


def told(result):
    return next(iter(result.exception_info.values()))["exception_message"]


def test_a_row_that_breaks_a_rule_in_sql_is_unexpected(validated):
    found = validated(LINES, ExpectRowsToSatisfy(rule=ADDS_UP))
    assert not found.success
    assert (found.result["element_count"], found.result["unexpected_count"]) == (4, 1)
    assert found.result["unexpected_percent"] == 25
    assert found.result["partial_unexpected_index_list"] == [1]


def test_the_sample_shows_the_columns_of_the_rule(validated):
    found = validated(LINES, ExpectRowsToSatisfy(rule=ADDS_UP))
    assert found.result["partial_unexpected_list"] == [{"amount": 5.0, "price": 2.0, "quantity": 2}]


def test_a_rule_that_is_null_for_a_row_is_not_broken(validated):
    assert validated(pl.LazyFrame({"a": [None, 1]}), ExpectRowsToSatisfy(rule="a > 0")).success


def test_a_rule_of_the_batch_is_asked_for_by_its_name(validated):
    rules = {"adds_up": pl.col("amount") == pl.col("price") * pl.col("quantity")}
    found = validated(LINES, ExpectRowsToSatisfy(rule="adds_up"), rules=rules)
    assert found.result["partial_unexpected_index_list"] == [1]


def test_a_rule_of_the_batch_goes_before_a_column_of_its_name(validated):
    frame = pl.LazyFrame({"good": [False]})
    assert not validated(frame, ExpectRowsToSatisfy(rule="good")).success
    assert validated(frame, ExpectRowsToSatisfy(rule="good"), rules={"good": ~pl.col("good")}).success


def test_a_rule_without_named_columns_shows_whole_rows(validated):
    rules = {"positive": pl.all_horizontal(pl.all() > 1)}
    frame = pl.LazyFrame({"a": [2, 1, 2], "b": [6, 5, None]})
    found = validated(frame, ExpectRowsToSatisfy(rule="positive"), rules=rules)
    assert found.result["unexpected_count"] == 1
    assert found.result["partial_unexpected_list"] == [{"a": 1, "b": 5}]


def test_mostly_lets_some_rows_pass(validated):
    assert validated(LINES, ExpectRowsToSatisfy(rule=ADDS_UP, mostly=0.75)).success
    assert not validated(LINES, ExpectRowsToSatisfy(rule=ADDS_UP, mostly=0.76)).success


def test_only_rows_of_the_row_condition_take_part(validated):
    found = validated(LINES, ExpectRowsToSatisfy(rule=ADDS_UP, row_condition=Column("quantity") == 3))
    assert found.success
    assert found.result["element_count"] == 1


def test_no_rows_satisfy_every_rule(validated):
    assert validated(LINES.clear(), ExpectRowsToSatisfy(rule=ADDS_UP)).success


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("quantty", "there is no rule or column 'quantty': did you mean 'quantity'?"),
        ("adds_upp", "did you mean 'adds_up'?"),
        ("quantty > 1", "the rule 'quantty > 1': "),
        ("a = 1 and", "the rule 'a = 1 and' is neither one of the batch's rules ['adds_up'] nor SQL"),
        ("sum(amount) > 3", "must be one boolean expression about each row"),
        ("amount + 1", "must be one boolean expression about each row"),
        ("1 = 1", "must be one boolean expression about each row"),
        ("amount = 'much'", "cannot compare string"),
    ],
)
def test_what_is_no_rule_is_an_error_that_says_why(validated, rule, message):
    found = validated(LINES, ExpectRowsToSatisfy(rule=rule), rules={"adds_up": pl.lit(value=True)})
    assert not found.success
    assert message in told(found)


def test_a_rule_of_several_columns_at_once_is_an_error(validated):
    rules = {"all": pl.col("price", "quantity") > 0}
    assert "must be one boolean" in told(validated(LINES, ExpectRowsToSatisfy(rule="all"), rules=rules))


def test_a_rule_takes_no_column_list():
    with pytest.raises(ValueError, match="they name their columns themselves"):
        ExpectRowsToSatisfy(rule="a > 1", column_list=["a", "b"])


def test_rows_that_break_a_rule_are_flagged_with_its_name(lazyframe_batches):
    batch = lazyframe_batches.get_batch({"dataframe": LINES, "rules": {"many": pl.col("quantity") > 1}})
    rules = {"adds_up": ExpectRowsToSatisfy(rule=ADDS_UP), "many": ExpectRowsToSatisfy(rule="many")}
    batch.validate(ExpectationSuite(name="lines", expectations=list(rules.values())))
    found = reasons(batch, rules, ["quantity"]).collect()
    assert found.rows() == [(2, ["adds_up"]), (1, ["many"]), (1, ["many"])]


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(st.none() | st.integers(-2, 2), st.none() | st.integers(-2, 2)), max_size=10))
def test_broken_rows_are_what_counting_by_hand_finds(validated, rows):
    frame = pl.LazyFrame(rows, schema={"a": pl.Int64, "b": pl.Int64}, orient="row")
    found = validated(frame, ExpectRowsToSatisfy(rule="a < b"), result_format="COMPLETE")
    by_hand = [number for number, (a, b) in enumerate(rows) if a is not None and b is not None and not a < b]
    assert found.result["unexpected_index_list"] == by_hand
