"""Opening what the settings name: each table is found in its own source, and a source is opened when it is asked."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.address import discreet, resolved, shown
from loyalty_pipeline.sources.databases.database import Database
from loyalty_pipeline.sources.databases.source import DatabaseSource
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.origin import Origin
from loyalty_pipeline.sources.table_mapping import TableMapping

DEFAULT = ""
"""The name of the setting `source` among the sources."""

FILES = ("", "file", "http", "https")
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
        with discreet(resolved(address_of(self.settings, name))):
            return self._source(name).find(table)

    def close(self) -> None:
        """Let go of all that were opened."""
        while self._opened:
            self._opened.popitem()[1].close()

    def _source(self, name: str) -> Source:
        if name not in self._opened:
            self._opened[name] = _opened(resolved(address_of(self.settings, name)), self.settings.tables)
        return self._opened[name]


@contextmanager
def opened(settings: SourceSettings) -> Iterator[Sources]:
    """The sources of the settings, closed at the end whatever happens."""
    sources = Sources(settings)
    try:
        yield sources
    finally:
        sources.close()


def source_of(settings: SourceSettings, table: str) -> str:
    """The name of the source that a table is read from. Raises `SourceError` where two sources list it."""
    mapping = TableMapping.of(settings.tables.get(table, {}))
    if mapping.source:
        return mapping.source
    listing = [name for name, one in settings.sources.items() if table in one.tables]
    if len(listing) > 1:
        message = f"{table}: listed by the sources {' and '.join(listing)}. Take it out of all but one."
        raise SourceError(message)
    return listing[0] if listing else DEFAULT


def address_of(settings: SourceSettings, name: str) -> str:
    """The address of a source as the settings have it: `${NAME}` is not resolved."""
    if name == DEFAULT:
        return settings.source
    if name not in settings.sources:
        message = f"There is no source {name}: [sources] has {', '.join(settings.sources) or 'none'}."
        raise SourceError(message)
    return str(settings.sources[name].url)


def is_from_database(settings: SourceSettings, table: str) -> bool:
    """Whether a raw table is read from a database."""
    return is_database(resolved(address_of(settings, source_of(settings, table))))


def is_database(address: str) -> bool:
    """Whether a resolved address is that of a database."""
    return urlsplit(address).scheme not in FILES


def _opened(address: str, tables: Mapping[str, Any]) -> Source:
    if not is_database(address):
        return FileSource.of(address, tables)
    with discreet(address):
        return DatabaseSource(
            _connected(address), {t: TableMapping.of(stated) for t, stated in tables.items()}
        )


def _connected(address: str) -> Database:
    if urlsplit(address).scheme in POSTGRESQL:
        from loyalty_pipeline.sources.databases.postgres import Postgres  # noqa: PLC0415 - its driver is an extra

        return Postgres.connect(address)
    from loyalty_pipeline.sources.databases.sql import SqlDatabase  # noqa: PLC0415 - so is SQLAlchemy's

    return SqlDatabase.connect(address)


def places(settings: SourceSettings) -> Iterable[str]:
    """Each source as people may see it."""
    return [shown(address_of(settings, name)) for name in (DEFAULT, *settings.sources)]
