"""The project's own expectations in suites, checkpoints, result formats and words."""

import json
from copy import copy
from datetime import date
from string import Template

import great_expectations as gx
import polars as pl
import pytest

from loyalty_pipeline.validation.gx_polars import (
    ExpectColumnValuesToAgreeByKey,
    ExpectColumnValuesToExistIn,
    ExpectRowsToSatisfy,
    ExpectTableDtypesToMatchContract,
    ExpectTableToBeFresh,
    ExpectTableToReconcileWithSource,
    ExpectVolumeToBeUsual,
    reasons,
)

FRAME = pl.LazyFrame(
    {
        "id": [1, 2, 2, None],
        "amount": [5, 6, 7, 8],
        "on": [date(2026, 3, day) for day in (1, 2, 3, 4)],
    }
)
REFERENCES = {"others": pl.LazyFrame({"id": [2]})}
ROWS = {
    "exists": ExpectColumnValuesToExistIn(
        column="id", reference="others", reference_column="id", severity="warning", meta={"owner": "sales"}
    ),
    "agrees": ExpectColumnValuesToAgreeByKey(column="amount", key=["id"], notes="one amount an invoice"),
    "small": ExpectRowsToSatisfy(rule="amount < 8", mostly=0.5),
}
TABLES = {
    "typed": ExpectTableDtypesToMatchContract(columns={"id": "Int64"}, extra="forbid"),
    "reconciled": ExpectTableToReconcileWithSource(row_count={"$PARAMETER": "rows"}, sums={"amount": 26}),
    "fresh": ExpectTableToBeFresh(column="on", max_age="2d", now={"$PARAMETER": "now"}),
    "usual": ExpectVolumeToBeUsual(column="on", day={"$PARAMETER": "day"}),
}
OWN = ROWS | TABLES
PARAMETERS = {"rows": 4, "now": "2026-03-06T00:00:00Z", "day": "2026-03-04"}
SUCCESSES = {
    "exists": False,
    "agrees": False,
    "small": True,
    "typed": False,
    "reconciled": True,
    "fresh": True,
    "usual": True,
}


@pytest.fixture
def suite():
    return gx.ExpectationSuite(name="own", expectations=[copy(each) for each in OWN.values()])


def by_name(results):
    names = {expectation.expectation_type: name for name, expectation in OWN.items()}
    return {names[result.expectation_config.type]: result for result in results}


def test_a_suite_is_the_same_after_json(suite):
    read = gx.ExpectationSuite(**json.loads(json.dumps(suite.to_json_dict())))
    assert read == suite
    assert read.expectations[0].severity == "warning"
    assert read.expectations[0].meta == {"owner": "sales"}
    assert set(read.suite_parameter_options) == set(PARAMETERS)


@pytest.mark.parametrize("result_format", ["BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"])
def test_every_result_format_has_the_same_verdicts_and_is_json(lazyframe_batches, suite, result_format):
    batch = lazyframe_batches.get_batch({"dataframe": FRAME, "references": REFERENCES})
    found = batch.validate(suite, result_format=result_format, expectation_parameters=PARAMETERS)
    results = by_name(found.results)
    assert {name: results[name].success for name in OWN} == SUCCESSES
    assert json.loads(json.dumps(found.to_json_dict()))["success"] is False
    for name in OWN:
        told = {"unexpected_count"} if name in ROWS else {"observed_value", "details"}
        assert (told <= results[name].result.keys()) == (result_format != "BOOLEAN_ONLY")


def test_unexpected_rows_are_told_by_the_columns_that_are_asked_for(validated):
    shape = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["on"],
        "include_unexpected_rows": True,
    }
    found = validated(FRAME, ExpectRowsToSatisfy(rule="amount < 8"), result_format=shape)
    assert found.result["unexpected_index_list"] == [{"amount": 8, "on": date(2026, 3, 4)}]
    assert len(found.result["unexpected_rows"]) == 1


def test_a_checkpoint_validates_them(lazyframe_batches, suite):
    context = lazyframe_batches.data_asset.datasource.data_context
    definition = gx.ValidationDefinition(
        name="own", data=lazyframe_batches, suite=context.suites.add_or_update(suite)
    )
    checkpoint = context.checkpoints.add_or_update(
        gx.Checkpoint(
            name="own", validation_definitions=[context.validation_definitions.add_or_update(definition)]
        )
    )
    found = checkpoint.run(
        batch_parameters={"dataframe": FRAME, "references": REFERENCES}, expectation_parameters=PARAMETERS
    )
    results = by_name(next(iter(found.run_results.values())).results)
    assert {name: results[name].success for name in OWN} == SUCCESSES


def test_rows_are_flagged_with_the_names_of_what_they_break(lazyframe_batches):
    batch = lazyframe_batches.get_batch({"dataframe": FRAME, "references": REFERENCES})
    batch.validate(gx.ExpectationSuite(name="rows", expectations=[copy(each) for each in ROWS.values()]))
    assert reasons(batch, ROWS, ["amount"]).collect().rows() == [
        (5, ["exists"]),
        (7, ["agrees"]),
        (8, ["small"]),
    ]


def test_few_rows_a_pass_find_the_same(lazyframe_batches):
    context = lazyframe_batches.data_asset.datasource.data_context
    source = context.data_sources.add_or_update_polars("narrow", rows_per_pass=2)
    narrow = source.add_lazyframe_asset("table").add_batch_definition_whole_dataframe("all")
    batch = narrow.get_batch({"dataframe": pl.concat([FRAME] * 3), "references": REFERENCES})
    suite = gx.ExpectationSuite(name="narrow", expectations=[copy(ROWS["exists"]), copy(ROWS["agrees"])])
    counts = [each.result["unexpected_count"] for each in batch.validate(suite).results]
    assert sorted(counts) == [3, 3]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exists", "id values must exist in others.id."),
        ("agrees", "amount values must be the same in all rows of one id."),
        ("small", "Every row must satisfy amount < 8, at least 50 % of the time."),
        (
            "typed",
            "Columns must have the contract's types (columns added: forbid, missing: forbid, changed: forbid): id: Int64.",
        ),
        (
            "reconciled",
            "The table must hold what its source held; rows: {'$PARAMETER': 'rows'}; sums: amount: 26.",
        ),
        ("fresh", "The newest on must be at most 2d before {'$PARAMETER': 'now'}."),
        (
            "usual",
            "The rows whose on is on {'$PARAMETER': 'day'} must be as many as on its 8 peers (weekday), within 5 MADs or 0.06 of their median.",
        ),
    ],
)
def test_each_is_described_in_words(name, words):
    expectation = copy(OWN[name])
    expectation.render()
    value = expectation.rendered_content[0].value.to_json_dict()
    told = {parameter: each["value"] for parameter, each in value["params"].items() if each}
    assert Template(value["template"]).substitute(told) == words
