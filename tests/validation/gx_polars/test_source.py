"""The data source as it is used: batches, validation definitions, checkpoints, and projects on disk."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context import AbstractDataContext, FileDataContext
from great_expectations.exceptions.exceptions import BuildBatchRequestError

from loyalty_pipeline.validation.gx_polars import LazyFrameAsset, PolarsBatchData, PolarsExecutionEngine

ROWS = pl.DataFrame({"id": [1, 2, 2, None], "country": ["DE", "SECRETLAND", "FR", None]})


def known_countries() -> gxe.ExpectColumnValuesToBeInSet:
    return gxe.ExpectColumnValuesToBeInSet(column="country", value_set=["DE", "FR"])


def quiet(context: AbstractDataContext) -> AbstractDataContext:
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


@pytest.fixture
def context() -> AbstractDataContext:
    return quiet(gx.get_context(mode="ephemeral"))


@pytest.fixture
def definition(context: AbstractDataContext) -> BatchDefinition[Any]:
    source = context.data_sources.add_polars("lake")
    return source.add_lazyframe_asset("lines").add_batch_definition_whole_dataframe("all")


def validation(context: AbstractDataContext, definition: BatchDefinition[Any], *expectations: Any) -> Any:
    suite = context.suites.add(gx.ExpectationSuite(name="suite", expectations=list(expectations)))
    return context.validation_definitions.add(
        gx.ValidationDefinition(name="validation", data=definition, suite=suite)
    )


def test_a_suite_is_validated_on_a_batch(definition: BatchDefinition[Any]) -> None:
    suite = gx.ExpectationSuite(
        name="suite", expectations=[known_countries(), gxe.ExpectColumnToExist(column="id")]
    )

    found = definition.get_batch({"dataframe": ROWS.lazy()}).validate(suite)

    assert not found.success
    assert {result.expectation_config.type: result.success for result in found.results} == {
        "expect_column_values_to_be_in_set": False,
        "expect_column_to_exist": True,
    }


def test_an_expectation_is_validated_on_a_batch(definition: BatchDefinition[Any]) -> None:
    found = definition.get_batch({"dataframe": ROWS}).validate(known_countries())

    assert found.result["unexpected_count"] == 1
    assert found.result["partial_unexpected_list"] == ["SECRETLAND"]


def test_a_batch_shows_its_first_rows_as_great_expectations_does(definition: BatchDefinition[Any]) -> None:
    head = definition.get_batch({"dataframe": ROWS.lazy()}).head(2)

    assert head.data["country"].tolist() == ["DE", "SECRETLAND"]


def test_a_validation_definition_runs_on_the_frame_that_it_is_given(
    context: AbstractDataContext, definition: BatchDefinition[Any]
) -> None:
    run = validation(context, definition, known_countries())

    found = run.run(batch_parameters={"dataframe": ROWS.lazy()})

    assert found.results[0].result["unexpected_count"] == 1
    assert found.meta["batch_parameters"] == {"dataframe": "<DATAFRAME>"}


def test_a_checkpoint_runs_without_actions(
    context: AbstractDataContext, definition: BatchDefinition[Any]
) -> None:
    run = validation(context, definition, known_countries())
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name="night", validation_definitions=[run], actions=[])
    )

    found = checkpoint.run(batch_parameters={"dataframe": ROWS.lazy()})

    assert not found.success
    assert json.loads(found.describe())["statistics"]["unsuccessful_validations"] == 1


def test_results_become_json_and_their_meta_shows_no_row(
    context: AbstractDataContext, definition: BatchDefinition[Any]
) -> None:
    run = validation(
        context, definition, known_countries(), gxe.ExpectColumnMaxToBeBetween(column="id", max_value=1)
    )

    found = run.run(batch_parameters={"dataframe": ROWS.lazy()}, result_format="COMPLETE").to_json_dict()

    assert json.loads(json.dumps(found)) == found
    meta = json.dumps(found["meta"])
    assert "SECRETLAND" not in meta
    assert "DF [" not in meta


def test_references_and_rules_go_through_a_run_and_only_their_names_into_its_result(
    context: AbstractDataContext, definition: BatchDefinition[Any]
) -> None:
    run = validation(context, definition, known_countries())
    countries = pl.LazyFrame({"country": ["SECRETLAND"]})
    given = {"dataframe": ROWS, "references": {"countries": countries}, "rules": {"old": pl.col("id") > 1}}

    first = run.run(batch_parameters=given).to_json_dict()
    again = run.run(batch_parameters=given).to_json_dict()

    expected = {
        "dataframe": "<DATAFRAME>",
        "references": {"countries": "<LAZYFRAME>"},
        "rules": {"old": "<EXPR>"},
    }
    assert first["meta"]["batch_parameters"] == again["meta"]["batch_parameters"] == expected


def test_references_and_rules_reach_the_engine(definition: BatchDefinition[Any]) -> None:
    countries = pl.DataFrame({"country": ["DE"]})

    batch = definition.get_batch(
        {"dataframe": ROWS, "references": {"countries": countries}, "rules": {"old": pl.col("id") > 1}}
    )

    assert isinstance(batch.data, PolarsBatchData)
    assert batch.data.references["countries"].collect().equals(countries)
    assert list(batch.data.rules) == ["old"]


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"dataframe": None},
        {"dataframe": ROWS.to_pandas()},
        {"dataframe": ROWS, "year": 2026},
        {"references": {}},
    ],
)
def test_wrong_batch_parameters_are_told_with_the_right_ones(
    definition: BatchDefinition[Any], given: dict[str, Any] | None
) -> None:
    with pytest.raises(BuildBatchRequestError, match=r"'dataframe': <polars LazyFrame or DataFrame>"):
        definition.get_batch(given)


def test_slices_and_partitioners_are_refused(definition: BatchDefinition[Any]) -> None:
    asset = definition.data_asset

    with pytest.raises(BuildBatchRequestError, match="filter the LazyFrame instead"):
        asset.build_batch_request({"dataframe": ROWS}, batch_slice="[-1:]")


def test_a_project_on_disk_keeps_the_source_for_a_new_context(tmp_path: Path) -> None:
    project = quiet(gx.get_context(mode="file", project_root_dir=tmp_path))
    source = project.data_sources.add_polars("lake", rows_per_pass=7)
    source.add_lazyframe_asset("lines").add_batch_definition_whole_dataframe("all")

    again = gx.get_context(mode="file", project_root_dir=tmp_path)

    assert isinstance(again, FileDataContext)
    kept = again.data_sources.get("lake")
    asset = kept.get_asset("lines")
    assert isinstance(asset, LazyFrameAsset)
    found = asset.get_batch_definition("all").get_batch({"dataframe": ROWS}).validate(known_countries())
    assert found.result["unexpected_count"] == 1
    assert kept.get_execution_engine().rows_per_pass == 7


ANOTHER_PROCESS = """
import sys
from loyalty_pipeline.validation import gx_polars
import great_expectations as gx
import polars as pl

context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
context.variables.progress_bars = {"globally": False, "metric_calculations": False}
run = context.validation_definitions.get("validation")
found = run.run(batch_parameters={"dataframe": pl.LazyFrame({"country": ["DE", "XX"]})})
engine = context.data_sources.get("lake").get_execution_engine()
print(found.results[0].result["unexpected_count"], engine.rows_per_pass)
"""


@pytest.mark.slow
def test_a_project_on_disk_is_read_by_another_process(tmp_path: Path) -> None:
    project = quiet(gx.get_context(mode="file", project_root_dir=tmp_path))
    source = project.data_sources.add_polars("lake", rows_per_pass=7)
    definition = source.add_lazyframe_asset("lines").add_batch_definition_whole_dataframe("all")
    validation(project, definition, known_countries())

    said = subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert said.stdout.split() == ["1", "7"]


def test_rows_per_pass_reaches_the_engine(context: AbstractDataContext) -> None:
    engine = context.data_sources.add_polars("lake", rows_per_pass=3).get_execution_engine()

    assert isinstance(engine, PolarsExecutionEngine)
    assert engine.rows_per_pass == 3


def test_keys_found_in_passes_are_the_keys_found_at_once(context: AbstractDataContext) -> None:
    rows = pl.DataFrame({"id": [n % 70 for n in range(100)]})
    unique = gxe.ExpectColumnValuesToBeUnique(column="id")

    counts = []
    for rows_per_pass in (3, 1_000):
        source = context.data_sources.add_polars(f"lake {rows_per_pass}", rows_per_pass=rows_per_pass)
        definition = source.add_lazyframe_asset("t").add_batch_definition_whole_dataframe("all")
        found = definition.get_batch({"dataframe": rows}).validate(unique, result_format="COMPLETE")
        counts.append((found.result["unexpected_count"], found.result["unexpected_list"]))

    assert counts[0] == counts[1]
    assert counts[0][0] == 60


def test_a_suite_parameter_is_a_bound(definition: BatchDefinition[Any]) -> None:
    expectation = gxe.ExpectColumnMaxToBeBetween(column="id", max_value={"$PARAMETER": "highest"})
    batch = definition.get_batch({"dataframe": ROWS})

    found = [batch.validate(expectation, expectation_parameters={"highest": most}).success for most in (1, 2)]

    assert found == [False, True]


def test_severity_and_meta_come_back_with_the_result(definition: BatchDefinition[Any]) -> None:
    expectation = gxe.ExpectColumnToExist(column="id", severity="warning", meta={"owner": "billing"})

    found = definition.get_batch({"dataframe": ROWS}).validate(expectation)

    told = found.to_json_dict()["expectation_config"]
    assert (told["severity"], told["meta"]) == ("warning", {"owner": "billing"})


def test_an_unknown_column_is_told_and_does_not_stop_the_others(definition: BatchDefinition[Any]) -> None:
    suite = gx.ExpectationSuite(
        name="suite", expectations=[gxe.ExpectColumnValuesToNotBeNull(column="nowhere"), known_countries()]
    )

    found = definition.get_batch({"dataframe": ROWS}).validate(suite)

    by_type = {result.expectation_config.type: result for result in found.results}
    told = by_type["expect_column_values_to_not_be_null"]
    assert not told.success
    assert 'The column "nowhere" in BatchData does not exist' in str(told.exception_info)
    assert by_type["expect_column_values_to_be_in_set"].result["unexpected_count"] == 1


def test_an_error_is_told_whether_or_not_exceptions_are_caught(definition: BatchDefinition[Any]) -> None:
    batch = definition.get_batch({"dataframe": ROWS})
    found = [
        batch.validate(gxe.ExpectColumnValuesToNotBeNull(column="nowhere", catch_exceptions=caught))
        for caught in (True, False)
    ]

    assert ["nowhere" in str(result.exception_info) for result in found] == [True, True]


def test_frames_validated_one_after_the_other_get_their_own_results(
    context: AbstractDataContext, definition: BatchDefinition[Any]
) -> None:
    run = validation(context, definition, known_countries(), gxe.ExpectTableRowCountToEqual(value=4))
    frames = [ROWS, ROWS.head(1), ROWS.clear(), ROWS]

    found = [run.run(batch_parameters={"dataframe": frame}) for frame in frames]

    counts = [
        {result.expectation_config.type: result.result for result in results.results} for results in found
    ]
    assert [count["expect_column_values_to_be_in_set"]["unexpected_count"] for count in counts] == [
        1,
        0,
        0,
        1,
    ]
    assert [count["expect_table_row_count_to_equal"]["observed_value"] for count in counts] == [4, 1, 0, 4]


def test_batches_made_first_and_validated_later_get_their_own_results(
    definition: BatchDefinition[Any],
) -> None:
    batches = [definition.get_batch({"dataframe": frame}) for frame in (ROWS, ROWS.head(1))]

    found = [batch.validate(known_countries()).result["element_count"] for batch in batches]

    assert found == [4, 1]


def test_several_parquet_files_are_one_batch(tmp_path: Path, definition: BatchDefinition[Any]) -> None:
    for number in range(3):
        ROWS.write_parquet(tmp_path / f"part-{number}.parquet")

    found = definition.get_batch({"dataframe": pl.scan_parquet(tmp_path / "*.parquet")}).validate(
        known_countries()
    )

    assert (found.result["element_count"], found.result["unexpected_count"]) == (12, 3)


BIGGER_THAN_ITS_MEMORY = """
import resource
import sys

import great_expectations as gx
import great_expectations.expectations as gxe
import polars as pl
from loyalty_pipeline.validation import gx_polars

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False, "metric_calculations": False}
source = context.data_sources.add_polars("lake")
definition = source.add_lazyframe_asset("t").add_batch_definition_whole_dataframe("all")
suite = gx.ExpectationSuite(
    name="suite",
    expectations=[
        *[gxe.ExpectColumnValuesToNotBeNull(column=name) for name in "abcde"],
        *[gxe.ExpectColumnValuesToBeBetween(column=name, min_value=0) for name in "abcde"],
        *[gxe.ExpectColumnMeanToBeBetween(column=name, min_value=0) for name in "abcde"],
    ],
)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = definition.get_batch({"dataframe": pl.scan_parquet(sys.argv[1])}).validate(suite)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(found.success, len(found.results), after - before)
"""


@pytest.mark.slow
def test_parquet_is_streamed_and_not_held_in_memory(tmp_path: Path) -> None:
    rows = 4_000_000
    part = pl.select(pl.int_range(rows).alias("a")).with_columns(
        [(pl.col("a") * factor % 1_000_003).alias(name) for factor, name in enumerate("bcde", start=3)]
    )
    part.write_parquet(tmp_path / "part-0.parquet", row_group_size=100_000)
    for number in range(1, 5):
        (tmp_path / f"part-{number}.parquet").hardlink_to(tmp_path / "part-0.parquet")
    kilobytes = 5 * part.estimated_size("kb")

    said = subprocess.run(
        [sys.executable, "-c", BIGGER_THAN_ITS_MEMORY, str(tmp_path / "*.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )

    success, results, grown = said.stdout.split()
    assert (success, results) == ("True", "15")
    assert int(grown) < kilobytes / 2
