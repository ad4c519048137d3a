"""What a run would compute with what has landed now, and why; nothing is written and no row is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from loyalty_pipeline.lake.differences import Difference, differences
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.month_runs import month_runs
from loyalty_pipeline.lake.part import WHOLE, month_of, text_of
from loyalty_pipeline.lake.ripple import Ripple
from loyalty_pipeline.lake.specification import Specification

NEVER = "never computed"
ROWS = ("raw", "table")
RANKS = ("raw", "setting", "calendar", "counted until", "code", "shards", "ahead", "table")
DROPPED = (len(RANKS) + 1, "dropped", "")
Reasons = tuple[Difference, ...]
"""Why a task is stale; none at all: it was never computed."""


@dataclass(frozen=True)
class Possible:
    """A task that may follow: through which tables, and what differs already, which may come out as it was."""

    through: tuple[str, ...]
    reasons: Reasons | None = None


@dataclass
class TablePlan:
    """One table.

    `certain` tasks are computed by the next run whatever comes of the others. `possible` ones follow where rows before them
    come out otherwise. `writes` are the months whose rows may change. A table that is split by month could write to others
    too, where rows move: then any task of the tables that have it in `moves` may follow. `dropped` tasks are of months that
    are no longer. What comes of `awaits`, raw tables that are still to be read, is not in here.
    """

    table: str
    unit: str
    tasks: int
    certain: dict[str, Reasons] = field(default_factory=dict)
    possible: dict[str, Possible] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    moves: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()

    @property
    def stale(self) -> dict[str, Reasons]:
        """The tasks that differ now."""
        unsure = {unit: task.reasons for unit, task in self.possible.items() if task.reasons is not None}
        return {**self.certain, **unsure}

    @property
    def is_touched(self) -> bool:
        """Whether anything of it may be computed or dropped."""
        return bool(self.certain or self.possible or self.dropped)

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        possible = {
            unit: {
                "through": task.through,
                "differs": None if task.reasons is None else _listed(task.reasons),
            }
            for unit, task in self.possible.items()
        }
        return {
            "tasks": self.tasks,
            "certain": {unit: _listed(reasons) for unit, reasons in self.certain.items()},
            "possible": possible,
            "dropped": self.dropped,
            "writes": self.writes,
            "if_rows_move": self.moves,
            "awaits": self.awaits,
        }


@dataclass
class Plan:
    """Every table of the lake, in the order of computing; `newest` is the last month of business."""

    tables: dict[str, TablePlan]
    newest: str

    @property
    def is_idle(self) -> bool:
        """Whether a run would leave the lake as it is."""
        return not any(table.is_touched for table in self.tables.values())

    @property
    def months(self) -> tuple[str, str] | None:
        """The months that a run asks for, from the first stale one to the newest; None where nothing is to be done."""
        if self.is_idle:
            return None
        stale = [month_of(unit) for table in self.tables.values() for unit in table.stale]
        return min([month for month in stale if month != WHOLE] + [self.newest]), self.newest

    @property
    def causes(self) -> list[str]:
        """What the stale tasks go back to, in words, each with its months: raw rows first, then the rest."""
        found: dict[tuple[int, str, str], list[str]] = {}
        for table in self.tables.values():
            for unit, reasons in table.stale.items():
                for cause, month in _causes(unit, reasons):
                    found.setdefault(cause, []).append(month)
            for unit in table.dropped:
                found.setdefault(DROPPED, []).append(month_of(unit))
        return [
            f"{name} {month_runs(months)} {change}".strip()
            for (_, name, change), months in sorted(found.items())
        ]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it; tables that nothing happens to are left out."""
        told = {n: t.to_dict() for n, t in self.tables.items() if t.is_touched or t.moves or t.awaits}
        return {"months": self.months, "tables": told}


def plan_of(lake: Lake, reading: Iterable[str] = ()) -> Plan:
    """What `Lake.compute` of every table would do. `reading` are raw tables that are to be read before."""
    ripple = Ripple(lake)
    tables: dict[str, TablePlan] = {}
    for table in lake.tables.values():
        tables[table.name] = _planned(lake, table, ripple)
        awaits = {*reading} & {read.table for read in table.reads if read.is_raw}
        for upstream in ripple.upstream(table):
            awaits |= {*tables[upstream].awaits}
        tables[table.name].awaits = tuple(sorted(awaits))
    return Plan(tables, text_of(lake.calendar.last_month))


def _planned(lake: Lake, table: Specification, ripple: Ripple) -> TablePlan:
    units, done = lake.units(table), lake.manifest.tasks.get(table.name, {})
    expected = ripple.expected(table, units)
    plan = TablePlan(table.name, table.unit, len(units), moves=ripple.begin(table, units))
    plan.dropped = sorted(done.keys() - {*units, *expected})
    for unit in sorted({*units, *expected}):
        stale = _stale(lake, table, unit) if unit in units else None
        through = ripple.through(table, unit)
        if stale is not None and ripple.is_certain(table, unit, stale):
            plan.certain[unit] = stale
        elif stale is not None or through or unit in expected:
            plan.possible[unit] = Possible(through or ripple.making(table), stale)
        else:
            continue
        ripple.touch(table, unit, stale or ())
    plan.writes = sorted(ripple.touched[table.name])
    return plan


def _stale(lake: Lake, table: Specification, unit: str) -> Reasons | None:
    before, inputs = (
        lake.manifest.tasks.get(table.name, {}).get(unit),
        lake.reading.inputs(table, unit),
    )
    if before is None:
        return ()
    return None if before == inputs else tuple(differences(before, inputs))


def _causes(unit: str, reasons: Reasons) -> Iterator[tuple[tuple[int, str, str], str]]:
    if not reasons:
        yield (len(RANKS), NEVER, ""), month_of(unit)
    for reason in essential(reasons):
        rank = RANKS.index(reason.kind)
        if reason.kind in ROWS:
            yield (rank, reason.name, reason.change), month_of(reason.part)
        else:
            yield (rank, reason.told, ""), month_of(unit)


def essential(reasons: Reasons) -> Reasons:
    """The reasons without those that another entails: a month that is cut elsewhere closes other periods, of other months."""
    if not any(reason.kind == "calendar" for reason in reasons):
        return reasons
    return tuple(reason for reason in reasons if reason.kind != "table" or reason.change == "changed")


def _listed(reasons: Reasons) -> list[dict[str, str]]:
    if not reasons:
        return [{"kind": NEVER, "told": NEVER}]
    return [{**vars(reason), "told": reason.told} for reason in reasons]
