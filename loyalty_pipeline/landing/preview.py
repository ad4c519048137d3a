"""What a landing would read, and why; no row is read and nothing is written."""

from dataclasses import asdict, dataclass
from typing import Any

from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.landing.land import Landing
from loyalty_pipeline.landing.settings import LandingSettings
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.sources.files import SourceFiles
from loyalty_pipeline.sources.opening import opened
from loyalty_pipeline.sources.origin import Origin

READ, MAY_BE_READ, UNCHANGED, ABSENT, MISSING = "read", "may be read", "unchanged", "absent", "missing"


@dataclass(frozen=True)
class RawPlan:
    """One raw table: read, may be read, unchanged, absent (it need not be there) or missing (a run would stop).

    `rows` are those of its last reading, `waiting` of them wait for rows they refer to. How many rows it has now is known
    after reading.
    """

    table: str
    verdict: str
    reasons: tuple[str, ...] = ()
    rows: int | None = None
    waiting: int = 0

    @property
    def may_land(self) -> bool:
        """Whether rows of it may land."""
        return self.verdict in {READ, MAY_BE_READ}

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def preview(settings: LandingSettings) -> dict[str, RawPlan]:
    """What the next landing would do with each raw table. Raises `SourceError` where the source cannot be looked at."""
    landing = Landing(settings, lambda *_: None)
    plans: dict[str, RawPlan] = {}
    with opened(settings) as sources:
        for table in RAW_TABLES:
            plans[table] = _plan(landing, table, sources.find(table), plans)
    return plans


def noted(plans: dict[str, RawPlan]) -> str:
    """Whether the run would note checks, as it does of every table it reads: certain, possible or no."""
    verdicts = {plan.verdict for plan in plans.values()}
    return "certain" if READ in verdicts else "possible" if MAY_BE_READ in verdicts else "no"


def _plan(landing: Landing, table: str, origin: Origin | None, before: dict[str, RawPlan]) -> RawPlan:
    if origin is None:
        return _absent(landing, table)
    known = landing.notes.get(table)
    if known is None:
        return RawPlan(table, READ, ("it has never landed",))
    terms = landing.standards.terms(table)
    fingerprint = origin.fingerprint(terms)
    if not fingerprint and known["stated"] == origin.stated(terms):
        why = "its source does not say when its rows change: they are read to see"
        return RawPlan(table, MAY_BE_READ, (why,), known["rows"], known["waiting"])
    if known["fingerprint"] != fingerprint:
        return RawPlan(table, READ, _changed(known, origin, terms), known["rows"], known["waiting"])
    targets = {target for target, _ in references(RAW_TABLES[table]).values()}
    fresh = [target for target in sorted(targets) if target in before and before[target].may_land]
    if known["waiting"] and fresh:
        why = f"{known['waiting']:,} rows wait for new rows of {', '.join(fresh)}"
        return RawPlan(table, MAY_BE_READ, (why,), known["rows"], known["waiting"])
    return RawPlan(table, UNCHANGED, (), known["rows"], known["waiting"])


def _absent(landing: Landing, table: str) -> RawPlan:
    try:
        landing.absent(table)
    except DataFault as fault:
        return RawPlan(table, MISSING, (str(fault),))
    return RawPlan(table, ABSENT)


def _changed(known: dict[str, Any], origin: Origin, terms: str) -> tuple[str, ...]:
    """Which of the things that a fingerprint is made of is another one."""
    before, now = known.get("stated"), origin.stated(terms)
    if before is None:
        return ("its rows, its mapping or its rules changed",)
    changed = tuple(f"its {name} changed" for name in now if before.get(name) != now[name])
    return changed or ("its file changed" if isinstance(origin, SourceFiles) else "its rows changed",)
