"""`loyalty plan`: what a run would do, for people or as JSON."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from textwrap import wrap

import typer

from loyalty_pipeline.cli.plan_memory import memory_lines
from loyalty_pipeline.lake.differences import Difference
from loyalty_pipeline.lake.month_runs import month_runs
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.plan import NEVER, Plan, Reasons, TablePlan, essential
from loyalty_pipeline.landing.preview import ABSENT, MAY_BE_READ, MISSING, READ, UNCHANGED, RawPlan
from loyalty_pipeline.pipeline import NightPlan, memory, plan
from loyalty_pipeline.publication.preview import CERTAIN, NO, POSSIBLE, Foreseen
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.opening import places_of

WIDTH = 100
GONE = "-gone"
Line = tuple[str, str]
"""Months, and why."""


def tell_plan(settings: Settings, *, is_json: bool, shards: int | None = None) -> None:
    """Tell it; with `shards` also how much memory tasks would take."""
    night, needed = plan(settings), None if shards is None else memory(settings, shards)
    if is_json:
        told = night.to_dict() | ({} if needed is None else {"memory": needed.to_dict()})
        typer.echo(json.dumps(told, indent=1))
        return
    for line in lines(night, places_of(settings)):
        typer.echo(line)
    for line in () if needed is None else memory_lines(needed):
        typer.echo(line)


def lines(night: NightPlan, source: str) -> Iterator[str]:
    """The plan in lines of at most 100 columns, where names allow it."""
    yield f"Extract from {source}"
    yield from _extract(night.extract)
    stops = [raw for raw in night.extract.values() if raw.verdict == MISSING]
    if stops:
        yield "  The run would stop there: nothing would be computed or published."
        return
    yield ""
    yield from _recompute(night.recompute)
    yield ""
    yield from _publish(night.publish)


def _extract(extract: dict[str, RawPlan]) -> Iterator[str]:
    by_line: dict[Line, list[str]] = defaultdict(list)
    for raw in extract.values():
        if raw.verdict in {READ, MAY_BE_READ, MISSING}:
            by_line[raw.verdict, "; ".join(raw.reasons)].append(raw.table)
    for (verdict, why), tables in by_line.items():
        yield from _wrapped(f"  {verdict}: ", f"{', '.join(tables)} ({why})")
    for verdict in (UNCHANGED, ABSENT):
        if tables := [raw.table for raw in extract.values() if raw.verdict == verdict]:
            yield from _wrapped(f"  {verdict}: ", ", ".join(tables))
    if any(raw.may_land for raw in extract.values()):
        yield "  How many rows are new is known after reading."


def _recompute(plan: Plan) -> Iterator[str]:
    tables = list(plan.tables.values())
    certain, possible = sum(len(t.certain) for t in tables), sum(len(t.possible) for t in tables)
    span = f", months {plan.months[0]} to {plan.months[1]}" if plan.months else ""
    yield (
        f"Recompute, with what has landed now: {certain:,} of {sum(t.tasks for t in tables):,} tasks"
        f"{f', {possible:,} more may follow' if possible else ''}{span}"
    )
    yield from _block("certain:", {t.table: _certain(t) for t in tables if t.certain})
    yield from _block(
        "may follow, where rows before them come out otherwise:", {t.table: _possible(t) for t in tables}
    )
    yield from _block("dropped, for their months are no longer:", {t.table: _dropped(t) for t in tables})
    moves = sorted({source for t in tables for source in t.moves})
    if moves:
        yield from _wrapped(
            "  ", f"Where rows of {', '.join(moves)} move to other months than these, those may follow too."
        )
    waiting = [t.table for t in tables if t.awaits]
    if waiting:
        every = len(waiting) == len(tables)
        yield from _wrapped("  unknown until landed: ", "every table" if every else ", ".join(waiting))


def _publish(publish: Foreseen) -> Iterator[str]:
    verdicts = {
        CERTAIN: "a new snapshot",
        POSSIBLE: "a new snapshot, if rows come out otherwise",
        NO: "nothing new",
    }
    yield f"Publish: {verdicts[publish.verdict]}"
    for reason in publish.reasons:
        yield from _wrapped("  ", reason)
    for verdict, words in ((CERTAIN, "new"), (POSSIBLE, "may be new"), (NO, "as published")):
        if tables := [name for name, found in publish.tables.items() if found == verdict]:
            yield from _wrapped(f"  {words}: ", ", ".join(tables))


def _block(title: str, tables: dict[str, list[Line]]) -> Iterator[str]:
    """Tables of which the same is told stand together."""
    alike: dict[tuple[Line, ...], list[str]] = defaultdict(list)
    for table, found in tables.items():
        if found:
            alike[tuple(found)].append(table)
    if alike:
        yield f"  {title}"
    for told, names in alike.items():
        short = f"    {', '.join(names)}  {told[0][0]}  {told[0][1]}".rstrip()
        if len(told) == 1 and len(short) <= WIDTH:
            yield short
            continue
        yield from _wrapped("    ", ", ".join(names))
        for months, why in told:
            yield from _wrapped("      ", f"{months}  {why}".rstrip())


def _certain(table: TablePlan) -> list[Line]:
    return _by_why((month_of(unit), _why(month_of(unit), reasons)) for unit, reasons in table.certain.items())


def _possible(table: TablePlan) -> list[Line]:
    return _by_why(
        (month_of(unit), f"through {', '.join(task.through)}") for unit, task in table.possible.items()
    )


def _dropped(table: TablePlan) -> list[Line]:
    return _by_why((month_of(unit), "") for unit in table.dropped)


def _by_why(lines: Iterable[Line]) -> list[Line]:
    months: dict[str, list[str]] = defaultdict(list)
    for month, why in lines:
        months[why].append(month)
    return [(month_runs(found), why) for why, found in months.items()]


def _why(month: str, reasons: Reasons) -> str:
    """Why a task is stale. Parts of its own month need no name, so that months with like reasons stand together."""
    if not reasons:
        return NEVER
    parts: dict[str, list[str]] = defaultdict(list)
    for reason in essential(reasons):
        parts[_what(reason)].append(month_of(reason.part))
    return "; ".join(
        what if {*months} <= {month, ""} else f"{what} ({month_runs(months)})"
        for what, months in parts.items()
    )


def _what(reason: Difference) -> str:
    if reason.kind == "raw" and reason.change == "new":
        return f"{'rows gone from' if reason.part.endswith(GONE) else 'new rows of'} {reason.name}"
    if reason.kind == "table":
        return f"{reason.name} {reason.change}"
    return f"raw {reason.name} {reason.change}" if reason.kind == "raw" else reason.told


def _wrapped(start: str, text: str) -> list[str]:
    """Wrapped lines; later ones are indented by two more than the first."""
    return wrap(
        start + text,
        WIDTH,
        subsequent_indent=" " * (len(start) - len(start.lstrip()) + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
