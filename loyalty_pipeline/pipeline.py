"""The nightly run: land, compute what is stale, publish. The command line and Dagster both call this."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.lake.lake import Lake, Outcome
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing import LandingReport, land
from loyalty_pipeline.periods import Calendar
from loyalty_pipeline.publication.log import Log
from loyalty_pipeline.publication.snapshot import Publication, Publisher, snapshot_id
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.mapping import check_mappings
from loyalty_pipeline.validation.history import ValidationHistory, validation_history

POLICY = (
    "reporting_currency",
    "timezone",
    "renewal_grace_days",
    "delinquency_days",
    "mrr_floor",
    "activity",
    "activity_window_days",
    "gross_margin",
    "discount_rate",
    "clv_horizon_months",
    "advocacy_window_months",
    "advocacy_depth",
)
"""The settings that tables may name as parameters."""

Told = Callable[[str, int, int], None]
"""Called with a table, and how many of how many tables are done."""


@dataclass
class Night:
    """What one run did."""

    landing: LandingReport
    outcomes: dict[str, list[Outcome]]
    publication: Publication

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "snapshot": self.publication.snapshot,
            "metrics": self.publication.metrics,
            "is_changed": self.publication.is_changed,
            "folder": str(self.publication.folder),
            "rows": self.publication.rows,
            "recomputed": {n: [o.month for o in os if o.is_recomputed] for n, os in self.outcomes.items()},
            "landing": self.landing.to_dict(),
        }


def open_lake(settings: Settings) -> Lake:
    """The lake of a data folder over what has landed there, under the settings."""
    landing = Store(settings.data_dir / "landing")
    policy = {name: getattr(settings, name) for name in POLICY}
    calendar = Calendar(
        settings.timezone,
        settings.fiscal_year_start_month,
        settings.as_of_date(),
        settings.renewal_grace_days,
    )
    lake = Lake(Store(settings.data_dir / "lake"), landing, tables(), calendar, policy)
    lake.policy["line_source"] = _line_source(
        settings, has_items=bool(lake.landed.months("subscription_items"))
    )
    return lake


def nightly(
    settings: Settings,
    *,
    is_full: bool = False,
    told: Told | None = None,
    reread: frozenset[str] = frozenset(),
) -> Night:
    """One night under the data folder's lock: only what changed is read, computed or published.

    `is_full` computes everything again. The raw tables of `reread` are read and judged again although their files are
    as they were. Raises `SourceError`, `DataFault`, `ContractBroken` or `Locked`; what was published before then stays.
    """
    say = told or (lambda *_: None)
    check_mappings(settings.tables)
    with exclusive(settings.data_dir):
        landing = ingest(settings, told=say, reread=reread)
        lake, outcomes = open_lake(settings), {}
        for done, name in enumerate(lake.tables):
            say(name, done, len(lake.tables))
            outcomes[name] = lake.compute(name, is_full=is_full)
        return Night(landing, outcomes, publish(settings, lake))


def ingest(
    settings: Settings, *, told: Told | None = None, reread: frozenset[str] = frozenset()
) -> LandingReport:
    """Land what is new at the source; the caller holds the lock."""
    say = told or (lambda *_: None)
    return land(settings, progress=lambda table, *_: say(f"landing {table}", 0, 1), reread=reread)


def publish(settings: Settings, lake: Lake) -> Publication:
    """Publish the metric tables and let go of files that nothing names; the caller holds the lock."""
    publisher = Publisher(settings.data_dir, settings.keep_snapshots, settings.keep_hours)
    now = datetime.now(UTC)
    publication = publisher.publish(lake, _published(), now, _logs(settings))
    if publication.is_changed:
        kept = list(publisher.kept(now))
        lake.store.sweep(entry["lake"] for entry in kept)
        lake.landing.sweep(entry["landing"] for entry in kept)
    return publication


def is_published(settings: Settings, lake: Lake) -> bool:
    """Whether the current snapshot is made of what the lake has."""
    snapshot = Publisher(settings.data_dir).current().get("snapshot")
    return bool(snapshot == snapshot_id(lake, _published(), _logs(settings)))


def _published() -> list[str]:
    return [table.__name__ for table in PUBLISHED]


def _logs(settings: Settings) -> list[Log]:
    return [Log(validation_history, ValidationHistory, settings.data_dir)]


def _line_source(settings: Settings, *, has_items: bool) -> str:
    if settings.activity == "purchases":
        return "purchases"
    return settings.mrr_source or ("subscription_items" if has_items else "invoice_lines")
