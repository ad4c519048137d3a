"""The raw tables as assets: one landing lands them all or none, and each of their rules is a check."""

from collections.abc import Iterator
from inspect import getdoc
from typing import Any, cast

import dagster as dg
from pydantic import Field

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.landing import TableReport
from loyalty_pipeline.landing.checks import AGREES, USABLE, unusable
from loyalty_pipeline.landing.quarantine import FAILED, QUARANTINE
from loyalty_pipeline.orchestration import warehouse
from loyalty_pipeline.orchestration.columns import as_markdown, column_schema
from loyalty_pipeline.orchestration.computing import Told, span
from loyalty_pipeline.orchestration.month_partitions import raw_key
from loyalty_pipeline.orchestration.tables import OWNER
from loyalty_pipeline.orchestration.warehouse import Warehouse
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.opening import is_from_database
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.validation.entries import load_entries
from loyalty_pipeline.validation.results import CheckResult
from loyalty_pipeline.validation.rule import Rule
from loyalty_pipeline.validation.suite import suite

RETRY = dg.RetryPolicy(max_retries=3, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
SEVERITY = {"critical": dg.AssetCheckSeverity.ERROR, "warning": dg.AssetCheckSeverity.WARN}


def landing_assets(settings: Settings, retry: dg.RetryPolicy = RETRY) -> dg.AssetsDefinition:
    """All raw tables. Only a source that cannot be read is tried again: bad rows do not mend themselves.

    Checks of a table whose file did not change are not evaluated: what was found when it was read holds.
    """
    suites = suites_of(settings)

    @dg.multi_asset(
        name="landing",
        specs=[_spec(table) for table in RAW_TABLES],
        check_specs=[
            spec
            for table, rules in suites.items()
            for spec in _check_specs(table, [*_of_source(settings, table), *rules])
        ],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=retry,
        required_resource_keys={warehouse.WAREHOUSE},
    )
    def landing(context: dg.AssetExecutionContext, config: Extraction) -> Iterator[Told]:
        yield from _landed(context, config)

    return landing


class Extraction(dg.Config):
    """How the sources are read in a run."""

    reconcile: bool = Field(
        default=False,
        description="Compare all keys of databases with what has landed, and mend what differs.",
    )


def _of_source(settings: Settings, table: str) -> list[Rule]:
    try:
        return [AGREES] if is_from_database(settings, table) else []
    except SourceError:
        # What the address lacks is told when it is asked, not when the definitions are loaded.
        return [AGREES]


def suites_of(settings: Settings) -> dict[str, list[Rule]]:
    """The rules of each raw table, with what data engineers wrote; also those of sources that know when a row changed."""
    entries = load_entries(settings.expectations, settings.timezone)
    return {table: suite(table, entries.get(table, ())) for table in RAW_TABLES}


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


def _check_specs(table: str, rules: list[Rule]) -> Iterator[dg.AssetCheckSpec]:
    for rule in (USABLE, *rules):
        facts = {"severity": rule.severity, "column": rule.column, "scope": rule.scope}
        if rule.expectation:
            facts["expectation"] = f"expect_{rule.expectation}"
        yield dg.AssetCheckSpec(
            rule.name,
            asset=raw_key(table),
            description=rule.description,
            # A landing that a critical check stops has failed itself: nothing downstream runs on it.
            blocking=rule.severity == "critical",
            metadata=facts,
        )


def _landed(context: dg.AssetExecutionContext, config: Extraction) -> Iterator[Told]:
    selected, asked = context.selected_asset_keys, context.selected_asset_check_keys
    house = warehouse.of(context)
    try:
        report = house.ingest(is_reconciling=config.reconcile)
    except DataFault as fault:
        yield from (result for result in _failed(house, fault) if _key_of(result) in asked)
        raise dg.Failure(str(fault), allow_retries=False) from None
    except SourceError as fault:
        raise dg.Failure(str(fault)) from None
    landed = house.lake().landed
    for name, table in report.tables.items():
        if raw_key(name) in selected and (name in landed.tables or table.batch):
            rows = sum(entry.rows for entry in landed.tables.get(name, {}).values())
            yield dg.MaterializeResult(asset_key=raw_key(name), metadata=_facts(table, rows))
            folder = house.settings.data_dir / QUARANTINE / name / f"{table.batch}.parquet"
            results = [check_result(check, folder) for check in table.checks]
            # An entry that was written since Dagster loaded the files is judged, and shown from the next loading on.
            yield from (result for result in results if _key_of(result) in asked)


def _key_of(result: dg.AssetCheckResult) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(cast("dg.AssetKey", result.asset_key), cast("str", result.check_name))


def _facts(table: TableReport, rows: int) -> dict[str, Any]:
    facts: dict[str, Any] = {"dagster/row_count": rows, "is_changed": bool(table.months)}
    if table.warnings:
        facts["warnings"] = dg.MetadataValue.md("\n".join(f"- {warning}" for warning in table.warnings))
    if not table.batch:
        return facts | {
            "note": "nothing changed at the source since it landed: it was not read",
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


def _failed(house: Warehouse, fault: DataFault) -> Iterator[dg.AssetCheckResult]:
    """What was checked until a landing was stopped, also of tables that were fine: none of them has landed."""
    folder = house.settings.data_dir / QUARANTINE / FAILED
    yield from (check_result(check, folder) for check in fault.checked)
    if (fault.table, USABLE.name) not in {(check.table, check.rule) for check in fault.checked}:
        yield check_result(unusable(fault), folder)


def check_result(check: CheckResult, quarantine: Place | None) -> dg.AssetCheckResult:
    """What came of a check, as Dagster shows it; `quarantine` is where the table's bad rows are."""
    facts: dict[str, Any] = {"verdict": check.verdict, "severity": check.severity}
    if check.rows:
        facts |= {"rows": check.rows, "bad_rows": check.bad_rows, "bad_percent": 100 * check.share}
    for name in ("observed", "error"):
        if told := getattr(check, name):
            facts[name] = dg.MetadataValue.text(told)
    for name in ("sample_keys", "sample_values"):
        if samples := getattr(check, name):
            facts[name] = dg.MetadataValue.text("; ".join(samples))
    if quarantine and check.bad_rows and check.severity == "critical":
        facts["quarantine"] = dg.MetadataValue.path(str(quarantine))
    return dg.AssetCheckResult(
        check_name=check.rule,
        asset_key=raw_key(check.table),
        passed=check.passed,
        severity=SEVERITY[check.severity],
        description=told_in_words(check),
        metadata=facts,
    )


def told_in_words(check: CheckResult) -> str:
    """The rule, and how it was kept, in a sentence."""
    if check.error:
        return f"{check.description}: could not be evaluated: {check.error}"
    if check.bad_rows:
        share = f"{100 * check.share:.4g} %"
        return f"{check.description}: {check.bad_rows:,} of {check.rows:,} rows do not ({share})"
    return check.description if check.passed else f"{check.description}: not so ({check.observed})"
