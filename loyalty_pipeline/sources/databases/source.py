"""A database as a source: the relation of each raw table, found by its name or by what the mapping says."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.databases.database import Database
from loyalty_pipeline.sources.databases.table import DatabaseTable
from loyalty_pipeline.sources.table_mapping import TableMapping


@dataclass(frozen=True)
class DatabaseSource:
    """A database, and how its tables are mapped."""

    database: Database
    mappings: Mapping[str, TableMapping]

    def find(self, table: str) -> DatabaseTable | None:
        """The relation of a raw table, None where there is none. One that the mapping names must be there."""
        mapping = self.mappings.get(table, TableMapping())
        name = mapping.table or table
        relation = self.database.relation(name)
        if relation is not None:
            return DatabaseTable(table, RAW_TABLES[table], mapping, self.database, relation)
        if mapping.table:
            near = get_close_matches(name, self.database.relations(), n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            message = f"{table}: {self.database.place} has no table or view {name} that may be read{hint}"
            raise SourceError(message)
        return None

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()
