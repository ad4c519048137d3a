"""A raw table in a database: which relation it is, which of its columns are read, and whether they can be."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from loyalty_pipeline.sources.catalogue import required_columns
from loyalty_pipeline.sources.databases.database import Database, Kind, Relation, Selection, Summary
from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.sources.table_mapping import TableMapping, digest

DATED: tuple[Kind, ...] = ("instant", "day")

READABLE: dict[str, tuple[Kind, ...]] = {
    "Decimal": ("number", "text"),
    "Int64": ("number", "text"),
    "Float64": ("number", "text"),
    "Boolean": ("flag", "number", "text"),
    "Datetime": ("instant", "day", "text"),
    "Date": ("day", "instant", "text"),
}
"""What a column may hold to be read as a type of a contract; text can be made of everything."""


@dataclass(frozen=True)
class DatabaseTable:
    """The relation of one raw table. Only columns that the raw table has are read: fewer bytes, fewer personal data."""

    table: str
    contract: type[RawTable]
    mapping: TableMapping
    database: Database
    relation: Relation

    @property
    def place(self) -> str:
        """The database and the relation."""
        return f"{self.database.place} {self.relation.name}"

    @property
    def states_types(self) -> bool:
        """A database always does."""
        return True

    @cached_property
    def names(self) -> dict[str, str]:
        """The relation's column of each contract column that is read from one."""
        stated = self.mapping.columns
        named = {name: stated.get(name, name) for name in self.contract.columns()}
        taken = {column: name for column, name in named.items() if column not in self.mapping.values}
        return {column: name for column, name in taken.items() if name in self.relation.columns}

    @property
    def wanted(self) -> set[str]:
        """The relation's columns that are read where they are there."""
        stated = self.mapping.columns
        return {stated.get(name, name) for name in self.contract.columns() if name not in self.mapping.values}

    @cached_property
    def selection(self) -> Selection:
        """All rows."""
        key = tuple(self.names.get(column, "") for column in self.contract.primary_key())
        return Selection(
            self.relation,
            tuple(dict.fromkeys(self.names.values())),
            key if all(key) else (),
            self.names.get("updated_at", ""),
        )

    @property
    def is_watched(self) -> bool:
        """Whether the database itself tells which rows changed; if not, the table is read whole each time."""
        changed, key = self.selection.updated_at, self.selection.key
        has_instants = bool(changed) and self.relation.columns[changed].kind in DATED
        return has_instants and bool(key) and not self.mapping.distinct

    @cached_property
    def summary(self) -> Summary:
        """What the relation amounts to."""
        return self.database.summary(self.selection)

    def fingerprint(self, terms: str) -> str:
        """Made of what the relation amounts to; empty where it does not say when its rows change."""
        if not self.is_watched:
            return ""
        amounts = self.summary
        told = (str(amounts.keys), str(amounts.microseconds), str(amounts.newest))
        return digest(*told, *self.stated(terms).values())

    def is_as_found(self) -> bool:
        """Always: a database is looked at as it was at one instant."""
        return True

    def stated(self, terms: str) -> dict[str, str]:
        """Place, mapping, rules, and the types of the columns that are read."""
        columns = [f"{name} {self.relation.columns[name].type}" for name in self.selection.columns]
        parts = {
            "place": self.place,
            "mapping": self.mapping.to_json(),
            "rules": terms,
            "columns": "\n".join(columns),
        }
        return {name: digest(part) for name, part in parts.items()}

    def parquet(self, scratch: Path) -> Path:
        """All rows."""
        path = scratch / f"{self.table}.whole.parquet"
        self.database.write(self.selection, path)
        return path

    def faults(self) -> list[str]:
        """One sentence for each column that is missing, or whose type cannot be read as the contract's."""
        missing = [self._missing(column) for column in self.contract.columns() if self._is_missing(column)]
        mistyped = [self._mistyped(column, name) for column, name in self.names.items()]
        return [*missing, *filter(None, mistyped)]

    def _is_missing(self, column: str) -> bool:
        if column in self.names or column in self.mapping.values:
            return False
        return bool(self.mapping.columns.get(column)) or column in required_columns(self.contract)

    def _missing(self, column: str) -> str:
        name = self.mapping.columns.get(column) or column
        near = get_close_matches(name, list(self.relation.columns), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{self.table}.{column}: {self.place} has no column {name}{hint}"

    def _mistyped(self, column: str, name: str) -> str:
        expected = self.contract.columns()[column].dtype
        found, readable = self.relation.columns[name], READABLE.get(str(expected.base_type()))
        if readable is None or found.kind in readable:
            return ""
        wanted = " or ".join(readable)
        return f"{self.table}.{column}: {self.place} has {name} as {found.type}, expected a {wanted}"
