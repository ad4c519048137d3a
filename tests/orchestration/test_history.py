"""What Dagster is told of a lake that it did not compute."""

import dagster as dg

from loyalty_pipeline.orchestration.history import tell
from loyalty_pipeline.pipeline import nightly, open_lake


def test_a_night_without_dagster_is_in_its_history_once(company):
    nightly(company.settings)
    lake = open_lake(company.settings)
    assert tell(company.instance, company.settings) > len(lake.tables)
    assert company.instance.get_materialized_partitions(dg.AssetKey("churn")) == set(lake.months)
    event = company.instance.get_latest_materialization_event(dg.AssetKey("merges"))
    assert event.asset_materialization.metadata["digest"].value == lake.kept("merges")[0].digest
    assert tell(company.instance, company.settings) == 0


def test_without_a_lake_there_is_nothing_to_tell(company):
    assert tell(company.instance, company.settings) == 0
