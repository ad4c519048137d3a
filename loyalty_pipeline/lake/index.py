"""The parts of a manifest's tables by month and shard: a big lake is asked for them tens of thousands of times a night."""

from collections import defaultdict
from collections.abc import Iterable

from loyalty_pipeline.lake.manifest import Entry, Manifest
from loyalty_pipeline.lake.part import month_of, shard_of

FIRST, LAST = "", "~"
"""Before and after every month's name."""


class Index:
    """Follows a manifest; what changes it later goes through `replace`."""

    def __init__(self, manifest: Manifest) -> None:
        """Tables are looked through when they are first asked for."""
        self.manifest = manifest
        self._months: dict[str, dict[str, dict[str, dict[str, Entry]]]] = {}

    def between(self, table: str, first: str, last: str, shard: str | None = None) -> dict[str, Entry]:
        """The parts of the months from first to last, by name in order; of one shard, or of all."""
        shards = self._of(table)
        chosen = shards.values() if shard is None else [shards.get(shard, {})]
        if first == last:
            found = [parts for months in chosen if (parts := months.get(first))]
        else:
            found = [
                parts
                for months in chosen
                for month, parts in months.items()
                if parts and first <= month <= last
            ]
        return {part: entry for parts in sorted(found, key=_first) for part, entry in sorted(parts.items())}

    def months(self, table: str, shard: str | None = None) -> list[str]:
        """The months in which a table has parts, with rows or without, in order."""
        shards = self._of(table)
        chosen: Iterable[dict[str, dict[str, Entry]]] = (
            shards.values() if shard is None else [shards.get(shard, {})]
        )
        return sorted({month for months in chosen for month, parts in months.items() if parts})

    def replace(self, table: str, gone: Iterable[str], new: dict[str, Entry]) -> None:
        """Take parts out of a table and put others in."""
        entries = self.manifest.tables.setdefault(table, {})
        shards = self._of(table)
        for part in gone:
            del entries[part], shards[shard_of(part)][month_of(part)][part]
        for part, entry in new.items():
            entries[part] = shards[shard_of(part)][month_of(part)][part] = entry

    def _of(self, table: str) -> dict[str, dict[str, dict[str, Entry]]]:
        if table not in self._months:
            found: dict[str, dict[str, dict[str, Entry]]] = defaultdict(lambda: defaultdict(dict))
            for part, entry in self.manifest.tables.get(table, {}).items():
                found[shard_of(part)][month_of(part)][part] = entry
            self._months[table] = found
        return self._months[table]


def _first(parts: dict[str, Entry]) -> str:
    return min(parts)
