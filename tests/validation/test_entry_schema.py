"""The schema of the files of expectations: current, understood by editors, and of one mind with the check."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from packaging.version import Version

from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.entries import schema as entry_schema
from loyalty_pipeline.validation.entries.entry import read_entries
from loyalty_pipeline.validation.entries.vocabulary import FILE, expectations, schema
from loyalty_pipeline.validation.entries.words import sentence

LOCKED = Version("1.24")


@pytest.fixture(scope="module")
def editor() -> Draft202012Validator:
    """What an editor says of a file."""
    return Draft202012Validator(schema())


@pytest.mark.slow
@pytest.mark.skipif(
    Version(version("great-expectations")).release[:2] != LOCKED.release, reason="made of the locked version"
)
def test_the_schema_is_that_of_the_locked_great_expectations(tmp_path: Path) -> None:
    entry_schema.main([str(tmp_path / "now.json")])
    assert (tmp_path / "now.json").read_text("utf-8") == FILE.read_text("utf-8"), (
        "run python -m loyalty_pipeline.validation.entries.schema"
    )


@pytest.mark.slow
def test_every_expectation_that_is_offered_can_be_made_from_an_entry() -> None:
    kinds = entry_schema.offered()
    for name, entry in expectations().items():
        if name in kinds:  # an older Great Expectations lacks some
            made = kinds[name](**complete(entry), severity="warning", meta={"name": "a"})
            assert made.expectation_type == f"expect_{name}"


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())


def test_every_expectation_is_described_and_has_a_sentence() -> None:
    assert len(expectations()) > 50
    for name, entry in expectations().items():
        assert entry["description"].endswith("."), name
        words = sentence(name, complete(entry))
        assert "_to_" not in words, name
        assert " must " in words, name


def test_expectations_about_rows_take_mostly_and_others_do_not() -> None:
    assert expectations()["column_values_to_not_be_null"]["x-is-about-rows"]
    assert not expectations()["table_to_be_fresh"]["x-is-about-rows"]
    without = {
        name
        for name, entry in expectations().items()
        if entry["x-is-about-rows"] and "mostly" not in entry["properties"]
    }
    assert without == {"column_values_to_be_unique", "compound_columns_to_be_unique"}
    for name, entry in expectations().items():
        assert entry["x-is-about-rows"] or "mostly" not in entry["properties"], name


def test_a_reference_is_a_raw_table() -> None:
    assert schema()["$defs"]["table"]["enum"] == list(RAW_TABLES)


@pytest.mark.parametrize("name", expectations())
def test_a_complete_entry_of_each_expectation_pleases_editors(
    editor: Draft202012Validator, name: str
) -> None:
    entry = complete(expectations()[name])
    for called in (name, f"expect_{name}"):
        assert not list(editor.iter_errors({"a": {"expect": called, "note": "Why.", **entry}}))
    assert list(editor.iter_errors({"a": {"expect": name, **entry, "severity": "info"}}))
    assert list(editor.iter_errors({"a": {"expect": name, **entry, "unheard_of": 1}}))


FILES: list[tuple[bool, Any]] = [
    (True, {}),
    (True, {"tax_is_set": {"mostly": 0.9, "severity": "critical", "note": "Why."}}),
    (True, {"a": {"expect": "column_max_to_be_between", "column": "updated_at", "min_value": "2026-01-01"}}),
    (
        True,
        {"a": {"expect": "column_max_to_be_between", "column": "tax", "max_value": 1.5, "strict_max": True}},
    ),
    (
        True,
        {"a": {"expect": "column_values_to_be_in_set", "column": "tax", "value_set": [1, 2.5], "mostly": 1}},
    ),
    (True, {"a": {"expect": "column_values_to_be_null", "column": "tax", "show_values": False}}),
    (False, ["a"]),
    (False, {"a b": {"expect": "column_to_exist", "column": "tax"}}),
    (False, {"a": None}),
    (False, {"a": {}}),
    (False, {"tax_is_set": {"mostly": 0}}),
    (False, {"tax_is_set": {"column": "tax"}}),
    (False, {"a": {"expect": "nothing"}}),
    (False, {"a": {"expect": "column_to_exist"}}),
    (False, {"a": {"expect": "column_to_exist", "column": ""}}),
    (False, {"a": {"expect": "column_to_exist", "column": "tax", "column_index": 1.5}}),
    (False, {"a": {"expect": "column_to_exist", "column": "tax", "note": 5}}),
    (False, {"a": {"expect": "column_values_to_be_between", "column": "tax"}}),
    (False, {"a": {"expect": "column_values_to_be_between", "column": "tax", "min_value": True}}),
    (
        False,
        {
            "a": {
                "expect": "column_values_to_be_between",
                "column": "tax",
                "min_value": {"$PARAMETER": "moon"},
            }
        },
    ),
    (False, {"a": {"expect": "column_values_to_be_in_set", "column": "tax", "value_set": []}}),
    (False, {"a": {"expect": "column_values_to_be_null", "column": "tax", "mostly": 1.01}}),
    (False, {"a": {"expect": "column_values_to_be_unique", "column": "tax", "mostly": 0.5}}),
    (False, {"a": {"expect": "compound_columns_to_be_unique", "column_list": ["tax"]}}),
    (False, {"a": {"expect": "table_to_be_fresh", "column": "updated_at", "max_age": "1 day"}}),
    (False, {"a": {"expect": "table_row_count_to_equal", "value": "7"}}),
    (False, {"a": {"expect": "column_to_exist", "column": "tax", "row_condition": {"column": "tax"}}}),
]


@pytest.mark.parametrize(("is_right", "content"), FILES)
def test_editors_and_the_check_agree(
    editor: Draft202012Validator, tmp_path: Path, content: Any, *, is_right: bool
) -> None:
    file = tmp_path / "invoice_lines.yaml"
    file.write_text(json.dumps(content), "utf-8")  # JSON is YAML
    _, faults = read_entries(file)
    assert (not faults) == is_right, faults
    assert editor.is_valid(content) == is_right


VALUES: dict[str, Any] = {
    "column_list": ["a", "b"],
    "column_set": ["a", "b"],
    "key": ["k"],
    "min_value": 1,
    "value_set": ["x", "y"],
    "value": 3,
    "regex_list": ["^a"],
    "like_pattern_list": ["a%"],
    "reference": "customers",
    "max_age": "36h",
    "threshold": 2,
    "double_sided": True,
    "type_list": ["Int64"],
    "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[1, 2]]},
    "value_pairs_set": [["a", "b"]],
    "sum_total": 3,
    "json_schema": {"type": "object"},
    "match_on": "any",
}


def complete(entry: dict[str, Any]) -> dict[str, Any]:
    """The arguments that an expectation cannot do without."""
    bounds = ["min_value"] if "anyOf" in entry else []
    return {name: VALUES.get(name, name) for name in [*entry["required"], *bounds] if name != "expect"}
