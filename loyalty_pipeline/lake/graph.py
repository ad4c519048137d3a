"""Which tasks wait for which, and which tables' tasks can only be listed when others are done."""

from collections.abc import Container, Iterator, Mapping

from loyalty_pipeline.lake.index import LAST
from loyalty_pipeline.lake.part import WHOLE, date_of, month_of, shard_of, text_of
from loyalty_pipeline.lake.reading import Reading
from loyalty_pipeline.lake.specification import Read, Specification
from loyalty_pipeline.periods import plus

Node = tuple[str, str]
"""A task: its table and its unit."""

ACTIVITY = {"recurring_lines": "starts_at", "payments": "occurred_at"}
"""The tables whose earliest month is the first there are metrics for, and when their rows happen."""


def waves(tables: Mapping[str, Specification], names: Container[str]) -> Iterator[list[str]]:
    """Some tables, parted into as few runs as there must be: what a table's tasks are may be known only after a run.

    The first runs have no more than that asks for, because what is in a later one can be done at the same time as more.
    """
    rest = [name for name in tables if name in names]
    while rest:
        known: list[str] = []
        for name in rest:
            before = {*_upstream(tables[name])} & {*rest}
            if before <= {*known, name} and not _deciding(tables, name) & {*rest}:
                known.append(name)
        wanted = _with_upstream(tables, {one for name in rest for one in _deciding(tables, name)})
        wave = [name for name in known if name in wanted] or known
        yield wave
        rest = [name for name in rest if name not in wave]


class Graph:
    """The tasks of some tables, in an order in which they can be done, and which of them wait for which."""

    def __init__(
        self, tables: Mapping[str, Specification], units: Mapping[str, list[str]], reading: Reading
    ) -> None:
        """`units` has the tasks of each table, tables and units in order."""
        self.tables, self.reading = tables, reading
        self.nodes = [(name, unit) for name, found in units.items() for unit in found]
        self._listed = {name: _Units(found) for name, found in units.items()}

    def before(self, node: Node) -> list[Node]:
        """The tasks among them that may write what a task reads."""
        table = self.tables[node[0]]
        reads = [read for read in table.reads if read.table in self._listed and not read.is_raw]
        return [(read.table, unit) for read in reads for unit in self._written(table, node[1], read)]

    def _written(self, table: Specification, unit: str, read: Read) -> list[str]:
        upstream, listed = self.tables[read.table], self._listed[read.table]
        if WHOLE in {table.unit, upstream.unit} or upstream.is_split:
            return listed.all
        if read.reach == "later":
            found = listed.between(text_of(plus(date_of(month_of(unit)), 1)), LAST)
        else:
            found = listed.between(*self.reading.span(table, read, unit))
        is_bucket = read.is_sharded and table.is_sharded and table.unit == "month"
        if is_bucket and upstream.unit == "month" and (shard := shard_of(unit)):
            return [one for one in found if shard_of(one) == shard]
        return found


class _Units:
    """The tasks of one table by month."""

    def __init__(self, units: list[str]) -> None:
        self.months: dict[str, list[str]] = {}
        for unit in units:
            self.months.setdefault(month_of(unit), []).append(unit)
        self.all = units

    def between(self, first: str, last: str) -> list[str]:
        if first == last:
            return self.months.get(first, [])
        return [unit for month, units in self.months.items() if first <= month <= last for unit in units]


def _deciding(tables: Mapping[str, Specification], name: str) -> set[str]:
    """The tables whose rows decide which tasks a table has."""
    table = tables[name]
    if table.unit == "month":
        return {*ACTIVITY} & tables.keys()
    if table.unit == "home":
        same = {read.table for read in table.reads if read.reach == "same" and not read.is_raw}
        return {one for one in same if tables[one].is_split}
    return set()


def _upstream(table: Specification) -> list[str]:
    return [read.table for read in table.reads if read.table and not read.is_raw]


def _with_upstream(tables: Mapping[str, Specification], names: set[str]) -> set[str]:
    found, fresh = set(names), set(names)
    while fresh:
        fresh = {one for name in fresh if name in tables for one in _upstream(tables[name])} - found
        found |= fresh
    return found
