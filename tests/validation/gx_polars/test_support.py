"""What is said of support is true of the installed Great Expectations."""

import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import great_expectations as gx
import pytest
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.expectations import core
from great_expectations.metrics.column.values_match_regex_values import ColumnValuesMatchRegexValues

from loyalty_pipeline.validation.gx_polars import support
from loyalty_pipeline.validation.gx_polars.examples import EXAMPLES, TABLE

LOCK = Path(__file__).parents[3] / "uv.lock"


def _locked() -> str:
    packages = tomllib.loads(LOCK.read_text())["package"]
    return next(str(found["version"]) for found in packages if found["name"] == "great-expectations")


@pytest.fixture(scope="module")
def rows() -> list[support.Support]:
    return support.supported()


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    """The examples' results, by engine and type."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    lazy = context.data_sources.add_polars("polars").add_lazyframe_asset("examples")
    eager = context.data_sources.add_pandas("pandas").add_dataframe_asset("examples")
    given = {"dataframe": TABLE.lazy(), "references": {"other": TABLE.lazy()}}
    batches = {
        "polars": lazy.add_batch_definition_whole_dataframe("all").get_batch(given),
        "pandas": eager.add_batch_definition_whole_dataframe("all").get_batch(
            {"dataframe": TABLE.to_pandas()}
        ),
    }
    return {engine: support.results(batch) for engine, batch in batches.items()}


def test_every_core_expectation_is_listed_and_has_an_example(rows: list[support.Support]) -> None:
    kinds = {getattr(kind, "expectation_type", "") for kind in vars(core).values()} - {""}
    assert kinds == {found.name for found in rows}
    assert kinds <= {*EXAMPLES}


def test_every_expectation_said_to_be_supported_succeeds_on_its_example(
    results: dict[str, dict[str, Any]], rows: list[support.Support]
) -> None:
    said = {found.name for found in rows if found.is_supported}
    assert said == {name for name, result in results["polars"].items() if result.success}
    assert len(said) >= 50


def test_every_expectation_that_pandas_can_is_supported(
    results: dict[str, dict[str, Any]], rows: list[support.Support]
) -> None:
    said = {found.name for found in rows if found.is_supported}
    assert {name for name, result in results["pandas"].items() if result.success} <= said


def test_an_expectation_that_is_not_supported_says_why(
    results: dict[str, dict[str, Any]], rows: list[support.Support]
) -> None:
    lacking = [found for found in rows if not found.is_supported]
    assert lacking
    for found in lacking:
        assert found.reason
        assert f"is not supported on polars: {found.reason}" in str(
            results["polars"][found.name].exception_info
        )


def test_the_readmes_table_is_current() -> None:
    if version("great-expectations") != _locked():
        pytest.skip(f"the table is of Great Expectations {_locked()}")
    readme = support.README.read_text()
    assert support.written(readme) == readme


def test_a_readme_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="the README has no"):
        support.written("nothing")


def test_an_expectation_without_an_example_is_not_said_to_be_supported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(EXAMPLES, "expect_column_to_exist")
    said = {found.name: found for found in support.supported()}
    assert said["expect_column_to_exist"] == ("expect_column_to_exist", False, "not tried yet")


def test_the_table_is_written_between_the_markers_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before <!-- support -->old<!-- /support --> after")
    monkeypatch.setattr(support, "README", readme)
    support.main()
    assert readme.read_text().startswith("before <!-- support -->\n| expectation |")
    assert readme.read_text().endswith("\n<!-- /support --> after")
    assert "old" not in readme.read_text()


def test_a_metric_that_only_databases_have_says_so(lazyframe_batches: BatchDefinition[Any]) -> None:
    batch = lazyframe_batches.get_batch({"dataframe": TABLE.lazy()})
    told = batch.compute_metrics(ColumnValuesMatchRegexValues(column="label", regex="a")).value
    assert "Great Expectations computes it on SqlAlchemy only" in told.exception_message
