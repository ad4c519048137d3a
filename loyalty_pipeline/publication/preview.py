"""Whether the next run would publish, and what; nothing is written."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.plan import Plan, TablePlan
from loyalty_pipeline.publication.contents import Contents
from loyalty_pipeline.publication.draft import facts_of
from loyalty_pipeline.publication.pointer import Pointer

CERTAIN, POSSIBLE, NO = "certain", "possible", "no"


@dataclass(frozen=True)
class Foreseen:
    """One verdict on the publication, and one on each of its tables: certain, possible, or no.

    A table is certain to be another one where that is seen without computing; most changes are only possible.
    """

    verdict: str
    reasons: tuple[str, ...]
    tables: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def foresee(contents: Contents, pointer: Pointer, plan: Plan, noted: dict[str, str]) -> Foreseen:
    """What becomes of the tables of `contents` by a plan of its lake. `noted` are verdicts on its logs."""
    current = pointer.read()
    facts = facts_of(pointer.folder(current["snapshot"])) if current else {}
    reasons = tuple(_reasons(contents, facts)) if current else ("nothing was published yet",)
    known = facts.get("tables", {})
    tables = {name: _table(contents.lake, plan.tables[name], known.get(name, {})) for name in contents.tables}
    logs = {log.name: _log(log.digest, known.get(log.name, {})) for log in contents.logs}
    verdicts = tables | {name: _firmer(verdict, noted.get(name, NO)) for name, verdict in logs.items()}
    overall = CERTAIN if reasons else _firmer(*verdicts.values())
    if overall == NO and current.get("made_of") != contents.digest:
        overall, reasons = CERTAIN, ("what the lake has was not published",)
    return Foreseen(overall, reasons, verdicts)


def _reasons(contents: Contents, facts: dict[str, Any]) -> Iterator[str]:
    before, now = facts.get("settings", {}), contents.settings
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield f"setting {name} changed: {before.get(name)} -> {now.get(name)}"


def _table(lake: Lake, plan: TablePlan, published: dict[str, Any]) -> str:
    made_of = published.get("inputs", {})
    is_same = made_of.get("lake") == lake.digest(plan.table)
    is_touched = bool(plan.is_touched or plan.moves or plan.awaits)
    is_new = any(not reasons for reasons in plan.certain.values())
    if is_new or made_of.get("code") != lake.tables[plan.table].code or (not is_same and not is_touched):
        return CERTAIN
    return POSSIBLE if is_touched else NO


def _log(digest: str, published: dict[str, Any]) -> str:
    return NO if published.get("inputs", {}).get("log") == digest else CERTAIN


def _firmer(*verdicts: str) -> str:
    return min(verdicts, key=(CERTAIN, POSSIBLE, NO).index, default=NO)
