"""Files as a source: a folder or an address with one file a table, or many, as Fivetran, Airbyte or a colleague left them.

A table's file is `<table>.parquet`, `.csv`, `.csv.gz` or `.jsonl`, or a folder `<table>/` of such files, or what its mapping
says: a file, a folder, or a pattern such as `exports/*/orders-*.csv`. Several tables may be read from one file: a shop's list
of orders has its customers, its invoices and their lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import polars as pl

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.buckets import BucketFolder
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.folders import File, Folder, LocalFolder, WebFolder, data_files
from loyalty_pipeline.sources.formats import as_parquet
from loyalty_pipeline.sources.many_files import hive_columns, together
from loyalty_pipeline.sources.query import QueriedTable, queried
from loyalty_pipeline.sources.table_mapping import TableMapping, digest
from loyalty_pipeline.storage.bucket import SCHEMES

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".jsonl")
TEXT_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv", ".jsonl", ".ndjson")
JOKERS = frozenset("*?[")


@dataclass(frozen=True)
class SourceFiles:
    """The file of one table, or its files: `name` is that of the file, the folder or the pattern."""

    table: str
    mapping: TableMapping
    folder: Folder
    name: str
    files: tuple[File, ...]

    @property
    def place(self) -> str:
        """Where the file is, or the folder."""
        return f"{self.folder.place}/{self.name}"

    @property
    def states_types(self) -> bool:
        """Whether all files say what their columns hold; the types of text are inferred from the rows."""
        return not any(file.name.lower().endswith(TEXT_SUFFIXES) for file in self.files)

    def fingerprint(self, terms: str = "") -> str:
        """Equal as long as neither files nor mapping nor the terms change, without reading a local file."""
        identities = [part for file in self.files for part in (file.name, file.identity)]
        return digest(*identities, *self.stated(terms).values())

    def is_as_found(self) -> bool:
        """Whether no file was changed or taken away since it was found."""
        return self.folder.are_as_found(self.files)

    def stated(self, terms: str) -> dict[str, str]:
        """What a fingerprint is made of beside the files themselves, each as a digest."""
        return {
            "place": digest(self.place),
            "mapping": digest(self.mapping.to_json()),
            "rules": digest(terms),
        }

    def parquet(self, scratch: Path) -> Path:
        """One Parquet file: a local one itself, or a copy in the scratch folder; of many files their rows, in the order of the names."""
        copies = [self._parquet(file, scratch / f"{self.table}.{n}") for n, file in enumerate(self.files)]
        values = [hive_columns(file.name.removeprefix(self.name)) for file in self.files]
        if len(copies) == 1 and not values[0]:
            return copies[0]
        return together(copies, values, scratch / f"{self.table}.together", self.place)

    def _parquet(self, file: File, copy: Path) -> Path:
        suffix = (
            "".join(Path(file.name).suffixes[-2:]) if file.name.endswith(".gz") else Path(file.name).suffix
        )
        fetched = self.folder.fetch(file, copy.with_name(copy.name + suffix))
        return as_parquet(fetched, self.mapping, copy.with_name(copy.name + ".copy"))


@dataclass(frozen=True)
class FileSource:
    """A folder, or an address below which the files are."""

    folder: Folder
    mappings: Mapping[str, TableMapping] = field(default_factory=dict)

    @classmethod
    def of(cls, location: str | Path, tables: Mapping[str, Any]) -> "FileSource":
        """From the settings `source` and `tables`. Raises `SourceError` where there is no such folder."""
        mappings = {table: TableMapping.of(stated) for table, stated in tables.items()}
        return cls(_folder(str(location)), mappings)

    def find(self, table: str) -> SourceFiles | QueriedTable | None:
        """The files of a table, None where there are none. What the mapping names must be there."""
        mapping = self.mappings.get(table, TableMapping())
        if mapping.query:
            return queried(table, RAW_TABLES[table], mapping, lambda name: self._called(name, TableMapping()))
        return self._named(table, mapping) if mapping.file else self._called(table, mapping)

    def _called(self, table: str, mapping: TableMapping) -> SourceFiles | None:
        """The file or the folder that has the table's name."""
        names = [table + suffix for suffix in SUFFIXES]
        alone = [file for name in names if (file := self.folder.file(name))]
        found: list[tuple[str, tuple[File, ...]]] = [(file.name, (file,)) for file in alone]
        if files := self._inside(table):
            found.append((table, files))
        if len(found) > 1:
            places = ", ".join(f"{self.folder.place}/{name}" for name, _ in found)
            message = f"{table} has {len(found)} files: {places}. Remove all but one, or name it in `file`."
            raise SourceError(message)
        return SourceFiles(table, mapping, self.folder, *found[0]) if found else None

    def names(self) -> list[str]:
        """The names of all tables that lie there as files or folders; none on the web, which cannot be listed."""
        files = [file.name for file in self.folder.below("") if file.name.lower().endswith(SUFFIXES)]
        return sorted({_table_of(name) for name in files if not name.startswith(("_", "."))})

    def columns(self, name: str, scratch: Path) -> list[str]:
        """The columns of the table of that name; none where there is no such table."""
        found = self._called(name, TableMapping())
        return list(pl.read_parquet_schema(found.parquet(scratch))) if found else []

    def close(self) -> None:
        """Nothing is held open."""

    def _inside(self, name: str) -> tuple[File, ...]:
        """The files of a folder that are called as tables are."""
        files = data_files(self.folder.below(name), name, "**")
        return tuple(file for file in files if file.name.lower().endswith((*SUFFIXES, *TEXT_SUFFIXES)))

    def _named(self, table: str, mapping: TableMapping) -> SourceFiles:
        name = mapping.file.rstrip("/")
        if JOKERS & set(name):
            fixed, pattern = _split(name)
            files = tuple(data_files(self.folder.below(fixed), fixed, pattern))
        elif file := self.folder.file(name):
            files = (file,)
        else:
            without_suffix = self._called(name, mapping)
            files = without_suffix.files if without_suffix else ()
        if not files:
            message = (
                f"{table}: the file {name} is not in {self.folder.place}. Correct `file` in [tables.{table}]."
            )
            raise SourceError(message)
        return SourceFiles(table, mapping, self.folder, name, files)


def _table_of(name: str) -> str:
    """What a file or the folder that it lies in is called as a table."""
    folder, separator, _ = name.partition("/")
    if separator:
        return folder
    return next(
        name[: -len(suffix)]
        for suffix in sorted(SUFFIXES, key=len, reverse=True)
        if name.lower().endswith(suffix)
    )


def _split(pattern: str) -> tuple[str, str]:
    """The folders before the first joker, and the rest."""
    parts = pattern.split("/")
    first = next(number for number, part in enumerate(parts) if JOKERS & set(part))
    return "/".join(parts[:first]), "/".join(parts[first:])


def _folder(place: str) -> Folder:
    address = urlsplit(place)
    local = Path(unquote(address.path) if address.scheme == "file" else place)
    if address.scheme == "file" or "://" not in place:
        if not local.is_dir():
            message = (
                f"The source {place} is not a folder. Set `source` to the folder that has the tables' files."
            )
            raise SourceError(message)
        return LocalFolder(local)
    return BucketFolder.of(place) if address.scheme in SCHEMES else WebFolder(place)
