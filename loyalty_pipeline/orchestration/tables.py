"""A table of the lake as an asset: all that Dagster shows of it is read from its specification."""

from collections.abc import Iterator

import dagster as dg

from loyalty_pipeline.catalogue import EVENTS, METRICS, SCORECARD, STAGING
from loyalty_pipeline.lake.audit import rules
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.orchestration.columns import as_markdown, column_schema
from loyalty_pipeline.orchestration.computing import Told, computed
from loyalty_pipeline.orchestration.month_partitions import dependencies
from loyalty_pipeline.orchestration.warehouse import WAREHOUSE

OWNER = "team:customer-analytics"


def asset_of(
    table: Specification, catalogue: dict[str, Specification], months: dg.MonthlyPartitionsDefinition
) -> dg.AssetsDefinition:
    """An asset named like the table, fed by what it reads, described by its contract and held to it.

    A range of months is one run. A table that is made as a whole has no partitions.
    """

    @dg.asset(
        name=table.name,
        group_name=group_of(table.name),
        deps=dependencies(table, catalogue),
        partitions_def=None if table.unit == "whole" else months,
        # The command line refuses a range of months when any asset of the job lacks it, partitioned or not.
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds={"polars", "parquet"},
        owners=[OWNER],
        description=as_markdown(table.description),
        metadata={"dagster/column_schema": column_schema(table.contract)},
        code_version=table.code,
        check_specs=check_specs(table),
        required_resource_keys={WAREHOUSE},
    )
    def materialise(context: dg.AssetExecutionContext) -> Iterator[Told]:
        yield from computed(context, table, months)

    return materialise


def check_specs(table: Specification) -> list[dg.AssetCheckSpec]:
    """One check for each rule of the contract, held before any manifest names the new files."""
    return [
        dg.AssetCheckSpec(rule, asset=table.name, description=told, blocking=True)
        for rule, told in rules(table.contract).items()
    ]


def group_of(name: str) -> str:
    """The stage of the pipeline that a table belongs to."""
    if name in {table.__name__ for table in (*STAGING, *EVENTS)}:
        return "staging"
    return "metrics" if name in {table.__name__ for table in (*METRICS, *SCORECARD)} else "months"
