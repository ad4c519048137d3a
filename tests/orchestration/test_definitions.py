import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.audit import rules
from loyalty_pipeline.orchestration import build_defs
from loyalty_pipeline.orchestration.landing import suites_of
from loyalty_pipeline.orchestration.month_partitions import raw_key
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES

ROOT = Path(__file__).parents[2]
LOADED = """
import sys
import loyalty_pipeline.definitions as loaded
print(sorted({"great_expectations", "pandas"} & sys.modules.keys()), len(loaded.defs.resolve_asset_graph().get_all_asset_keys()))
"""


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return build_defs(Settings(data_dir=tmp_path_factory.mktemp("data"), source="nowhere"))


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


def test_the_definitions_load_where_there_is_neither_settings_file_nor_source(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_dg_and_the_workspace_name_the_same_module():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    named = [location["python_module"]["module_name"] for location in workspace]
    assert named == [project["code_location_target_module"]] == ["loyalty_pipeline.definitions"]


def test_loading_in_an_empty_folder_imports_no_great_expectations(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["[]", str(len(tables()) + len(RAW_TABLES) + 1)]
    assert not list(tmp_path.iterdir())


def test_every_column_of_every_table_is_described_with_its_type(graph):
    for name, table in tables().items():
        schema = graph.get(dg.AssetKey(name)).metadata["dagster/column_schema"]
        assert {column.name: column.type for column in schema.columns} == {
            column: str(dtype) for column, dtype in polars_schema(table.contract).items()
        }
        assert all(column.description for column in schema.columns)


def test_units_and_keys_stand_with_the_columns(graph):
    schema = graph.get(dg.AssetKey("mrr_growth")).metadata["dagster/column_schema"]
    constraints = {column.name: column.constraints for column in schema.columns}
    assert constraints["closing_mrr"].other == ["reporting currency / month"]
    assert constraints["period"].other == ["key"]
    assert constraints["nrr"].nullable
    assert not constraints["closing_mrr"].nullable


def test_every_rule_of_a_contract_is_a_check_that_blocks(graph):
    for name, table in tables().items():
        found = {key.name for key in graph.asset_check_keys if key.asset_key == dg.AssetKey(name)}
        assert found == set(rules(table.contract))


def test_every_rule_of_a_raw_table_is_a_check(graph):
    suites = suites_of(Settings())
    for name in RAW_TABLES:
        found = {key.name for key in graph.asset_check_keys if key.asset_key == raw_key(name)}
        assert found == {"table_can_be_landed", *(rule.name for rule in suites[name])}


def test_the_formula_of_a_metric_is_readable_without_tex(graph):
    description = graph.get(dg.AssetKey("churn")).description
    assert "customer_churn_rate = churned / opening" in description
    assert "gross = (churned + contracted) / opening*" in description
    assert "\\" not in description


def test_a_table_that_reads_its_own_month_before_depends_on_it(definitions):
    (node,) = [a for a in definitions.resolve_all_asset_specs() if a.key == dg.AssetKey("line_state")]
    mappings = {dep.asset_key.to_user_string(): dep.partition_mapping for dep in node.deps}
    own = mappings["line_state"]
    assert (own.start_offset, own.end_offset, own.allow_nonexistent_upstream_partitions) == (-1, -1, True)
    assert mappings["renewals"] == dg.AllPartitionMapping()


def test_every_table_of_months_waits_for_the_tables_that_say_which_months_there_are(definitions):
    graph = definitions.resolve_asset_graph()
    for name, table in tables().items():
        if table.unit == "month":
            above = graph.get(dg.AssetKey(name)).parent_keys
            seen = set(above)
            while above:
                above = {parent for key in above for parent in graph.get(key).parent_keys} - seen
                seen |= above
            assert {dg.AssetKey("recurring_lines"), dg.AssetKey("payments")} <= seen, name


def test_the_snapshot_is_made_of_all_published_tables(graph):
    assert graph.get(dg.AssetKey("snapshot")).parent_keys == {
        dg.AssetKey(table.__name__) for table in PUBLISHED
    }


@pytest.mark.parametrize("is_started", [True, False])
def test_schedule_and_sensors_run_only_when_a_setting_starts_them(tmp_path, is_started):
    settings = Settings(
        data_dir=tmp_path, start_schedules=is_started, nightly_cron="30 4 * * *", timezone="Europe/Berlin"
    )
    repository = build_defs(settings).get_repository_def()
    (nightly,) = repository.schedule_defs
    assert (nightly.cron_schedule, nightly.execution_timezone) == ("30 4 * * *", "Europe/Berlin")
    statuses = {d.default_status.value for d in [*repository.schedule_defs, *repository.sensor_defs]}
    assert statuses == {"RUNNING" if is_started else "STOPPED"}
