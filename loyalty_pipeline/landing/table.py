"""Landing one table, from its file to its report."""

from typing import TYPE_CHECKING

import polars as pl

from loyalty_pipeline.landing.advice import missing_column
from loyalty_pipeline.landing.checks import Checks
from loyalty_pipeline.landing.decisions import Decision
from loyalty_pipeline.landing.filing import Filed, file_rows, homes
from loyalty_pipeline.landing.history import History
from loyalty_pipeline.landing.notes import note
from loyalty_pipeline.landing.quarantine import FAILED
from loyalty_pipeline.landing.reading import Reading
from loyalty_pipeline.landing.report import TableReport
from loyalty_pipeline.landing.source_state import last_changes, summary_of
from loyalty_pipeline.landing.taken import Reconciliation, Taken
from loyalty_pipeline.landing.tombstones import bury, moved, vanished
from loyalty_pipeline.landing.whole import with_the_rest
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.databases.table import DatabaseTable
from loyalty_pipeline.sources.extract import Extract
from loyalty_pipeline.sources.origin import Origin
from loyalty_pipeline.validation.results import CheckResult

if TYPE_CHECKING:
    from loyalty_pipeline.landing.land import Landing

MUCH_OF_A_TABLE = 0.2
"""When more of a table's keys than this leave at once, somebody should look."""


def land_table(landing: "Landing", origin: Origin, fingerprint: str) -> TableReport:
    """Read, judge, decide, check, write. Raises `DataFault` before anything of the table is in the manifest."""
    table, contract = origin.table, RAW_TABLES[origin.table]
    part = origin.part if isinstance(origin, Taken) else None
    extract = Extract.of(origin, contract, landing.scratch, part)
    reading = Reading(extract, landing.extracted_at, landing.settings.timezone, landing.scratch)
    rules = landing.standards.rules(table, has_updated_at=reading.is_versioned)
    checks = Checks(reading, rules, landing.standards.validator, landing.parameters)
    checks.of_source(landing.notes.get(table, {}).get("columns", {}))
    checks.stop_if_blocked(missing_column(table))
    ledger = reading.read(landing.progress)
    history = History.load(landing.store, landing.manifest, table, contract)
    own = checks.of_rows(landing.references(rules), lambda: _whole(landing, reading, ledger, history))
    decision = Decision(reading, ledger, history, own.reasons)
    checks.results += decision.decide(checks.of_ledger, landing.parents).results
    checks.of_decision(decision)
    _stop_if_blocked(landing, decision, checks)
    homed = homes(decision, landing.parents)
    filed = _file(landing, decision, homed)
    gone = vanished(decision, landing.extracted_at)
    place = (table, landing.batch)
    buried = pl.concat([gone, moved(decision, homed)])
    filed.entries |= bury(buried, landing.store, landing.manifest, place, contract)
    report = _report(landing, decision, filed)
    checks.of_report(report)
    if found := _reconciled(reading, ledger):
        checks.of_reconciliation(found)
    checks.stop_if_blocked("Report this fault: rows were lost or made in landing")
    report.tombstones, report.checks = buried.height, checks.results
    report.warnings = _warnings(checks.results, gone.height, history.live.height)
    landing.manifest.tables.setdefault(table, {}).update(filed.entries)
    landing.notes[table] = note(landing, decision, report, filed) | {"fingerprint": fingerprint}
    landing.remember(table, homed)
    if report.accepted:
        landing.fresh.add(table)
    return report


def _reconciled(reading: Reading, ledger: pl.DataFrame) -> Reconciliation | None:
    """What a database said of itself, and what was read of it; None where the source cannot say."""
    origin = reading.extract.origin
    if not isinstance(origin, Taken):
        return None
    table = origin.origin
    if origin.reconciliation or not isinstance(table, DatabaseTable) or not table.is_watched:
        return origin.reconciliation
    return Reconciliation(table.summary, summary_of(last_changes(ledger, reading.key)))


def _whole(landing: "Landing", reading: Reading, ledger: pl.DataFrame, history: History) -> pl.LazyFrame:
    landed = landing.manifest.tables.get(reading.table, {})
    return with_the_rest(reading, ledger, history, landing.store.scan(landed.values()))


def _stop_if_blocked(landing: "Landing", decision: Decision, checks: Checks) -> None:
    """What would have been set aside stays as evidence of a stop."""
    if any(result.blocks for result in checks.results):
        decision.open &= False
        _file(landing, decision, decision.ledger.clear())
    failed = landing.quarantine.root / FAILED
    checks.stop_if_blocked(f"See {failed}; correct them at the source, or raise max_bad_share")


def _warnings(results: list[CheckResult], gone: int, live: int) -> list[str]:
    told = [
        f"{result.rule}: {result.bad_rows} rows do not keep it: {result.description}"
        if result.bad_rows
        else f"{result.rule}: not so: {result.description} ({result.observed or result.error})"
        for result in results
        if not result.passed
    ]
    if gone > MUCH_OF_A_TABLE * live:
        told.append(f"{gone} of {live} keys have left the source and count as deleted")
    return told


def _file(landing: "Landing", decision: Decision, homed: pl.DataFrame) -> Filed:
    filed = file_rows(decision, homed, landing.store, landing.batch)
    if filed.bad:
        landing.quarantine.hold(decision.reading.table, pl.concat(filed.bad))
    return filed


def _report(landing: "Landing", decision: Decision, filed: Filed) -> TableReport:
    return TableReport(
        decision.reading.table,
        batch=landing.batch,
        extracted=decision.reading.extract.rows,
        accepted=_count(decision.open),
        quarantined=_count(decision.quarantined),
        waiting=_count(decision.waiting),
        duplicates=_count(decision.duplicate),
        already_landed=_count(decision.landed),
        released=_released(landing, decision),
        months=filed.months,
    )


def _released(landing: "Landing", decision: Decision) -> int:
    key, table = decision.reading.key, decision.reading.table
    waited_in = landing.notes.get(table, {}).get("waited_in", "")
    if not waited_in:
        return 0
    # The quarantine has keys as the source writes them, the ledger as they were read.
    as_read = pl.col(key).str.strip_chars()
    waited = landing.quarantine.waiting(table, waited_in, key).with_columns(as_read).unique()
    landed = decision.ledger.filter(decision.open).select(pl.col(key).cast(pl.String))
    return landed.join(waited, on=key, how="semi").height


def _count(flags: pl.Series) -> int:
    return int(flags.sum())
