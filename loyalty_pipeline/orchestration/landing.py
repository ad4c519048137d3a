"""The raw tables as assets: one landing lands them all or none, and each of their rules is a check."""

from collections.abc import Iterator
from datetime import UTC, datetime
from inspect import getdoc
from typing import Any

import dagster as dg

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.landing import TableReport
from loyalty_pipeline.landing.table import ChecksFailed
from loyalty_pipeline.orchestration import warehouse
from loyalty_pipeline.orchestration.columns import as_markdown, column_schema
from loyalty_pipeline.orchestration.computing import Told, span
from loyalty_pipeline.orchestration.month_partitions import raw_key
from loyalty_pipeline.orchestration.tables import OWNER
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.validation.expectations import CheckResult
from loyalty_pipeline.validation.rules import Rule, rules

USABLE = "table_can_be_landed"
RETRY = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
SEVERITY = {"critical": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def landing_assets(retry: dg.RetryPolicy = RETRY) -> dg.AssetsDefinition:
    """All raw tables. Only a source that cannot be read is tried again: bad rows do not mend themselves.

    Checks of a table whose file did not change are not evaluated: what was found when it was read holds.
    """

    @dg.multi_asset(
        name="landing",
        specs=[_spec(table) for table in RAW_TABLES],
        check_specs=[spec for table in RAW_TABLES for spec in _check_specs(table)],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=retry,
        required_resource_keys={warehouse.WAREHOUSE},
    )
    def landing(context: dg.AssetExecutionContext) -> Iterator[Told]:
        yield from _landed(context)

    return landing


def rules_of(table: str) -> list[Rule]:
    """The rules of a raw table; also those that only a source that knows when a row changed is held to."""
    return rules(RAW_TABLES[table], datetime.now(UTC))


def _spec(table: str) -> dg.AssetSpec:
    contract = RAW_TABLES[table]
    metadata = {"dagster/column_schema": column_schema(contract)}
    optional = "\n\nOptional: without it, what needs it is empty." if contract.is_optional else ""
    return dg.AssetSpec(
        raw_key(table),
        group_name=contract.system,
        kinds={"parquet"},
        owners=[OWNER],
        description=as_markdown(f"{getdoc(contract)}{optional}"),
        metadata=metadata,
        skippable=True,
    )


def _check_specs(table: str) -> Iterator[dg.AssetCheckSpec]:
    told = "the source has the table and its columns, and every row is accepted, set aside, a repeat or known"
    yield dg.AssetCheckSpec(USABLE, asset=raw_key(table), description=told)
    for rule in rules_of(table):
        yield dg.AssetCheckSpec(rule.name, asset=raw_key(table), description=rule.description)


def _landed(context: dg.AssetExecutionContext) -> Iterator[Told]:
    selected = context.selected_asset_keys
    house = warehouse.of(context)
    try:
        report = house.ingest()
    except DataFault as fault:
        if raw_key(fault.table) in selected:
            yield from _failed(fault)
        raise dg.Failure(str(fault), allow_retries=False) from None
    except SourceError as fault:
        raise dg.Failure(str(fault)) from None
    landed = house.lake().landed
    for name, table in report.tables.items():
        if raw_key(name) in selected and (name in landed.tables or table.batch):
            rows = sum(entry.rows for entry in landed.tables.get(name, {}).values())
            yield dg.MaterializeResult(asset_key=raw_key(name), metadata=_facts(table, rows))
            yield from _evaluated(table)


def _facts(table: TableReport, rows: int) -> dict[str, Any]:
    facts: dict[str, Any] = {"dagster/row_count": rows, "is_changed": bool(table.months)}
    if table.warnings:
        facts["warnings"] = dg.MetadataValue.md("\n".join(f"- {warning}" for warning in table.warnings))
    if not table.batch:
        return facts | {
            "note": "the file is the one that landed before: it was not read",
            "waiting": table.waiting,
        }
    counts = (
        "extracted",
        "accepted",
        "quarantined",
        "waiting",
        "released",
        "duplicates",
        "already_landed",
        "tombstones",
    )
    facts |= {"batch": table.batch, **{name: getattr(table, name) for name in counts}}
    return facts | ({"months": span(sorted(table.months))} if table.months else {})


def _evaluated(table: TableReport) -> Iterator[dg.AssetCheckResult]:
    if table.batch:
        counts = {"extracted": table.extracted, "accepted": table.accepted, "quarantined": table.quarantined}
        yield dg.AssetCheckResult(
            check_name=USABLE, asset_key=raw_key(table.table), passed=table.reconciles, metadata=counts
        )
    yield from (_result(check) for check in table.checks)


def _failed(fault: DataFault) -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(
        check_name=USABLE, asset_key=raw_key(fault.table), passed=False, metadata={"fault": str(fault)}
    )
    if isinstance(fault, ChecksFailed):
        yield from (_result(check) for check in fault.checks)


def _result(check: CheckResult) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"rows": check.rows, "bad_rows": check.bad_rows, "bad_share": check.share}
    if check.sample_keys:
        metadata["sample_keys"] = check.sample_keys
    return dg.AssetCheckResult(
        check_name=check.rule,
        asset_key=raw_key(check.table),
        passed=check.passed,
        severity=SEVERITY[check.severity],
        metadata=metadata,
    )
