"""A database as a source: the relation of each raw table, found by its name or by what the mapping says."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.databases.database import Database, Relation, Selection
from loyalty_pipeline.sources.databases.table import DatabaseTable
from loyalty_pipeline.sources.query import QueriedTable, queried
from loyalty_pipeline.sources.table_mapping import TableMapping


@dataclass(frozen=True)
class RelationPart:
    """Some columns of a relation, for a query."""

    database: Database
    relation: Relation
    columns: tuple[str, ...]

    @property
    def place(self) -> str:
        """The database and the relation."""
        return f"{self.database.place} {self.relation.name}"

    def fingerprint(self, terms: str) -> str:
        """Empty: only reading tells whether its rows changed."""
        del terms
        return ""

    def is_as_found(self) -> bool:
        """Always: a database is looked at as it was at one instant."""
        return True

    def parquet(self, scratch: Path) -> Path:
        """All its rows; several queries may ask for them, each for columns of its own."""
        path = scratch / f"{self.relation.name}.{len(list(scratch.iterdir()))}.part.parquet"
        self.database.write(Selection(self.relation, self.columns, ()), path)
        return path


@dataclass(frozen=True)
class DatabaseSource:
    """A database, how its tables are mapped, and the schema in which they are, where it is not the user's own."""

    database: Database
    mappings: Mapping[str, TableMapping]
    schema: str = ""

    def find(self, table: str) -> DatabaseTable | QueriedTable | None:
        """The relation of a raw table, None where there is none. One that the mapping names must be there."""
        mapping, contract = self.mappings.get(table, TableMapping()), RAW_TABLES[table]
        if mapping.query:
            return queried(table, contract, mapping, lambda name: self._part(name, mapping))
        relation = self._relation(mapping.table or table)
        if relation is not None:
            return DatabaseTable(table, contract, mapping, self.database, relation)
        if mapping.table:
            near = get_close_matches(mapping.table, self.database.relations(), n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            message = (
                f"{table}: {self.database.place} has no table or view {mapping.table} that may be read{hint}"
            )
            raise SourceError(message)
        return None

    def names(self) -> list[str]:
        """The names of all tables and views that may be read."""
        return self.database.relations()

    def columns(self, name: str, scratch: Path) -> list[str]:
        """The columns of the table or view of that name; none where there is none. No row is read."""
        del scratch
        relation = self._relation(name)
        return list(relation.columns) if relation else []

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def _relation(self, name: str) -> Relation | None:
        is_placed = not self.schema or "." in name
        return self.database.relation(name if is_placed else f"{self.schema}.{name}")

    def _part(self, name: str, mapping: TableMapping) -> RelationPart | None:
        relation = self._relation(name)
        if relation is None:
            return None
        columns = tuple(column for column in mapping.reads[name] if column in relation.columns)
        return RelationPart(self.database, relation, columns)
