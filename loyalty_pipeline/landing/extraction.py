"""What a landing takes from its sources, before the first row is judged: a database is held no longer than reading takes."""

from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.landing.advice import missing_column
from loyalty_pipeline.landing.increment import CHANGED_UNTIL, Increment
from loyalty_pipeline.landing.taken import Taken
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.sources.databases.table import DatabaseTable
from loyalty_pipeline.sources.opening import Sources, is_from_database
from loyalty_pipeline.sources.origin import Origin
from loyalty_pipeline.sources.table_mapping import digest

if TYPE_CHECKING:
    from loyalty_pipeline.landing.land import Landing

KINDS = "kinds"
"""The note on what each column of a database held when it was read."""


@dataclass
class Extraction:
    """One reading of all sources. `changed` are the tables of which rows may land: others may wait for these."""

    landing: "Landing"
    sources: Sources
    changed: set[str] = field(default_factory=set)

    def run(self) -> dict[str, Origin | None]:
        """Where each raw table's rows are, those of databases in files; None for a table that its source lacks."""
        found = {table: self.sources.find(table) for table in RAW_TABLES}
        self._refuse(found)
        return {table: self._prepared(table, origin) for table, origin in found.items()}

    def _prepared(self, table: str, origin: Origin | None) -> Origin | None:
        """What a landing needs once the sources are closed: a database's rows in a file; files stay where they are."""
        if origin is None or is_from_database(self.landing.settings, table):
            return self._taken(origin) if origin else None
        known, terms = self._known(table), self.landing.standards.terms(table)
        if known.get("fingerprint") != origin.fingerprint(terms) or self._may_release(table):
            self.changed.add(table)
        return origin

    def _refuse(self, found: dict[str, Origin | None]) -> None:
        """Raise one `SourceError` that names every table and column that a database should have and has not."""
        wrong = []
        for table, origin in found.items():
            if isinstance(origin, DatabaseTable):
                wrong += origin.faults() + self._changed_columns(origin)
            elif origin is None and is_from_database(self.landing.settings, table):
                wrong += self._lacking(table)
        if wrong:
            raise SourceError("\n".join(wrong))

    def _lacking(self, table: str) -> list[str]:
        if table in self.landing.notes:
            return [f"{table}: the table was there before, and the database has no such table or view now"]
        if RAW_TABLES[table].is_optional:
            return []
        advice = f'Make a view of that name, or name it: [tables.{table}] table = "..."'
        return [f"{table}: the table is required, and the database has no such table or view. {advice}"]

    def _changed_columns(self, origin: DatabaseTable) -> list[str]:
        """One sentence for each column that was read last time and is gone, or holds something else now."""
        before, columns = self._known(origin.table).get(KINDS, {}), origin.relation.columns
        if not self.landing.standards.stops_for_lost_columns(origin.table):
            return []
        gone = [f"had a column {name}" for name in before if name not in columns and name in origin.wanted]
        retyped = [
            f"had {name} as {before[name]}, and has it as {columns[name].kind} ({columns[name].type}) now"
            for name in origin.selection.columns
            if before.get(name, columns[name].kind) != columns[name].kind
        ]
        advice = missing_column(origin.table)
        return [f"{origin.table}: {origin.place} {told}. {advice}" for told in (*gone, *retyped)]

    def _known(self, table: str) -> dict[str, Any]:
        return self.landing.notes.get(table, {})

    def _taken(self, origin: Origin) -> Taken:
        table, landing = origin.table, self.landing
        known, terms = self._known(table), landing.standards.terms(table)
        fingerprint = origin.fingerprint(terms)
        if not (fingerprint and isinstance(origin, DatabaseTable)):
            return self._unwatched(origin, terms)
        is_same = known.get("fingerprint") == fingerprint and table not in landing.reread
        if is_same and not landing.is_reconciling and not self._may_release(table):
            return Taken(origin, fingerprint)
        self.changed.add(table)
        # A reading that is to be forgotten has no fingerprint: what it set aside is lost.
        is_known = bool(known.get("fingerprint")) and known["stated"] == origin.stated(terms)
        if is_known and CHANGED_UNTIL in known and table not in landing.reread:
            return Increment(landing, origin, known).taken(fingerprint)
        return Taken(origin, fingerprint, origin.parquet(landing.scratch))

    def _may_release(self, table: str) -> bool:
        targets = {target for target, _ in references(RAW_TABLES[table]).values()}
        return bool(self._known(table).get("waiting")) and bool(targets & self.changed)

    def _unwatched(self, origin: Origin, terms: str) -> Taken:
        """A table that does not say when its rows change: its rows tell whether they did."""
        path = origin.parquet(self.landing.scratch)
        fingerprint = digest(_digest_of(path), *origin.stated(terms).values())
        if self._known(origin.table).get("fingerprint") != fingerprint or self._may_release(origin.table):
            self.changed.add(origin.table)
        return Taken(origin, fingerprint, path)


def _digest_of(path: Path) -> str:
    state = blake2b(digest_size=12)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            state.update(chunk)
    return state.hexdigest()
