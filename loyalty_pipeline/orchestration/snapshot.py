"""The snapshot: what readers get, as the last asset of a run."""

from typing import Any

import dagster as dg

from loyalty_pipeline.catalogue import PUBLISHED
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.orchestration import warehouse
from loyalty_pipeline.orchestration.computing import SNAPSHOT
from loyalty_pipeline.orchestration.preconditions import refuse_what_is_missing
from loyalty_pipeline.orchestration.tables import OWNER
from loyalty_pipeline.publication.brief import Brief
from loyalty_pipeline.publication.snapshot import Publication, PublicationConflict


def snapshot_asset() -> dg.AssetsDefinition:
    """All published tables of one state of the lake, shown to readers in one step."""

    @dg.asset(
        key=SNAPSHOT,
        group_name="publication",
        deps=[table.__name__ for table in PUBLISHED],
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds={"parquet"},
        owners=[OWNER],
        description=(
            "One folder with a Parquet file for each published table, never changed once `current.json` names it.\n\n"
            "Its id is the digest of inputs, settings and code: a run that changes nothing publishes nothing. "
            "It is made only of a lake in which nothing is stale."
        ),
        required_resource_keys={warehouse.WAREHOUSE},
    )
    def snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        house = warehouse.of(context)
        lake = house.lake()
        _refuse_stale(lake)
        try:
            publication = house.publish(lake)
        except PublicationConflict as conflict:
            raise dg.Failure(str(conflict), allow_retries=False) from None
        return dg.MaterializeResult(metadata=_facts(publication))

    return snapshot


def _refuse_stale(lake: Lake) -> None:
    for name, table in lake.tables.items():
        refuse_what_is_missing(lake, table, lake.units(table))
        if stale := lake.stale(name):
            message = f"{name} is stale in {len(stale)} months, first {stale[0]}: run the job metrics, which computes them"
            raise dg.Failure(message, allow_retries=False)


def _facts(publication: Publication) -> dict[str, Any]:
    lines = [f"| {name} | {rows:,} |" for name, rows in publication.rows.items()]
    return {
        "snapshot": publication.snapshot,
        "is_changed": publication.is_changed,
        "rows": dg.MetadataValue.md("\n".join(["| table | rows |", "| --- | ---: |", *lines])),
        "dagster/row_count": sum(publication.rows.values()),
        "path": dg.MetadataValue.path(str(publication.folder)),
        "restatements": publication.restated.count,
        **_largest(publication.restated),
    }


def _largest(restated: Brief) -> dict[str, Any]:
    """The largest restatements as a table, where there are any."""
    lines = [f"| {_cell(one.cell)} | {one.numbers} | {_cell(one.why)} |" for one in restated.largest]
    table = "\n".join(
        ["| number of a complete period | was -> is | because of |", "| --- | --- | --- |", *lines]
    )
    return {"largest_restatements": dg.MetadataValue.md(table)} if lines else {}


def _cell(text: str) -> str:
    """Words as they can stand in a table of Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")
