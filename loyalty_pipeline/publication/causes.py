"""Why a part of the lake came out otherwise: what differs at its task, and at the tasks that wrote what differs there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from loyalty_pipeline.lake.differences import (
    AHEAD,
    CALENDAR,
    CODE,
    COUNTED_UNTIL,
    SHARDS,
    Difference,
    differences,
)
from loyalty_pipeline.lake.graph import ACTIVITY
from loyalty_pipeline.lake.manifest import Manifest
from loyalty_pipeline.lake.part import month_of, unit_of
from loyalty_pipeline.publication.news import AS_OF, CORRECTED, LATE, News

POLICY, NEW_CODE, SEVERAL, UNKNOWN = "policy", "code", "more than one", "unknown"
CAUSES = (LATE, CORRECTED, POLICY, NEW_CODE, AS_OF, SEVERAL, UNKNOWN)
"""Every cause there is, in the order in which several are told."""

TIME = ("timezone", "fiscal_year_start_month")
"""The settings that decide how time is counted."""


class Evidence(NamedTuple):
    """One thing that differs: its cause; the raw table, setting or table; the landing batch where data did it."""

    cause: str
    name: str
    batch: str = ""


@dataclass(frozen=True)
class Edition:
    """What a publication was made of. Settings are as text; empty where nobody knows them any more."""

    lake: Manifest
    landing: Manifest
    settings: dict[str, str]

    def entry(self, table: str, part: str) -> str:
        """The digest of a part's rows; empty where there are none."""
        entry = self.lake.tables.get(table, {}).get(part)
        return entry.digest if entry else ""


Task = tuple[str, str]


@dataclass
class Lineage:
    """The tasks of two editions, and what each one's rows may differ for. Every task is looked at once."""

    old: Edition
    new: Edition
    news: News
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The raw tables without any of which a table has no rows."""
    _found: dict[Task, frozenset[Evidence]] = field(default_factory=dict)

    def of(self, table: str, month: str) -> frozenset[Evidence]:
        """All that may have changed a month of a table, nearest or farthest."""
        units = sorted(self._units(table))
        found = [self._evidence((table, unit)) for unit in units if month_of(unit) == month]
        return frozenset().union(*found) or frozenset(self._elsewhere())

    def _evidence(self, start: Task) -> frozenset[Evidence]:
        # By hand instead of recursion: each month stands on the one before, and there may be hundreds.
        open_tasks = [start]
        sources: dict[Task, tuple[frozenset[Evidence], list[Task]]] = {}
        while open_tasks:
            task = open_tasks[-1]
            if task in self._found:
                open_tasks.pop()
            elif task in sources:
                own, before = sources[task]
                self._found[task] = own.union(*(self._found.get(source, own) for source in before))
                open_tasks.pop()
            else:
                sources[task] = self._looked_at(task)
                open_tasks += [source for source in sources[task][1] if source not in sources]
        return self._found[start]

    def _looked_at(self, task: Task) -> tuple[frozenset[Evidence], list[Task]]:
        table, unit = task
        before = self.old.lake.tasks.get(table, {}).get(unit, {})
        after = self.new.lake.tasks.get(table, {}).get(unit, {})
        own: set[Evidence] = set()
        sources: dict[Task, None] = {}
        for difference in differences(before, after):
            name, part = difference.name, difference.part
            if difference.kind == "raw":
                own |= {Evidence(cause, name, batch) for cause, batch in self.news.of(name, part)}
            elif difference.kind == "table":
                if self.old.entry(name, part) != self.new.entry(name, part):
                    sources[name, unit_of(part, self._units(name))] = None
            elif before and after:
                own |= set(self._of_task(table, difference, (before, after)))
        if not (before and after):
            sources |= dict.fromkeys(self._beginnings)
            own |= set(self._first_fed(table))
        return frozenset(own), list(sources)

    def _first_fed(self, table: str) -> Iterator[Evidence]:
        """What landed of the raw tables that a table needs, where one edition has no row of any: with the first all months come."""
        needs = self.needs.get(table, ())
        editions = self.old.landing.tables, self.new.landing.tables
        if all(any(landed.get(name) for name in needs) for landed in editions):
            return
        for name in needs:
            for part in sorted({part for landed in editions for part in landed.get(name, {})}):
                yield from (Evidence(cause, name, batch) for cause, batch in self.news.of(name, part))

    @cached_property
    def _beginnings(self) -> list[Task]:
        """The tasks that decide which month is the first, where they have other rows: a month may come or go with them."""
        editions = self.old, self.new
        found: dict[Task, None] = {}
        for table in ACTIVITY:
            firsts = [month for edition in editions for month in edition.lake.months(table)[:1]]
            for part in sorted({part for edition in editions for part in edition.lake.tables.get(table, {})}):
                is_early = month_of(part) <= max(firsts, default="")
                if is_early and self.old.entry(table, part) != self.new.entry(table, part):
                    found[table, unit_of(part, self._units(table))] = None
        return list(found)

    def _units(self, table: str) -> set[str]:
        """The units of a table in either edition."""
        return self.old.lake.tasks.get(table, {}).keys() | self.new.lake.tasks.get(table, {}).keys()

    def _of_task(
        self, table: str, difference: Difference, inputs: tuple[dict[str, str], ...]
    ) -> Iterator[Evidence]:
        """What a label says that is not a table's: of tasks which both editions have, or all of it would be new."""
        if difference.kind == CODE:
            yield Evidence(NEW_CODE, table)
        elif difference.kind == COUNTED_UNTIL:
            yield from self._counted(*(at.get(COUNTED_UNTIL, "") for at in inputs))
        elif difference.kind in {CALENDAR, "window"}:
            yield from self._time()
        elif difference.kind == SHARDS:
            yield Evidence(POLICY, SHARDS)
        elif difference.kind != AHEAD:
            yield Evidence(POLICY, difference.name or difference.kind)

    def _counted(self, before: str, after: str) -> Iterator[Evidence]:
        """The as-of counts where it, and not the last event, is what the earlier of two as-ofs cut at."""
        moved = self.news.moved
        if moved and moved.earlier.isoformat() == (before if moved.is_forward else after):
            yield self._as_of()

    def _time(self) -> Iterator[Evidence]:
        for name in self._changed_settings():
            if name in TIME:
                yield Evidence(POLICY, name)
        if self.news.moved:
            yield self._as_of()

    def _elsewhere(self) -> Iterator[Evidence]:
        """Where no task says why: it is there in one edition only, for what the calendar or the settings say."""
        yield from self._time()
        for name in self._changed_settings():
            if name not in {*TIME, "as_of"}:
                yield Evidence(POLICY, name)

    def _changed_settings(self) -> list[str]:
        old, new = self.old.settings, self.new.settings
        return sorted(name for name in old.keys() & new.keys() if old[name] != new[name])

    def _as_of(self) -> Evidence:
        return Evidence(AS_OF, self.news.moved.told if self.news.moved else "")


def verdict(found: Iterable[Evidence], *, is_forward: bool) -> tuple[str, list[Evidence]]:
    """The one cause, and the evidence that speaks for it.

    The as-of moves on every night, and most months do not care: then it is the cause only if nothing else is. So it is with
    the number of shards, on which no number should depend.
    """
    told = sorted(found, key=lambda one: (CAUSES.index(one.cause), one.name, one.batch))
    strong = [one for one in told if one.name != SHARDS and not (is_forward and one.cause == AS_OF)]
    speaking = strong or told
    causes = {one.cause for one in speaking}
    return (next(iter(causes)) if len(causes) == 1 else SEVERAL if causes else UNKNOWN), speaking


def reason(evidence: Iterable[Evidence]) -> str | None:
    """The evidence in words: late data in invoices; policy: gross_margin. None where there is none."""
    by_cause: dict[str, dict[str, None]] = {}
    for one in evidence:
        by_cause.setdefault(one.cause, {})[one.name] = None
    words = {LATE: "late data in", CORRECTED: "corrected data in", NEW_CODE: "code of", AS_OF: "as-of"}
    told = [f"{words.get(cause, f'{cause}:')} {', '.join(names)}" for cause, names in by_cause.items()]
    return "; ".join(told) or None
