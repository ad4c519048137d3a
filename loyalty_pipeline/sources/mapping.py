"""Whether the settings' `[tables.<table>]` sections speak of tables and columns that exist."""

from collections.abc import Mapping
from difflib import get_close_matches

from loyalty_pipeline.settings import SettingsError, SourceSettings, TableMapping
from loyalty_pipeline.sources.catalogue import RAW_TABLES


def check_mappings(
    tables: Mapping[str, TableMapping], sources: Mapping[str, SourceSettings] | None = None
) -> None:
    """Raise SettingsError for each table, column and source that does not exist, with the nearest one that does.

    A mapping of a table that does not exist would be read by nobody, and the table meant would be missed.
    """
    known = list(sources or {})
    wrong = [line for table, mapping in tables.items() for line in _unknown(table, mapping)]
    wrong += [
        f"tables.{table}.source = {mapping.source}: expected one of [sources]{_nearest(mapping.source, known)}"
        for table, mapping in tables.items()
        if mapping.source and sources is not None and mapping.source not in known
    ]
    wrong += [
        f"sources.{name}.tables: {table}: expected a raw table{_nearest(table, list(RAW_TABLES))}"
        for name, one in (sources or {}).items()
        for table in one.tables
        if table not in RAW_TABLES
    ]
    if wrong:
        raise SettingsError("\n".join(wrong))


def _unknown(table: str, mapping: TableMapping) -> list[str]:
    if table not in RAW_TABLES:
        return [f"tables.{table}: expected a raw table{_nearest(table, list(RAW_TABLES))}"]
    known = RAW_TABLES[table].column_names()
    named = [("columns", name) for name in mapping.columns] + [("values", name) for name in mapping.values]
    return [
        f"tables.{table}.{part}.{name}: expected a column of {table}{_nearest(name, known)}"
        for part, name in named
        if name not in known
    ]


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0)
    return f"; did you mean {near[0]}?" if near else ""
