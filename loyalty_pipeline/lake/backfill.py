"""Months computed again although nothing is stale: equal rows come out, or something is wrong with code or disk."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from loyalty_pipeline.cluster.workers import Told
from loyalty_pipeline.lake.index import FIRST, LAST
from loyalty_pipeline.lake.lake import Lake, Wanted
from loyalty_pipeline.lake.outcome import Outcome
from loyalty_pipeline.lake.part import WHOLE, month_of, work_of
from loyalty_pipeline.lake.specification import Specification
from loyalty_pipeline.lake.store import is_as_written
from loyalty_pipeline.settings import SettingsError


@dataclass
class Backfill:
    """What came of it.

    `differing` are tasks whose rows came out otherwise although their inputs were equal. `damaged` are parts, with their
    table, whose files no longer held what was written: they were made again.
    """

    first: str
    last: str
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    differing: list[Outcome] = field(default_factory=list)
    damaged: list[tuple[str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "first": self.first,
            "last": self.last,
            "recomputed": {n: [o.month for o in os if o.is_recomputed] for n, os in self.outcomes.items()},
            "changed": {n: [o.month for o in os if o.is_changed] for n, os in self.outcomes.items()},
            "differing": [{"table": outcome.table, "unit": outcome.month} for outcome in self.differing],
            "damaged": [{"table": table, "part": part} for table, part in self.damaged],
        }


def months_between(lake: Lake, first: str | None, last: str | None) -> tuple[str, str]:
    """The months to compute again, by default all of business. Raises `SettingsError` for months outside it."""
    if not lake.months:
        message = "there is no month of business that was computed: use `loyalty run`"
        raise SettingsError(message)
    limits = lake.months[0], lake.months[-1]
    span = first or limits[0], last or limits[1]
    if not limits[0] <= span[0] <= span[1] <= limits[1]:
        message = (
            f"{span[0]} to {span[1]}: expected months from {limits[0]} to {limits[1]}, the earlier one first"
        )
        raise SettingsError(message)
    return span


def compute_again(lake: Lake, span: tuple[str, str], told: Told) -> Backfill:
    """Compute some months of every table, and whatever else is stale, and commit.

    The first and the last month of business stand also for what landed before and after them. Tables in one piece are
    computed where they are stale or damaged. Raises `ContractBroken` or `ClusterError`.
    """
    made = Backfill(*span)
    first = FIRST if span[0] == lake.months[0] else span[0]
    last = LAST if span[1] == lake.months[-1] else span[1]
    wanted = {}
    for name, table in lake.tables.items():
        damaged = _discarded(lake, table, first, last)
        made.damaged += [(name, part) for part in damaged]
        wanted[name] = Wanted(again=partial(_is_asked, first, last, is_whole=bool(damaged)))
    before = {name: {**tasks} for name, tasks in lake.manifest.tasks.items()}
    made.outcomes = lake.compute_all(wanted, told)
    lake.commit()
    for name, outcomes in made.outcomes.items():
        was, now = before.get(name, {}), lake.manifest.tasks.get(name, {})
        made.differing += [o for o in outcomes if o.is_changed and was.get(o.month) == now[o.month]]
    return made


def _is_asked(first: str, last: str, unit: str, *, is_whole: bool) -> bool:
    return is_whole if unit == WHOLE else first <= month_of(unit) <= last


def _discarded(lake: Lake, table: Specification, first: str, last: str) -> list[str]:
    """The parts that the work of some months wrote and whose files were damaged: deleted, so that they are written anew."""
    found = []
    for part, entry in lake.manifest.tables.get(table.name, {}).items():
        path, work = lake.store.path(entry), work_of(part)
        is_asked = work == WHOLE or first <= work <= last
        if is_asked and path.exists() and not is_as_written(path, entry):
            path.unlink()
            found.append(part)
    return sorted(found)
