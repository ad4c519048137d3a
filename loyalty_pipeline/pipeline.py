"""The nightly run: land, compute what is stale, publish. The command line and Dagster both call this."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.cluster.workers import InProcess, Progress, Workers
from loyalty_pipeline.lake.backfill import Backfill, compute_again, months_between
from loyalty_pipeline.lake.lake import ALL, STALE, Lake
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.lake.memory import Memory, memory_of
from loyalty_pipeline.lake.outcome import Outcome, by_month
from loyalty_pipeline.lake.plan import Plan, plan_of
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing import LandingReport, land
from loyalty_pipeline.landing.preview import RawPlan, noted, preview
from loyalty_pipeline.periods import Calendar
from loyalty_pipeline.publication.contents import Contents
from loyalty_pipeline.publication.log import Log
from loyalty_pipeline.publication.preview import Foreseen, foresee
from loyalty_pipeline.publication.snapshot import Publication, Publisher
from loyalty_pipeline.scorecard.reference import Benchmark, Target, read_lines
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.mapping import check_mappings
from loyalty_pipeline.staging import sentiment
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
    "clv_holdout_months",
    "min_responses",
    "cai_trust_weight",
    "cai_satisfaction_weight",
    "cai_recommendation_weight",
    "support_target_hours",
)
"""The settings that tables may name as parameters."""

COMMIT_EVERY = 5.0
"""Seconds of work that a killed run may lose: a manifest names every file, so it is not written after each table."""

Told = Callable[[str, int, int], None]
"""Called with what is being done, and how many of how many tasks are."""


@dataclass
class Night:
    """What one run did."""

    landing: LandingReport
    outcomes: dict[str, list[Outcome]]
    publication: Publication
    unfed: dict[str, tuple[str, ...]]
    """Tables that are empty because the source has no row of what they need."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "snapshot": self.publication.snapshot,
            "metrics": self.publication.metrics,
            "is_changed": self.publication.is_changed,
            "folder": str(self.publication.folder),
            "rows": self.publication.rows,
            "restatements": self.publication.restated.to_dict(),
            "recomputed": {n: [o.month for o in os if o.is_recomputed] for n, os in self.outcomes.items()},
            "unfed": {name: list(needs) for name, needs in self.unfed.items()},
            "landing": self.landing.to_dict(),
        }


@dataclass(frozen=True)
class NightPlan:
    """What a run would do."""

    extract: dict[str, RawPlan]
    recompute: Plan
    publish: Foreseen

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        extract = {name: raw.to_dict() for name, raw in self.extract.items()}
        return {
            "extract": extract,
            "recompute": self.recompute.to_dict(),
            "publish": self.publish.to_dict(),
        }


def connected(settings: Settings) -> AbstractContextManager[Workers]:
    """Who does the tasks of a run: this process, or the cluster that the settings name. Raises `ClusterError`."""
    if settings.cluster is None:
        return nullcontext(InProcess())
    from loyalty_pipeline.cluster.connection import cluster  # noqa: PLC0415 - Dask is an extra, and costs a second

    return cluster(
        settings.cluster,
        settings.data_dir,
        connect_seconds=settings.cluster_timeout_seconds,
        task_seconds=60 * settings.task_timeout_minutes,
    )


def open_lake(settings: Settings, workers: Workers | None = None) -> Lake:
    """The lake of a data folder over what has landed there, under the settings. Without `workers` this process does its tasks."""
    landing = Store(settings.data_dir / "landing")
    policy = {name: getattr(settings, name) for name in POLICY}
    calendar = Calendar(settings.timezone, settings.fiscal_year_start_month, settings.as_of_date())
    lake = Lake(
        Store(settings.data_dir / "lake"), landing, tables(), calendar, policy, shard_count=settings.shards
    )
    lake.workers = workers or lake.workers
    lake.policy |= found_out(settings)
    lake.policy["line_source"] = _line_source(
        settings, has_items=bool(lake.landed.months("subscription_items"))
    )
    return lake


def found_out(settings: Settings) -> dict[str, Any]:
    """What tables are told that no setting says itself: the sentiment model's version, benchmarks and targets.

    Raises `SettingsError` where the model is not installed, `DataFault` where a reference file cannot be read.
    """
    folder = settings.reference or settings.data_dir / "reference"
    return {
        "sentiment_model": sentiment.version() if settings.sentiment == "vader" else "",
        "benchmarks": read_lines(folder / "benchmarks.csv", Benchmark),
        "targets": read_lines(folder / "targets.csv", Target),
    }


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
    check_mappings(settings.tables, settings.sources)
    # Before anything is read: who has to mend them should not wait for it.
    found_out(settings)
    with exclusive(settings.data_dir):
        with connected(settings) as workers:
            landing = ingest(settings, told=say, reread=reread)
            lake = open_lake(settings, workers)
            lake.commit_every = COMMIT_EVERY
            made = lake.compute_all(dict.fromkeys(lake.tables, ALL if is_full else STALE), _tasks(say))
        lake.commit()
        outcomes = {name: by_month(found) for name, found in made.items()}
        return Night(landing, outcomes, publish(settings, lake), lake.unfed)


def plan(settings: Settings) -> NightPlan:
    """What `nightly` would extract, compute and publish, and why. Takes no lock, reads no row and writes nothing.

    Raises `SourceError` where the source cannot be looked at.
    """
    check_mappings(settings.tables, settings.sources)
    extract, lake = preview(settings), open_lake(settings)
    recompute = plan_of(lake, [name for name, raw in extract.items() if raw.may_land])
    contents = Contents(lake, _published(), _logs(settings))
    logged = {validation_history.__name__: noted(extract)}
    publish = foresee(contents, Publisher(settings.data_dir).pointer, recompute, logged)
    return NightPlan(extract, recompute, publish)


def memory(settings: Settings, shards: int) -> Memory:
    """What the tasks of the lake would take, were it kept in so many shards; it is opened, and no row is read."""
    return memory_of(open_lake(settings), shards)


def backfill(
    settings: Settings, first: str | None = None, last: str | None = None, *, told: Told | None = None
) -> tuple[Backfill, Publication]:
    """Compute the months from first to last again, then what became stale, and publish; nothing lands.

    By default from the first month of business to the newest. Raises `SettingsError` for other months, and
    `ContractBroken` or `Locked`.
    """
    with exclusive(settings.data_dir):
        with connected(settings) as workers:
            lake = open_lake(settings, workers)
            span = months_between(lake, first, last)
            lake.commit_every = COMMIT_EVERY
            done = compute_again(lake, span, _tasks(told or (lambda *_: None)))
        return done, publish(settings, lake)


def extract(settings: Settings, *, is_reconciling: bool = False, told: Told | None = None) -> LandingReport:
    """Land what is new at the sources, under the data folder's lock; nothing is computed or published.

    `is_reconciling` compares all keys of databases with what has landed. Raises `SourceError`, `DataFault` or `Locked`.
    """
    check_mappings(settings.tables, settings.sources)
    with exclusive(settings.data_dir):
        return ingest(settings, told=told, is_reconciling=is_reconciling)


def ingest(
    settings: Settings,
    *,
    told: Told | None = None,
    reread: frozenset[str] = frozenset(),
    is_reconciling: bool = False,
) -> LandingReport:
    """Land what is new at the source; the caller holds the lock."""
    say = told or (lambda *_: None)
    return land(
        settings,
        progress=lambda table, *_: say(f"landing {table}", 0, 1),
        reread=reread,
        is_reconciling=is_reconciling,
    )


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


def _tasks(say: Told) -> Callable[[Progress], None]:
    """Tells of tasks in the words of a run."""

    def told(progress: Progress) -> None:
        table = str(progress.latest[0]) if isinstance(progress.latest, tuple) else ""
        say(f"{table}{progress.aside}", progress.done, progress.total)

    return told


def is_published(settings: Settings, lake: Lake) -> bool:
    """Whether the current snapshot is made of what the lake has."""
    return Publisher(settings.data_dir).shows(lake, _published(), _logs(settings))


def _published() -> list[str]:
    return [table.__name__ for table in PUBLISHED]


def _logs(settings: Settings) -> list[Log]:
    return [Log(validation_history, ValidationHistory, settings.data_dir)]


def _line_source(settings: Settings, *, has_items: bool) -> str:
    if settings.activity == "purchases":
        return "purchases"
    return settings.mrr_source or ("subscription_items" if has_items else "invoice_lines")
