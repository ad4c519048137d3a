"""The increment of a database's table: what changed since the last landing, and proof that this was all.

Read are the rows that changed since then, less the overlap, and those that were set aside, so that they are judged again.
What the database says of itself tells whether that was all: if not, all keys are compared, which finds what was deleted
or committed late.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from loyalty_pipeline.faults import writing
from loyalty_pipeline.landing.history import History
from loyalty_pipeline.landing.source_state import CHANGED, landed_state, overlaid, state_of, summary_of
from loyalty_pipeline.landing.taken import Reconciliation, Taken
from loyalty_pipeline.sources.databases.table import DatabaseTable
from loyalty_pipeline.sources.extract import Part
from loyalty_pipeline.storage.parquet import read_parquet

if TYPE_CHECKING:
    from loyalty_pipeline.landing.land import Landing

CHANGED_UNTIL, SCANNED_AT = "changed_until", "scanned_at"
"""The notes on how far a table has been read, and when all of its keys were compared."""

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Increment:
    """The reading of one table; `known` is the note on its last landing."""

    landing: "Landing"
    origin: DatabaseTable
    known: dict[str, Any]

    @cached_property
    def key(self) -> list[str]:
        """The key of the raw table."""
        return self.origin.contract.primary_key()

    def taken(self, fingerprint: str) -> Taken:
        """The rows, and what the source has beside what has landed with them."""
        overlap = timedelta(minutes=self.landing.settings.overlap_minutes)
        since = datetime.fromisoformat(self.known[CHANGED_UNTIL]) - overlap
        path = self._written("increment", since, self._set_aside())
        state = overlaid(self._landed_state(), self._state(path), self.key)
        source, landed = self.origin.summary, summary_of(state)
        if not self._is_to_scan(is_equal=landed == source):
            return Taken(self.origin, fingerprint, path, Part(source.keys), Reconciliation(source, landed))
        scan = self._scan()
        late = scan.join(state, on=[*self.key, CHANGED], how="anti")
        gone = state.join(scan, on=self.key, how="anti")
        if late.height:
            path = self._together(path, self._written("late", None, self._named(late)))
            state = overlaid(state, self._state(path), self.key)
        landed = summary_of(state.join(scan, on=self.key, how="semi"))
        found = Reconciliation(source, landed, late.height, gone.height, is_scanned=True)
        return Taken(self.origin, fingerprint, path, Part(source.keys, scan.select(self.key)), found)

    def _is_to_scan(self, *, is_equal: bool) -> bool:
        when = self.landing.settings.reconcile
        if self.landing.is_reconciling:
            return True
        if is_equal or when == "never":
            return False
        last = self.known.get(SCANNED_AT)
        return (
            when == "when needed" or not last or self.landing.asked_at - datetime.fromisoformat(last) >= WEEK
        )

    def _written(self, name: str, since: datetime | None, keys: pl.DataFrame | None) -> Path:
        path = self.landing.scratch / f"{self.origin.table}.{name}.parquet"
        self.origin.database.write(replace(self.origin.selection, since=since, keys=keys), path)
        return path

    def _set_aside(self) -> pl.DataFrame | None:
        """The keys, as the source writes them, of the rows that are set aside."""
        file = self.landing.quarantine.path(self.origin.table, self.known["batch"])
        if not self.known["quarantined"]:
            return None
        rows = read_parquet(file, self.key)
        return self._named(rows.drop_nulls().unique(maintain_order=True))

    def _named(self, keys: pl.DataFrame) -> pl.DataFrame:
        """Keys as text, under the names of the relation."""
        names = zip(self.key, self.origin.selection.key, strict=True)
        return keys.select(pl.col(column).cast(pl.String).alias(name) for column, name in names)

    def _landed_state(self) -> pl.DataFrame:
        landing, origin = self.landing, self.origin
        return landed_state(History.load(landing.store, landing.manifest, origin.table, origin.contract))

    def _state(self, path: Path) -> pl.DataFrame:
        chosen, origin = self.origin.selection, self.origin
        rows = pl.read_parquet(
            path, columns=list(dict.fromkeys([*chosen.key, chosen.updated_at])), glob=False
        )
        return state_of(rows, origin.contract, origin.names, origin.mapping.date_format)

    def _scan(self) -> pl.DataFrame:
        path = self.landing.scratch / f"{self.origin.table}.keys.parquet"
        self.origin.database.write_keys(self.origin.selection, path)
        return self._state(path)

    def _together(self, *paths: Path) -> Path:
        together = self.landing.scratch / f"{self.origin.table}.together.parquet"
        with writing(together):
            # A column is text in one of them, where a value has no place in its type.
            rows = [pl.scan_parquet(path, glob=False) for path in paths]
            pl.concat(rows, how="diagonal_relaxed").sink_parquet(together, compression="lz4")
        return together
