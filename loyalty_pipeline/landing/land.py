"""Landing a source: each table whose file changed is read whole, judged, and what is new in it is filed.

All or nothing: the manifest is committed once, at the end. A fault raises before it, and nothing has happened. The
caller holds the run's lock. A night on which no file changed reads no file and writes nothing.
"""

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from loyalty_pipeline.faults import DataFault, SourceError
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing.checks import ChecksFailed, unusable
from loyalty_pipeline.landing.currencies import check_rates
from loyalty_pipeline.landing.extraction import Extraction
from loyalty_pipeline.landing.history import HOME, History
from loyalty_pipeline.landing.quarantine import QUARANTINE, Quarantine, forget_readings
from loyalty_pipeline.landing.reading import Progress
from loyalty_pipeline.landing.report import LandingReport, TableReport
from loyalty_pipeline.landing.settings import LandingSettings
from loyalty_pipeline.landing.standards import Standards
from loyalty_pipeline.landing.taken import Taken
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.sources.opening import opened
from loyalty_pipeline.sources.origin import Origin
from loyalty_pipeline.storage.place import Place, place_of
from loyalty_pipeline.storage.scratch import scratch_at
from loyalty_pipeline.validation.history import remember
from loyalty_pipeline.validation.suite import needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from loyalty_pipeline.lake.manifest import Manifest
    from loyalty_pipeline.validation.rule import Rule

SCRATCH = ".scratch"

LANDED = "landed"
"""The note on each table: the file it was last read from, and what came of it."""


def land(
    settings: LandingSettings,
    *,
    extracted_at: datetime | None = None,
    progress: Progress | None = None,
    reread: frozenset[str] = frozenset(),
    is_reconciling: bool = False,
) -> LandingReport:
    """Land what is new at the source and say what was done.

    `extracted_at` is the instant of the extraction, by default now; it always comes after that of the last landing.
    The tables of `reread` are read and judged again, whole, although nothing changed there. `is_reconciling` compares all
    keys of the databases' tables with what has landed, and mends what differs.
    Raises `SourceError` when the source cannot be read and `DataFault` when its rows must not be used; nothing is
    committed then.
    """
    landing = Landing(
        settings, progress or (lambda *_: None), extracted_at, reread, is_reconciling=is_reconciling
    )
    return landing.run()


@dataclass
class Landing:
    """One landing while it runs. `manifest` is the one to be committed."""

    settings: LandingSettings
    progress: Progress
    stated_at: datetime | None = None
    """The instant of the extraction, if the caller knows better than the clock."""
    reread: frozenset[str] = frozenset()
    is_reconciling: bool = False
    fresh: set[str] = field(default_factory=set)
    """The tables in which new rows have landed in this run."""

    def __post_init__(self) -> None:
        """Read what has landed so far; write nothing."""
        self.store = Store(self.data_dir / "landing")
        self.manifest: Manifest = self.store.read()
        forget_readings(self.data_dir / QUARANTINE, self.notes)
        self._parents: dict[str, pl.DataFrame | None] = {}

    @property
    def notes(self) -> dict[str, dict[str, Any]]:
        """What is known of each table's last reading."""
        return self.manifest.notes.setdefault(LANDED, {})  # type: ignore[no-any-return]

    @cached_property
    def batch(self) -> str:
        """The number of this landing, if it reads anything."""
        return f"{int(self.manifest.notes.get('batch', '0')) + 1:06d}"

    @cached_property
    def extracted_at(self) -> datetime:
        """The instant of this extraction, after that of the last."""
        last = self.manifest.notes.get("extracted_at")
        asked = self.asked_at
        return max(asked, datetime.fromisoformat(last) + timedelta(microseconds=1)) if last else asked

    @cached_property
    def quarantine(self) -> Quarantine:
        """Where rows are set aside."""
        return Quarantine(self.data_dir / QUARANTINE, self.batch)

    @cached_property
    def scratch(self) -> Path:
        """A folder for copies, gone after the run."""
        return scratch_at(self.store.root / SCRATCH)

    @property
    def asked_at(self) -> datetime:
        """What the caller or the clock says of the instant."""
        asked = self.stated_at or datetime.now(UTC)
        return asked if asked.tzinfo else asked.replace(tzinfo=UTC)

    def run(self) -> LandingReport:
        """Every table in the order of the catalogue, parents first; then the commit."""
        try:
            with opened(self.settings) as sources:
                origins = Extraction(self, sources).run()
            return self.land(origins)
        finally:
            # A run that was killed may have left one as well.
            for folder in (self.store.root / SCRATCH, self.__dict__.get("scratch")):
                if isinstance(folder, Path):
                    shutil.rmtree(folder, ignore_errors=True)

    def land(self, origins: "Mapping[str, Origin | None]") -> LandingReport:
        """Land what is new of each table. It counts as extracted now: rows may have changed until they were read."""
        report = LandingReport(self.extracted_at)
        try:
            for table, origin in origins.items():
                report.tables[table] = self.table(table, origin)
            is_news = any(table.batch for table in report.tables.values())
            if is_news:
                check_rates(self.notes, self.settings.reporting_currency)
        except DataFault as stopped:
            self.note(report, stopped)
            raise
        if is_news:
            report.batch = self.batch
            self.commit(report)
        return report

    def note(self, report: LandingReport, stopped: DataFault) -> None:
        """What was checked until the run was stopped, and what stopped it, goes into the history and with the fault."""
        found = stopped.checks if isinstance(stopped, ChecksFailed) else [unusable(stopped)]
        named = {(check.table, check.rule) for check in found}
        passed = [check for check in report.checks if (check.table, check.rule) not in named]
        stopped.checked = [*passed, *found]
        remember(self.data_dir, self.extracted_at, "", stopped.checked)

    @property
    def data_dir(self) -> Place:
        """The folder of everything."""
        return place_of(self.settings.data_dir)

    def table(self, table: str, origin: Origin | None) -> TableReport:
        """One table: absent, unchanged, or landed."""
        known = self.notes.get(table)
        if origin is None:
            return self.absent(table)
        terms = self.standards.terms(table)
        fingerprint = origin.fingerprint(terms)
        is_asked = table in self.reread or (self.is_reconciling and isinstance(origin, Taken))
        if known and known["fingerprint"] == fingerprint and not (is_asked or self.may_release(table)):
            return TableReport(table, skipped=True, waiting=known["waiting"])
        from loyalty_pipeline.landing.table import land_table  # noqa: PLC0415 - not needed when nothing changed

        report = land_table(self, origin, fingerprint)
        if not origin.is_as_found():
            message = f"{origin.place} changed while it was read. Land again when it is whole."
            raise SourceError(message)
        return report

    @cached_property
    def standards(self) -> Standards:
        """What the tables are held to."""
        chosen = self.settings
        return Standards(chosen.expectations, chosen.timezone, chosen.max_bad_share)

    @property
    def parameters(self) -> dict[str, Any]:
        """The values that only this run knows."""
        return self.standards.parameters(self.extracted_at, self.manifest.notes.get("extracted_at"))

    def references(self, rules: "Iterable[Rule]") -> dict[str, pl.LazyFrame]:
        """The tables that entries refer to, as far as they have landed."""
        found = {table: self.parents(table) for table in needed(rules)}
        return {table: keys.lazy() for table, keys in found.items() if keys is not None}

    def absent(self, table: str) -> TableReport:
        """A table without a file: an empty one if it is optional and never was there."""
        if table in self.notes:
            advice = "Bring the file back; an empty file with a header says that all its rows are gone"
            raise DataFault(table, "the table was there before, and the source lacks it now", advice=advice)
        if not RAW_TABLES[table].is_optional:
            advice = (
                f"Add {table}.parquet, .csv or .jsonl to the source, or name its file in [tables.{table}]"
            )
            raise DataFault(table, "the table is required and the source lacks it", advice=advice)
        return TableReport(table, skipped=True, warnings=[f"the source has no {table}"])

    def may_release(self, table: str) -> bool:
        """Whether rows wait for a table in which new rows have just landed."""
        targets = {target for target, _ in references(RAW_TABLES[table]).values()}
        return bool(self.notes[table]["waiting"]) and bool(targets & self.fresh)

    def parents(self, table: str) -> pl.DataFrame | None:
        """The keys that have landed of a table, with their home months; None for a table that never was there."""
        if table not in self._parents:
            known = table in self.notes
            history = History.load(self.store, self.manifest, table, RAW_TABLES[table]) if known else None
            self._parents[table] = history.homes if history else None
        return self._parents[table]

    def remember(self, table: str, homed: pl.DataFrame) -> None:
        """The keys that a table has now, for those that refer to it."""
        self._parents.pop(table, None)
        if not any(table == target for c in RAW_TABLES.values() for target, _ in references(c).values()):
            return
        key = RAW_TABLES[table].primary_key()
        before = self.parents(table)
        new = homed.select(*key, HOME).unique(key, keep="last", maintain_order=True)
        self._parents[table] = (
            new if before is None else pl.concat([before, new.join(before, on=key, how="anti")])
        )

    def commit(self, report: LandingReport) -> None:
        """Make it so: the quarantine's files take their place, the manifest counts, the checks go into the history."""
        self.manifest.notes |= {"batch": self.batch, "extracted_at": self.extracted_at.isoformat()}
        self.quarantine.keep()
        # Before the commit, which makes the run's end: what was checked has been checked.
        remember(self.data_dir, self.extracted_at, self.batch, report.checks)
        self.store.commit(self.manifest)
