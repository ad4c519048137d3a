"""A step: which months of a table a run wants, computed by the lake, and what Dagster is told of it."""

from collections.abc import Iterator
from time import monotonic
from typing import Any

import dagster as dg

from loyalty_pipeline.cluster.workers import Progress
from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.lake.audit import ContractBroken, rules
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.outcome import Outcome, by_month
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.orchestration import warehouse
from loyalty_pipeline.orchestration.month_partitions import selected_units
from loyalty_pipeline.orchestration.preconditions import refuse_a_run_without_months, refuse_what_is_missing
from loyalty_pipeline.orchestration.trend import HEADLINES, headline, trend

Told = dg.MaterializeResult[None] | dg.AssetCheckResult
SNAPSHOT = dg.AssetKey("snapshot")
LOG_EVERY = 10.0
"""Seconds between two lines of progress in a run's log."""


def computed(
    context: dg.AssetExecutionContext, table: Specification, months: dg.MonthlyPartitionsDefinition
) -> Iterator[Told]:
    """Compute what a run wants of a table.

    A run that ends in a snapshot wants every stale month, whatever it selects: a snapshot is of one state, and what
    landed may change months outside the selection. Any other run wants the months it selects. Rows that break
    the contract are a failed check and a `dg.Failure`, and no file of their month changes.
    """
    house = warehouse.of(context)
    lake = house.lake()
    keys = list(months.get_partition_keys())
    selected = [] if table.unit == "whole" else _selected(context)
    wants_all = not selected or SNAPSHOT in context.job_def.asset_layer.selected_asset_keys
    try:
        if wants_all and lake.landed.tables and _has_all(context, lake):
            refuse_a_run_without_months(context)
            house.compute_ahead(lake, _Log(context))
        units = lake.units(table) if wants_all else selected_units(selected, lake.units(table), keys)
        refuse_what_is_missing(lake, table, units)
        outcomes = by_month(house.compute(lake, table.name, units))
    except ContractBroken as broken:
        yield from _verdicts(table, {breach.rule: breach.rows for breach in broken.breaches}, [])
        raise dg.Failure(str(broken), allow_retries=False) from None
    except DataFault as fault:
        raise dg.Failure(str(fault), allow_retries=False) from None
    except SourceError as fault:
        raise dg.Failure(str(fault)) from None
    _tell_months(context, facts_by_month(lake, outcomes), outcomes, (selected, keys))
    picture = {"trend": dg.MetadataValue.md(trend(lake, table))}
    if selected:
        # With the newest month only: the event of each month is stored.
        context.add_asset_metadata(picture, partition_key=selected[-1])
    summary = _summary(table.name, outcomes, selected, lake)
    yield dg.MaterializeResult(metadata=summary if selected else summary | picture)
    yield from _verdicts(table, {}, outcomes)


class _Log:
    """Tells a run's log how far tasks are, at most so often."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self.context, self.last = context, 0.0

    def __call__(self, progress: Progress) -> None:
        if progress.failed or monotonic() - self.last > LOG_EVERY:
            self.last = monotonic()
            self.context.log.info(
                "%s of %s tasks done, %s running, %s failed",
                *(
                    f"{count:,}"
                    for count in (progress.done, progress.total, progress.running, progress.failed)
                ),
            )


def _has_all(context: dg.AssetExecutionContext, lake: Lake) -> bool:
    """Whether the run selects every table, so that nothing can be missing."""
    selected = context.job_def.asset_layer.selected_asset_keys
    return all(dg.AssetKey(name) in selected for name in lake.tables)


def _selected(context: dg.AssetExecutionContext) -> list[str]:
    if context.has_partition_key or context.has_partition_key_range:
        return list(context.partition_keys)
    return []


def _tell_months(
    context: dg.AssetExecutionContext,
    facts: dict[str, dict[str, Any]],
    outcomes: list[Outcome],
    months: tuple[list[str], list[str]],
) -> None:
    """Selected months get their own metadata, and others that were recomputed an event of their own."""
    selected, keys = months
    for outcome in outcomes:
        month = outcome.month
        if month in selected:
            context.add_asset_metadata(facts[month], partition_key=month)
        elif outcome.is_recomputed and month in keys:
            context.log_event(
                dg.AssetMaterialization(context.asset_key, partition=month, metadata=facts[month])
            )


def facts_by_month(lake: Lake, outcomes: list[Outcome]) -> dict[str, dict[str, Any]]:
    """What Dagster shows of each month: sizes, digests and the headline, never rows of people."""
    if not outcomes:
        return {}
    name = outcomes[0].table
    values = headline(lake, name)
    return {
        outcome.month: {
            **({HEADLINES[name]: values[outcome.month]} if outcome.month in values else {}),
            "dagster/partition_row_count": outcome.rows,
            "bytes": outcome.bytes,
            "digest": outcome.digest,
            "is_recomputed": outcome.is_recomputed,
            "is_changed": outcome.is_changed,
        }
        for outcome in outcomes
    }


def _summary(name: str, outcomes: list[Outcome], selected: list[str], lake: Lake) -> dict[str, Any]:
    recomputed = [outcome.month for outcome in outcomes if outcome.is_recomputed]
    changed = [outcome.month for outcome in outcomes if outcome.is_changed]
    summary: dict[str, Any] = {
        "months_recomputed": len(recomputed),
        "months_changed": len(changed),
        "months_kept": len(outcomes) - len(recomputed),
    }
    if recomputed:
        summary["recomputed"] = span(recomputed)
    if outside := [month for month in selected if month not in {outcome.month for outcome in outcomes}]:
        limits = f"{lake.months[0]} to {lake.months[-1]}" if lake.months else "empty so far"
        summary["skipped"] = f"{span(outside)}: nothing to compute; business is from {limits}"
    if needs := lake.unfed.get(name):
        summary["empty"] = f"no row of {' or '.join(needs)} ever landed"
    if not selected:
        summary["dagster/row_count"] = sum(outcome.rows for outcome in outcomes)
    return summary


def span(months: list[str]) -> str:
    """Months in words, whatever their number."""
    return months[0] if len(months) == 1 else f"{len(months)} from {months[0]} to {months[-1]}"


def _verdicts(
    table: Specification, broken: dict[str, int], outcomes: list[Outcome]
) -> Iterator[dg.AssetCheckResult]:
    rows = sum(outcome.rows for outcome in outcomes if outcome.is_recomputed)
    is_new = broken or any(outcome.is_recomputed for outcome in outcomes)
    told = (
        {"rows_checked": rows} if is_new else {"note": "nothing was recomputed: what was found before holds"}
    )
    for rule in rules(table.contract):
        found = {"rows_that_break_it": broken[rule]} if rule in broken else {} if broken else told
        yield dg.AssetCheckResult(
            check_name=rule, asset_key=table.name, passed=rule not in broken, metadata=found
        )
