"""Great Expectations finds what a plain count finds, and tells it as the pipeline needs it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.entries import Entry
from loyalty_pipeline.validation.results import SAMPLES
from loyalty_pipeline.validation.rule import ALL_READ, FUTURE, Rule
from loyalty_pipeline.validation.suite import suite
from loyalty_pipeline.validation.told import LONGEST
from loyalty_pipeline.validation.validator import WITHHELD, Judgement, Rows, Validator
from tests.validation.dirt import TextRow, dirt, dirty, good, read

EXTRACTED_AT = datetime(2024, 6, 1, 3, tzinfo=UTC)
Judge = Callable[..., Judgement]
TOLD_ALIKE = ("rule", "column", "severity", "passed", "rows", "bad_rows", "sample_keys", "error")


@pytest.fixture(scope="module")
def validator() -> Validator:
    """One context for all tests: what is validated leaves nothing behind in it."""
    return Validator(0.0)


@pytest.fixture
def judge(validator: Validator) -> Judge:
    """`judge(table, rows, rules, share)`: what comes of rows as a text file has them."""

    def judged(table: str, rows: list[TextRow], rules: Sequence[Rule], share: float = 0.0) -> Judgement:
        validator.max_bad_share = share
        return validator.validate(extract_of(table, rows), rules)

    return judged


def extract_of(table: str, rows: list[TextRow]) -> Rows:
    known = {"extracted_at": EXTRACTED_AT.isoformat(), "source_rows": len(rows)}
    return Rows(table, read(table, rows).lazy(), len(rows), RAW_TABLES[table].primary_key(), {}, known)


def row_rules(table: str, *entries: Entry) -> list[Rule]:
    return [rule for rule in suite(table, entries) if rule.scope in {"row", "table"}]


def only(table: str, *names: str) -> list[Rule]:
    return [rule for rule in suite(table) if rule.name in names]


def entry(name: str, expectation: str, table: str = "customers", **given: Any) -> Entry:
    own = {part: given.pop(part) for part in ("severity", "mostly", "shows_values") if part in given}
    return Entry(name, table, expectation, given, **own)


def own_rule(*given: Any, **arguments: Any) -> Rule:
    written = entry(*given, **arguments)
    return suite(written.table, [written])[-1]


def plans(count: int, bad: int, rule: str = "amount_is_set") -> list[TextRow]:
    return [dirty("plans", *([rule] if n < bad else []), number=n) for n in range(count)]


# Verdicts.


def test_a_rule_passes_up_to_the_share_of_bad_rows_that_is_tolerated_and_not_one_row_more(
    judge: Judge,
) -> None:
    rules, verdicts = only("plans", "amount_is_set"), {}
    for bad in (0, 7, 8):
        (result,) = judge("plans", plans(100, bad), rules, 0.07).results
        verdicts[bad] = (result.verdict, result.blocks, result.rows, result.bad_rows, result.share)
    assert verdicts == {
        0: ("passed", False, 100, 0, 0.0),
        7: ("set aside", False, 100, 7, 0.07),
        8: ("blocked", True, 100, 8, 0.08),
    }


def test_a_rule_with_mostly_is_held_to_that_and_not_to_the_share_of_all(judge: Judge) -> None:
    changed = entry("amount_is_set", "", "plans", mostly=0.93)
    rules = [rule for rule in suite("plans", [changed]) if rule.name == "amount_is_set"]
    passed = {bad: judge("plans", plans(100, bad), rules, 0.0).results[0].passed for bad in (7, 8)}
    assert passed == {7: True, 8: False}


def test_the_mostly_of_an_entry_is_counted_as_great_expectations_counts_it(judge: Judge) -> None:
    rule = own_rule("cheap", "column_values_to_be_between", "plans", column="amount", max_value=5, mostly=0.9)
    rows = [good("plans", n) | {"amount": "6" if n < 2 else "5"} for n in range(20)]
    assert judge("plans", rows, [rule]).results[0].verdict == "set aside"
    # Missing values take no part, so that 2 are bad of the 19 that do.
    rows[-1] |= {"amount": None}
    (result,) = judge("plans", rows, [rule]).results
    assert (result.verdict, result.bad_rows, result.rows) == ("blocked", 2, 20)


def test_a_key_that_repeats_is_not_tolerated_at_all(judge: Judge) -> None:
    once = own_rule("plan_once", "column_values_to_be_unique", "plans", column="plan_id")
    rows = [good("plans", n) for n in (1, 2, 3, 3)]
    assert judge("plans", rows, [once], 1.0).results[0].verdict == "blocked"
    assert judge("plans", rows[:3], [once], 1.0).results[0].verdict == "passed"


def test_a_warning_never_blocks_and_sets_no_row_aside(judge: Judge) -> None:
    changed = entry("amount_is_set", "", "plans", severity="warning")
    rules = [rule for rule in suite("plans", [changed]) if rule.name == "amount_is_set"]
    judged = judge("plans", plans(4, 4), rules)
    assert [(result.verdict, result.blocks, result.bad_rows) for result in judged.results] == [
        ("warned", False, 4)
    ]
    assert judged.reasons.is_empty()


def test_results_come_in_the_order_of_the_rules(judge: Judge) -> None:
    rules = row_rules("invoice_lines")
    rules = rules[::2] + rules[1::2]
    rows = [dirty("invoice_lines", name, number=n) for n, name in enumerate(dirt("invoice_lines"))]
    judged = judge("invoice_lines", rows, rules, 1.0)
    assert [result.rule for result in judged.results] == [rule.name for rule in rules]


def test_a_row_has_its_reasons_in_the_order_of_the_rules(judge: Judge) -> None:
    rules = row_rules("plans")
    rows = [dirty("plans", "interval_is_one_of_its_values", "name_is_set", "amount_can_be_read", number=1)]
    in_order = ["amount_can_be_read", "name_is_set", "interval_is_one_of_its_values"]
    assert judge("plans", rows, rules, 1.0).reasons.to_dicts() == [{"_row": 1, "_reasons": in_order}]
    assert judge("plans", rows, rules[::-1], 1.0).reasons["_reasons"].to_list() == [in_order[::-1]]


def test_a_table_without_rows_keeps_every_rule(judge: Judge) -> None:
    for table in ("customers", "invoice_lines"):
        judged = judge(table, [], row_rules(table))
        assert {(result.verdict, result.rows, result.share) for result in judged.results} == {
            ("passed", 0, 0.0)
        }
        assert judged.reasons.is_empty()


def test_rows_that_are_not_as_many_as_the_source_says_block(judge: Judge, validator: Validator) -> None:
    rules = only("plans", ALL_READ)
    assert judge("plans", plans(3, 0), rules).results[0].verdict == "passed"
    extract = extract_of("plans", plans(3, 0))
    (result,) = validator.validate(replace(extract, parameters={"source_rows": 4}), rules).results
    assert (result.verdict, result.bad_rows) == ("blocked", 0)
    assert {"3", "4"} <= set(re.findall(r"\d+", result.observed))


def test_without_rules_nothing_is_asked() -> None:
    judged = Validator(0.0).validate(extract_of("plans", plans(2, 1)), [])
    assert (judged.results, judged.reasons.height) == ([], 0)
    assert judged.reasons.schema == {"_row": pl.Int64, "_reasons": pl.List(pl.String)}


def test_the_same_table_is_judged_anew_each_time(judge: Judge) -> None:
    rules = only("plans", "amount_is_set")
    found = [judge("plans", plans(5, bad), rules, 1.0).results[0].bad_rows for bad in (3, 0, 5)]
    assert found == [3, 0, 5]


# Rules that cannot be evaluated.


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (("mistyped", "column_values_to_be_between", "plans", "name", {"min_value": 3}), "String column"),
        (("lost", "column_values_to_not_be_null", "plans", "colour", {}), "colour"),
        (("nonsense", "column_values_to_be_between", "plans", "amount", {"min_value": {"a": 1}}), "a dict"),
        (("unknown", "column_values_to_be_nice", "plans", "amount", {}), "expect_column_values_to_be_nice"),
    ],
)
@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_a_rule_that_cannot_be_evaluated_says_why_and_the_others_keep_their_verdicts(
    judge: Judge, rule: tuple[Any, ...], words: str, severity: str
) -> None:
    *named, column, more = rule
    broken = own_rule(*named, severity=severity, column=column, **more)
    rules = [*only("plans", "amount_is_set"), broken, *only("plans", "interval_is_one_of_its_values")]
    judged = judge("plans", plans(10, 3), rules, 0.1)
    blocked, failed, passed = judged.results
    assert [result.verdict for result in judged.results] == ["blocked", "failed to run", "passed"]
    assert words in failed.error
    assert (failed.passed, failed.blocks, failed.bad_rows) == (False, severity == "critical", 0)
    assert (blocked.error, blocked.bad_rows, passed.error) == ("", 3, "")
    assert judged.reasons["_row"].to_list() == [1, 2, 3]


def test_what_went_wrong_with_a_personal_column_is_not_told(judge: Judge) -> None:
    rule = own_rule("address", "column_values_to_be_between", column="email", min_value=3)
    rows = [good("customers") | {"email": "jo@example.org"}]
    (result,) = judge("customers", rows, [rule]).results
    assert (result.verdict, result.error) == ("failed to run", WITHHELD)


# Parameters and samples.


def test_a_parameter_is_the_value_of_the_run(judge: Judge) -> None:
    moments = {
        "2024-06-01T03:00:00": True,
        "2024-06-01T03:00:00.000001": False,
        "2024-06-01T05:00:00+02:00": True,
    }
    rows = [good("plans", n) | {"updated_at": moment} for n, moment in enumerate(moments)]
    judged = judge("plans", rows, only("plans", FUTURE), 1.0)
    assert judged.reasons["_row"].to_list() == [n for n, kept in enumerate(moments.values(), 1) if not kept]


def test_samples_of_keys_are_the_first_bad_rows_and_hold_nothing_but_the_key(judge: Judge) -> None:
    (result,) = judge("plans", plans(20, 9), only("plans", "amount_is_set")).results
    assert result.sample_keys == [f"plans {n}" for n in range(SAMPLES)]
    rates = [dirty("fx_rates", "rate_is_above_its_minimum", number=1)]
    (result,) = judge("fx_rates", rates, only("fx_rates", "rate_is_above_its_minimum")).results
    assert result.sample_keys == ["2000-01-02, EUR"]


def test_a_row_without_a_key_is_counted_and_has_no_sample(judge: Judge) -> None:
    (result,) = judge("plans", plans(3, 2, "plan_id_is_set"), only("plans", "plan_id_is_set")).results
    assert (result.bad_rows, result.sample_keys) == (2, [])


def test_only_rules_that_show_values_tell_them_and_not_at_length(judge: Judge) -> None:
    rows = [good("plans", n) | {"interval": "x" * 100, "amount": "-1"} for n in range(9)]
    silent = own_rule("paid", "column_values_to_be_between", "plans", column="amount", min_value=0)
    shown = own_rule(
        "dear", "column_values_to_be_between", "plans", column="amount", min_value=0, shows_values=True
    )
    rules = [*only("plans", "interval_is_one_of_its_values"), silent, shown]
    samples = [result.sample_values for result in judge("plans", rows, rules).results]
    assert samples == [["x" * LONGEST] * SAMPLES, [], ["-1.0000"] * SAMPLES]


@pytest.mark.parametrize(
    ("expectation", "given"),
    [
        ("column_values_to_match_regex", {"column": "email", "regex": "^secret$"}),
        ("column_pair_values_to_be_equal", {"column_A": "email", "column_B": "customer_id"}),
        ("select_column_values_to_be_unique_within_record", {"column_list": ["email", "name"]}),
        ("column_distinct_values_to_be_in_set", {"column": "email", "value_set": ["secret"]}),
        ("column_most_common_value_to_be_in_set", {"column": "email", "value_set": ["secret"]}),
    ],
)
def test_no_value_of_a_personal_column_is_told_whatever_an_entry_asks(
    judge: Judge, expectation: str, given: dict[str, Any]
) -> None:
    is_about_rows = "distinct" not in expectation and "common" not in expectation
    written = Entry("theirs", "customers", expectation, given, shows_values=True, is_about_rows=is_about_rows)
    rows = [good("customers", n) | {"email": "jo@example.org", "name": "jo@example.org"} for n in range(3)]
    (result,) = judge("customers", rows, suite("customers", [written])[-1:], 1.0).results
    assert "jo@" not in str(result)
    assert result.bad_rows == 3 or not result.passed


def test_an_expectation_that_ends_the_planning_of_all_others_fails_alone():
    """Great Expectations plans a KL divergence without a partition outside its error handling."""
    missing = Rule("id_is_set", "id", "id is there", "column_values_to_not_be_null", {"column": "id"})
    known = Rule(
        "id_is_known",
        "id",
        "id is a",
        "column_values_to_be_in_set",
        {"column": "id", "value_set": ["a"]},
    )
    ending = Rule(
        "spread",
        "nowhere",
        "the spread is usual",
        "column_kl_divergence_to_be_less_than",
        {"column": "nowhere", "threshold": 0.1},
        scope="table",
        tolerance="its own",
    )
    frame = pl.LazyFrame({"_row": [1, 2, 3], "id": ["a", None, "b"]})
    judged = Validator(0.5).validate(Rows("plans", frame, 3, ["id"]), [missing, ending, known])
    assert [(result.rule, result.bad_rows, bool(result.error)) for result in judged.results] == [
        ("id_is_set", 1, False),
        ("spread", 0, True),
        ("id_is_known", 1, False),
    ]
    assert judged.results[1].blocks
    assert judged.reasons.sort("_row").rows() == [(2, ["id_is_set"]), (3, ["id_is_known"])]


def test_an_expectation_that_this_great_expectations_does_not_take_fails_alone():
    rules = [
        Rule("unheard_of", "id", "something new", "column_values_to_be_nice", {"column": "id"}),
        Rule("id_is_set", "id", "id is there", "column_values_to_not_be_null", {"column": "id"}),
    ]
    frame = pl.LazyFrame({"_row": [1], "id": ["a"]})
    strange, plain = Validator(0.5).validate(Rows("plans", frame, 1, ["id"]), rules).results
    assert (strange.verdict, plain.verdict) == ("failed to run", "passed")
    assert "column_values_to_be_nice" in strange.error
