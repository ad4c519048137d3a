"""Landing one table, from its file to its report."""

from typing import TYPE_CHECKING

import polars as pl

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.landing.currencies import CURRENCIES
from loyalty_pipeline.landing.decisions import Decision
from loyalty_pipeline.landing.filing import Filed, file_rows, homes
from loyalty_pipeline.landing.history import History
from loyalty_pipeline.landing.judgement import Reading
from loyalty_pipeline.landing.report import TableReport
from loyalty_pipeline.landing.tombstones import bury, moved, vanished
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.extract import Extract
from loyalty_pipeline.sources.files import SourceFile
from loyalty_pipeline.validation.expectations import CheckResult, check

if TYPE_CHECKING:
    from loyalty_pipeline.landing.land import Landing

MUCH_OF_A_TABLE = 0.2
"""When more of a table's keys than this leave at once, somebody should look."""


class ChecksFailed(DataFault):
    """More rows break a rule than `max_bad_share` lets pass. `checks` are all results of the table."""

    checks: list[CheckResult]


def land_table(landing: "Landing", file: SourceFile, fingerprint: str) -> TableReport:
    """Read, judge, decide, check, write. Raises `DataFault` before anything of the table is in the manifest."""
    table, contract = file.table, RAW_TABLES[file.table]
    extract = Extract.of(file, contract, landing.scratch)
    warnings = _drift(extract, landing.notes.get(table, {}).get("columns", {}))
    reading = Reading(extract, landing.extracted_at, landing.settings.timezone)
    history = History.load(landing.store, landing.manifest, table, contract)
    decision = Decision(reading, *reading.judge(landing.progress), history)
    decision.decide(landing.parents)
    results = _checked(landing, decision)
    homed = homes(decision, landing.parents)
    filed = _file(landing, decision, homed)
    gone = vanished(decision, landing.extracted_at)
    place = (table, landing.batch)
    buried = pl.concat([gone, moved(decision, homed)])
    filed.entries |= bury(buried, landing.store, landing.manifest, place, contract)
    live = history.live.height
    if gone.height > MUCH_OF_A_TABLE * live:
        warnings.append(f"{gone.height} of {live} keys have left the source and count as deleted")
    report = _report(landing, decision, filed)
    report.tombstones, report.checks = buried.height, results
    report.warnings = warnings + [f"{r.bad_rows} rows: not {r.description}" for r in results if not r.passed]
    _note(landing, extract, fingerprint, report, filed)
    landing.remember(table, homed)
    if report.accepted:
        landing.fresh.add(table)
    return report


def _checked(landing: "Landing", decision: Decision) -> list[CheckResult]:
    keys = decision.ledger.select(
        pl.concat_str(pl.col(decision.reading.key).cast(pl.String), separator=", ").alias("key")
    )
    results = check(
        decision.reading.table,
        decision.verdicts,
        rules=decision.reading.rules,
        max_bad_share=landing.settings.max_bad_share,
        keys=keys.to_series(),
    )
    broken = [result for result in results if result.blocks]
    if broken:
        decision.open &= False
        _file(landing, decision, decision.ledger.clear())
        worst = max(broken, key=lambda result: result.bad_rows)
        others = f", and {len(broken) - 1} more rules fail" if len(broken) > 1 else ""
        rows = f"{worst.bad_rows} of {worst.rows} rows do not{others}"
        advice = (
            f"See {landing.quarantine.root / '_failed'}; correct them at the source, or raise max_bad_share"
        )
        fault = ChecksFailed(worst.table, worst.description, column=worst.column, rows=rows, advice=advice)
        fault.checks = results
        raise fault
    return results


def _file(landing: "Landing", decision: Decision, homed: pl.DataFrame) -> Filed:
    filed = file_rows(decision, homed, landing.store, landing.batch)
    if filed.bad:
        landing.quarantine.hold(decision.reading.table, pl.concat(filed.bad))
    return filed


def _report(landing: "Landing", decision: Decision, filed: Filed) -> TableReport:
    report = TableReport(
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
    if not report.reconciles:
        counts = f"{report.extracted} extracted, {report.accepted} accepted, {report.quarantined} quarantined"
        raise DataFault(
            report.table, "rows in and rows out do not agree", rows=counts, advice="Report this fault"
        )
    return report


def _released(landing: "Landing", decision: Decision) -> int:
    key, table = decision.reading.key, decision.reading.table
    waited_in = landing.notes.get(table, {}).get("waited_in", "")
    if not waited_in:
        return 0
    waited = landing.quarantine.waiting(table, waited_in, key).unique()
    landed = decision.ledger.filter(decision.open).select(pl.col(key).cast(pl.String))
    return landed.join(waited, on=key, how="semi").height


def _note(landing: "Landing", extract: Extract, fingerprint: str, report: TableReport, filed: Filed) -> None:
    table = report.table
    known = landing.notes.get(table, {})
    landing.notes[table] = {
        "fingerprint": fingerprint,
        "batch": landing.batch,
        "rows": extract.rows,
        "waiting": report.waiting,
        "waited_in": landing.batch if report.waiting else "",
        "columns": {name: str(dtype) for name, dtype in extract.source_schema.items()}
        or known.get("columns", {}),
        CURRENCIES: sorted({*known.get(CURRENCIES, []), *filed.currencies}),
    }
    landing.manifest.tables.setdefault(table, {}).update(filed.entries)


def _drift(extract: Extract, before: dict[str, str]) -> list[str]:
    """What changed in the file's columns: a new one or another type warns, a missing one that was used is a fault."""
    now = {name: str(dtype) for name, dtype in extract.source_schema.items()}
    if not before or not now:
        return []
    table, stated = extract.file.table, extract.file.mapping.columns
    for column in extract.contract.columns():
        name = stated.get(column, column)
        if name in before and name not in now and not extract.has(column):
            advice = f'Bring it back, or say {column} = "" in [tables.{table}.columns] if it is gone for good'
            raise DataFault(
                table, f"the column {name} was there before and is missing", column=column, advice=advice
            )
    added = [f"the source has a new column {name}" for name in now if name not in before]
    changed = [
        f"{name} was {before[name]} and is {now[name]}"
        for name in now
        if before.get(name, now[name]) != now[name]
    ]
    return added + changed


def _count(flags: pl.Series) -> int:
    return int(flags.sum())
