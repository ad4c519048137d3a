"""What became of the tasks of a run."""

from dataclasses import dataclass

from loyalty_pipeline.lake.manifest import Entry, digest_of
from loyalty_pipeline.lake.part import month_of


@dataclass(frozen=True)
class Outcome:
    """What became of one task; `month` is its unit. `is_changed` is false where new rows equal the old ones."""

    table: str
    month: str
    is_recomputed: bool
    is_changed: bool
    rows: int
    bytes: int
    digest: str


def outcome_of(table: str, unit: str, entries: dict[str, Entry]) -> Outcome:
    """A task that was not done again, from the parts it wrote."""
    digests = [entries[part].digest for part in sorted(entries)]
    return Outcome(
        table,
        unit,
        is_recomputed=False,
        is_changed=False,
        rows=sum(entry.rows for entry in entries.values()),
        bytes=sum(entry.bytes for entry in entries.values()),
        digest=digests[0] if len(digests) == 1 else digest_of(*digests),
    )


def by_month(outcomes: list[Outcome]) -> list[Outcome]:
    """The outcomes with the shards of a month as one."""
    months: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        months.setdefault(month_of(outcome.month), []).append(outcome)
    return [made[0] if len(made) == 1 else _united(month, made) for month, made in months.items()]


def _united(month: str, made: list[Outcome]) -> Outcome:
    return Outcome(
        made[0].table,
        month,
        is_recomputed=any(outcome.is_recomputed for outcome in made),
        is_changed=any(outcome.is_changed for outcome in made),
        rows=sum(outcome.rows for outcome in made),
        bytes=sum(outcome.bytes for outcome in made),
        digest=digest_of(*(outcome.digest for outcome in made)),
    )
