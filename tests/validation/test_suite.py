"""Entries change the rules of the contract, and add their own."""

from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.entries import Entry, load_entries
from loyalty_pipeline.validation.rule import Rule
from loyalty_pipeline.validation.rules import rules
from loyalty_pipeline.validation.suite import needed, suite


def entry(name: str, expectation: str = "", table: str = "invoices", **given: Any) -> Entry:
    own = ("severity", "mostly", "note", "shows_values", "is_about_rows")
    stated = {part: given.pop(part) for part in own if part in given}
    return Entry(name, table, expectation, given, **stated)


def rule_of(written: Entry) -> Rule:
    [found] = [rule for rule in suite(written.table, [written]) if rule.name == written.name]
    return found


@pytest.mark.parametrize("table", RAW_TABLES)
def test_without_entries_the_suite_is_the_rules_of_the_contract(table: str) -> None:
    assert [rule.identity for rule in suite(table)] == [rule.identity for rule in rules(RAW_TABLES[table])]


def test_a_change_gives_a_rule_another_severity_and_tolerance_and_nothing_else() -> None:
    before = next(rule for rule in suite("invoices") if rule.name == "status_is_one_of_its_values")
    after = rule_of(entry(before.name, severity="warning", mostly=0.9))
    assert (after.severity, after.mostly, after.tolerance) == ("warning", 0.9, "share")
    assert (before.severity, before.mostly) == ("critical", None)
    same = ("column", "description", "expectation", "arguments", "condition", "scope", "shows_values")
    assert [str(getattr(after, name)) for name in same] == [str(getattr(before, name)) for name in same]


def test_a_changed_rule_keeps_its_place_and_own_rules_follow_in_the_order_of_the_file() -> None:
    names = [rule.name for rule in suite("invoices")]
    entries = [
        entry("b", "column_values_to_be_null", column="due_at"),
        entry("total_is_set", severity="warning"),
    ]
    entries.append(entry("a", "table_row_count_to_be_between", min_value=1, is_about_rows=False))
    assert [rule.name for rule in suite("invoices", entries)] == [*names, "b", "a"]


def test_a_note_is_added_to_the_words_of_a_changed_rule() -> None:
    before = next(rule for rule in suite("invoices") if rule.name == "total_is_set")
    assert rule_of(entry("total_is_set")).description == before.description
    assert rule_of(entry("total_is_set", note="agreed")).description == f"{before.description} (agreed)"


def test_a_change_of_a_rule_that_the_source_gives_no_ground_for_adds_nothing() -> None:
    changed = [entry("updated_at_is_set", severity="warning")]
    names = [rule.name for rule in suite("invoices", changed, has_updated_at=False)]
    assert names == [rule.name for rule in suite("invoices", has_updated_at=False)]
    assert "updated_at_is_set" not in names


def test_an_entry_about_rows_sets_rows_aside_within_the_share_of_all() -> None:
    rule = rule_of(entry("cheap", "column_values_to_be_between", column="total", max_value=5))
    assert (rule.scope, rule.column, rule.tolerance) == ("row", "total", "share")
    assert (rule.severity, rule.arguments) == ("critical", {"column": "total", "max_value": 5})
    assert rule.is_about_rows


def test_an_entry_with_mostly_is_judged_by_its_expectation() -> None:
    rule = rule_of(entry("cheap", "column_values_to_be_between", column="total", max_value=5, mostly=0.9))
    assert (rule.tolerance, rule.mostly) == ("its own", 0.9)
    assert rule.arguments == {"column": "total", "max_value": 5, "mostly": 0.9}


def test_an_entry_about_the_table_sets_no_row_aside() -> None:
    rule = rule_of(entry("enough", "table_row_count_to_be_between", min_value=1, is_about_rows=False))
    assert (rule.scope, rule.column, rule.tolerance) == ("table", "*", "its own")
    assert not rule.is_about_rows


@pytest.mark.parametrize(
    ("expectation", "given", "columns"),
    [
        ("column_values_to_be_unique", {"column": "subscription_id"}, "subscription_id"),
        (
            "compound_columns_to_be_unique",
            {"column_list": ["customer_id", "issued_at"]},
            "customer_id, issued_at",
        ),
    ],
)
def test_uniqueness_tolerates_nothing(expectation: str, given: dict[str, Any], columns: str) -> None:
    rule = rule_of(entry("once", expectation, **given))
    assert (rule.tolerance, rule.column) == ("none", columns)


def test_a_pair_of_columns_is_named() -> None:
    rule = rule_of(
        entry("later", "column_pair_values_a_to_be_greater_than_b", column_A="paid_at", column_B="issued_at")
    )
    assert rule.column == "paid_at, issued_at"


@pytest.mark.parametrize(
    ("given", "is_personal"),
    [
        ({"column": "email"}, True),
        ({"column": "country"}, False),
        ({"column_A": "country", "column_B": "name"}, True),
        ({"column_list": ["region", "email"]}, True),
        ({}, False),
    ],
)
def test_a_rule_knows_whether_it_looks_at_personal_columns(given: dict[str, Any], is_personal: bool) -> None:  # noqa: FBT001
    assert rule_of(entry("it", "anything", "customers", **given)).is_personal == is_personal


def test_rules_know_the_tables_that_entries_refer_to() -> None:
    foreign = {"reference": "plans", "reference_column": "plan_id"}
    entries = [
        entry("known_plan", "column_values_to_exist_in", column="subscription_id", **foreign),
        entry("known_plan_too", "column_values_to_exist_in", column="currency", **foreign),
        entry("cheap", "column_values_to_be_between", column="total", max_value=5),
    ]
    assert needed(suite("invoices", entries)) == ["plans"]
    assert needed(suite("invoices")) == [], "references of the contract are not asked of rows alone"


def test_an_entry_tells_itself_as_a_sentence_and_its_note() -> None:
    told = entry("cheap", "column_values_to_be_between", column="total", max_value=5)
    assert rule_of(told).description == "values of total must be at most 5"
    noted = rule_of(entry("free", "column_values_to_be_null", column="total", note="it is a gift"))
    assert noted.description == "values of total must be null (it is a gift)"


def test_files_of_entries_become_rules(tmp_path: Path) -> None:
    text = """
total_is_set: {mostly: 0.75, note: agreed with billing}
early: {expect: column_values_to_be_between, column: issued_at, max_value: {$PARAMETER: extracted_at}}
"""
    (tmp_path / "invoices.yaml").write_text(text)
    found = {rule.name: rule for rule in suite("invoices", load_entries(tmp_path)["invoices"])}
    assert found["total_is_set"].mostly == 0.75
    assert found["early"].arguments["max_value"] == {"$PARAMETER": "extracted_at"}
