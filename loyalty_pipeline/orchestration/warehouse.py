"""What the steps of a run share: settings, and the lock that the run holds from its first step to its last."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, cast

import dagster as dg

from loyalty_pipeline import pipeline
from loyalty_pipeline.cluster.workers import Told, Workers
from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.lake.audit import ContractBroken
from loyalty_pipeline.lake.lake import STALE, Lake
from loyalty_pipeline.lake.lock import Locked, exclusive
from loyalty_pipeline.lake.outcome import Outcome
from loyalty_pipeline.landing import LandingReport
from loyalty_pipeline.publication.snapshot import Publication
from loyalty_pipeline.settings import Settings

WAREHOUSE = "warehouse"


class Land(Protocol):
    """Lands what is new at the sources of some settings."""

    def __call__(self, settings: Settings, *, is_reconciling: bool) -> LandingReport: ...  # noqa: D102


@dataclass
class Warehouse:
    """A data folder under the run's lock. `held` is why the lock could not be had, `until_end` closes what the run opens."""

    settings: Settings
    held: Locked | None = None
    land: Land = pipeline.ingest
    until_end: ExitStack = field(default_factory=ExitStack)
    _made: dict[str, list[Outcome]] | None = None
    """What came of tables that were computed before their step: table -> tasks. None before that was tried."""

    def lake(self) -> Lake:
        """The lake as the last step left it. A lake that another run holds is a `dg.Failure`."""
        self._refuse()
        return pipeline.open_lake(self.settings)

    def compute(self, lake: Lake, name: str, units: list[str]) -> list[Outcome]:
        """Compute the stale ones of some tasks of a table, unless that was done ahead."""
        if self._made and name in self._made:
            return self._made[name]
        lake.workers = self._workers
        return lake.compute(name, units)

    def compute_ahead(self, lake: Lake, told: Told) -> None:
        """Compute every table in the first step of a run where tasks are done elsewhere: workers then need not wait for steps.

        What is wrong with a table's data or contract is found again, and told, in its own step.
        """
        if self._made is not None or not self._workers.are_elsewhere:
            return
        self._made, lake.workers = {}, self._workers
        lake.commit_every = pipeline.COMMIT_EVERY
        with suppress(ContractBroken, DataFault):
            self._made = lake.compute_all(dict.fromkeys(lake.tables, STALE), told)
            lake.commit()

    @cached_property
    def _workers(self) -> Workers:
        return self.until_end.enter_context(pipeline.connected(self.settings))

    def ingest(self, *, is_reconciling: bool = False) -> LandingReport:
        """Land what is new at the sources."""
        self._refuse()
        return self.land(self.settings, is_reconciling=is_reconciling)

    def publish(self, lake: Lake) -> Publication:
        """Publish what the lake has."""
        self._refuse()
        return pipeline.publish(self.settings, lake)

    def _refuse(self) -> None:
        # Raised in a step, because Dagster buries what a resource raises under its own traceback.
        if self.held is not None:
            raise dg.Failure(str(self.held), allow_retries=False)


def warehouse(settings: Settings, land: Land = pipeline.ingest) -> dg.ResourceDefinition:
    """The resource: in-process runs open it once, so that the lock is held for the whole run."""

    @contextmanager
    def opened(_: dg.InitResourceContext) -> Iterator[Warehouse]:
        with ExitStack() as stack:
            held = None
            try:
                stack.enter_context(exclusive(settings.data_dir))
            except Locked as fault:
                held = fault
            yield Warehouse(settings, held, land, stack)

    return dg.ResourceDefinition(opened, description="The data folder, locked for the run.")


def of(context: dg.AssetExecutionContext) -> Warehouse:
    """The warehouse of a step's run."""
    return cast("Warehouse", context.resources.warehouse)
