"""What `loyalty doctor` finds at the sources: every connection, table and column, and how fresh the rows are."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from loyalty_pipeline.cli.finding import Finding
from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.landing.source_state import newest_change
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.address import shown
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.databases.table import DatabaseTable
from loyalty_pipeline.sources.extract import Extract
from loyalty_pipeline.sources.mapping import check_mappings
from loyalty_pipeline.sources.opening import DEFAULT, Sources, opened, source_of, stated_address
from loyalty_pipeline.sources.origin import Origin


def source_findings(settings: Settings) -> Iterator[Finding]:
    """One finding a source, and one a raw table of each that answers. Raises `SettingsError` for a wrong mapping."""
    check_mappings(settings.tables, settings.sources)
    names = {
        name: [t for t in RAW_TABLES if source_of(settings, t) == name]
        for name in (DEFAULT, *settings.sources)
    }
    with opened(settings) as sources, tempfile.TemporaryDirectory() as scratch:
        for name, tables in names.items():
            if tables:
                yield from _of_source(sources, name, tables, Path(scratch))


def _of_source(sources: Sources, name: str, tables: list[str], scratch: Path) -> Iterator[Finding]:
    subject = f"source {name}" if name else "source"
    found, faults = {}, {}
    for table in tables:
        try:
            found[table] = sources.find(table)
        except SourceError as fault:
            faults[table] = str(fault)
    if not found and len(set(faults.values())) == 1:
        # It does not answer at all.
        yield Finding(subject, is_good=False, told=next(iter(faults.values())))
        return
    yield Finding(subject, is_good=True, told=f"{shown(stated_address(sources.settings, name))} answers")
    for table in tables:
        if table in faults:
            yield Finding(table, is_good=False, told=faults[table])
        else:
            yield _of_table(table, found[table], scratch)


def _of_table(table: str, origin: Origin | None, scratch: Path) -> Finding:
    if origin is None:
        is_optional = RAW_TABLES[table].is_optional
        missing = "not there; optional: what needs it is empty" if is_optional else "required, and not there"
        return Finding(table, is_good=is_optional, told=missing)
    try:
        faults = origin.faults() if isinstance(origin, DatabaseTable) else []
        newest = None if faults else _newest(origin, scratch)
    except (DataFault, SourceError) as fault:
        faults = [str(fault)]
    if faults:
        return Finding(table, is_good=False, told="\n".join(faults))
    return Finding(table, is_good=True, told=f"{origin.place}{_fresh(newest)}")


def _newest(origin: Origin, scratch: Path) -> datetime | None:
    if isinstance(origin, DatabaseTable):
        return origin.summary.newest if origin.is_watched else None
    extract = Extract.of(origin, RAW_TABLES[origin.table], scratch)
    newest = newest_change(extract)
    with suppress(FileNotFoundError):
        # A copy that was made to look at it.
        (scratch / extract.path.name).unlink()
    return newest


def _fresh(newest: datetime | None) -> str:
    if newest is None:
        return ", which does not say when its rows change"
    if newest > datetime.now(UTC):
        return f", whose newest change lies in the future: {newest:%Y-%m-%d %H:%M} UTC"
    hours = (datetime.now(UTC) - newest).total_seconds() / 3600
    ago = f"{hours:,.0f} hours" if hours < 48 else f"{hours / 24:,.0f} days"  # noqa: PLR2004 - two days
    return f", changed {newest:%Y-%m-%d %H:%M} UTC, {ago} ago"
