"""What the manifest notes on each table: where its rows came from, what became of them, and how far they were read."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from loyalty_pipeline.landing.currencies import CURRENCIES
from loyalty_pipeline.landing.decisions import Decision
from loyalty_pipeline.landing.extraction import KINDS
from loyalty_pipeline.landing.filing import Filed
from loyalty_pipeline.landing.increment import CHANGED_UNTIL, SCANNED_AT
from loyalty_pipeline.landing.report import TableReport
from loyalty_pipeline.landing.taken import Taken
from loyalty_pipeline.sources.databases.table import DatabaseTable

if TYPE_CHECKING:
    from loyalty_pipeline.landing.land import Landing


def note(landing: "Landing", decision: Decision, report: TableReport, filed: Filed) -> dict[str, Any]:
    """The note on a table that was read, but for the fingerprint."""
    extract, known = decision.reading.extract, landing.notes.get(report.table, {})
    columns = {name: str(dtype) for name, dtype in extract.source_schema.items()}
    return {
        "stated": extract.origin.stated(landing.standards.terms(report.table)),
        "batch": landing.batch,
        "rows": extract.population,
        "quarantined": report.quarantined,
        "waiting": report.waiting,
        "waited_in": landing.batch if report.waiting else "",
        "columns": columns or known.get("columns", {}),
        CURRENCIES: sorted({*known.get(CURRENCIES, []), *filed.currencies}),
        **_how_far(decision, known),
    }


def _how_far(decision: Decision, known: dict[str, Any]) -> dict[str, Any]:
    """Of a database: until when changes have been read, when all keys were compared, and what the columns held."""
    extract, read_at = decision.reading.extract, decision.reading.extracted_at
    origin = extract.origin.origin if isinstance(extract.origin, Taken) else None
    if not isinstance(origin, DatabaseTable):
        return {}
    kinds = {name: origin.relation.columns[name].kind for name in origin.selection.columns}
    if not origin.is_watched:
        return {KINDS: kinds}
    # What lies in the future is no measure of how far it was read.
    changed = decision.ledger["updated_at"].filter(decision.ledger["updated_at"] <= read_at)
    before = pl.Series(
        "updated_at", [known[CHANGED_UNTIL]] if CHANGED_UNTIL in known else [], dtype=pl.String
    )
    until = changed.append(before.str.to_datetime(time_unit="us", time_zone="UTC")).max()
    is_scanned = extract.part is None or extract.part.present is not None
    scanned_at = read_at.isoformat() if is_scanned else known.get(SCANNED_AT, "")
    return {KINDS: kinds, SCANNED_AT: scanned_at} | (
        {CHANGED_UNTIL: until.isoformat()} if isinstance(until, datetime) else {}
    )
