"""Opening what the settings name: each table is found in its own source, and a source is opened when it is asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.address import discreet, resolved, shown
from loyalty_pipeline.sources.databases.database import Database
from loyalty_pipeline.sources.databases.source import DatabaseSource
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.origin import Origin
from loyalty_pipeline.sources.shipped import shipped
from loyalty_pipeline.sources.table_mapping import TableMapping
from loyalty_pipeline.storage.bucket import SCHEMES

DEFAULT = ""
"""The name of the setting `source` among the sources."""

FILES = ("", "file", "http", "https", *SCHEMES)
POSTGRESQL = ("postgresql", "postgres")


class SourceSettings(Protocol):
    """The settings that say where raw tables are."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def sources(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def tables(self) -> Mapping[str, Any]: ...  # noqa: D102


class Source(Protocol):
    """Where raw tables are found."""

    def find(self, table: str) -> Origin | None:
        """The table there, None where it lacks it. Raises `SourceError`."""

    def names(self) -> list[str]:
        """The names of the tables that it has, as far as it can be listed."""

    def columns(self, name: str, scratch: Path) -> list[str]:
        """The columns of one of them; none where it lacks it."""

    def close(self) -> None:
        """Let go of what it holds."""


@dataclass
class Sources:
    """All sources of the settings."""

    settings: SourceSettings
    _opened: dict[str, Source] = field(default_factory=dict)

    def find(self, table: str) -> Origin | None:
        """The table in its own source, None where that lacks it."""
        name = source_of(self.settings, table)
        if name is None:
            return None
        with discreet(resolved(stated_address(self.settings, name))):
            return self._source(name).find(table)

    def close(self) -> None:
        """Let go of all that were opened."""
        while self._opened:
            self._opened.popitem()[1].close()

    def _source(self, name: str) -> Source:
        if name not in self._opened:
            self._opened[name] = _opened(self.settings, name)
        return self._opened[name]


@contextmanager
def opened(settings: SourceSettings) -> Iterator[Sources]:
    """The sources of the settings, closed at the end whatever happens."""
    sources = Sources(settings)
    try:
        yield sources
    finally:
        sources.close()


@contextmanager
def looked_at(address: str) -> Iterator[Source]:
    """The source at an address, without any mapping."""
    whole = resolved(address)
    with discreet(whole):
        source = DatabaseSource(_connected(whole), {}) if is_database(whole) else FileSource.of(whole, {})
        try:
            yield source
        finally:
            source.close()


def source_of(settings: SourceSettings, table: str) -> str | None:
    """The name of the source that a table is read from; None where no source has it. Raises `SourceError` where two have."""
    mapping = TableMapping.of(settings.tables.get(table, {}))
    if mapping.source:
        return mapping.source
    having = [
        name for name, one in settings.sources.items() if table in one.tables or table in landed_by(one)
    ]
    if len(having) > 1:
        message = f"{table}: in the sources {' and '.join(having)}. Say which: [tables.{table}] source = ..."
        raise SourceError(message)
    if having or settings.source:
        return having[0] if having else DEFAULT
    # A single source need not say what it has.
    return next(iter(settings.sources)) if len(settings.sources) == 1 else None


def landed_by(source: Any) -> Mapping[str, Any]:
    """The mappings that come with a source's landing."""
    return shipped(source.landing) if source.landing else {}


def mappings_of(settings: SourceSettings, name: str) -> dict[str, TableMapping]:
    """How the tables of a source are mapped: what its landing brings, and before that what the settings say.

    Settings that only say in which source a table is leave its mapping as the landing brings it.
    """
    landing = landed_by(settings.sources[name]) if name else {}
    brought = {table: TableMapping.of(stated) for table, stated in landing.items()}
    stated = {table: TableMapping.of(mapping) for table, mapping in settings.tables.items()}
    kept = {table for table, mapping in stated.items() if table in brought and mapping.says_only_where}
    return brought | {table: mapping for table, mapping in stated.items() if table not in kept}


def stated_address(settings: SourceSettings, name: str) -> str:
    """The address of a source as the settings have it: `${NAME}` is not resolved."""
    if name == DEFAULT:
        return settings.source
    if name not in settings.sources:
        message = f"There is no source {name}: [sources] has {', '.join(settings.sources) or 'none'}."
        raise SourceError(message)
    return str(settings.sources[name].url)


def is_from_database(settings: SourceSettings, table: str) -> bool:
    """Whether a raw table is read from a database."""
    name = source_of(settings, table)
    return name is not None and is_database(resolved(stated_address(settings, name)))


def is_database(address: str) -> bool:
    """Whether a resolved address is that of a database."""
    return _scheme(address) not in FILES


def _opened(settings: SourceSettings, name: str) -> Source:
    address, mappings = resolved(stated_address(settings, name)), mappings_of(settings, name)
    if not is_database(address):
        return FileSource.of(address, mappings)
    schema = str(settings.sources[name].database_schema) if name else ""
    return DatabaseSource(_connected(address), mappings, schema)


def _connected(address: str) -> Database:
    if _scheme(address) in POSTGRESQL:
        from loyalty_pipeline.sources.databases.postgres import Postgres  # noqa: PLC0415 - its driver is an extra

        return Postgres.connect(address)
    from loyalty_pipeline.sources.databases.sql import SqlDatabase  # noqa: PLC0415 - so is SQLAlchemy's

    return SqlDatabase.connect(address)


def _scheme(address: str) -> str:
    # Not by urllib: it refuses brackets, which a password may have.
    scheme, separator, _ = address.partition("://")
    return scheme if separator else ""


def places_of(settings: SourceSettings) -> str:
    """All sources as people may see them."""
    addresses = [settings.source, *(str(one.url) for one in settings.sources.values())]
    return ", ".join(shown(address) for address in addresses if address)
