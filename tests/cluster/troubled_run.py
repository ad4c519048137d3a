"""A run of the small catalogue on a cluster, with the exit codes of the command line: `python -m tests.cluster.troubled_run`."""

import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from loyalty_pipeline.cli.exits import said
from loyalty_pipeline.cluster.connection import cluster
from loyalty_pipeline.cluster.workers import Progress
from loyalty_pipeline.lake.lake import STALE, Lake
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.storage.place import Place, place_of
from tests.cluster.troubled import troubled_lake
from tests.lake.toy import digests


@dataclass(frozen=True)
class Ran:
    """What a run computed, and what the lake has then."""

    recomputed: list[str]
    digests: dict[str, str]


def run(place: Place, trouble: Path, address: str, *, connect: float = 30, task: float = 60) -> Ran:
    """Bring every table up to date."""
    with (
        exclusive(place),
        cluster(address, place, connect_seconds=connect, task_seconds=task) as workers,
    ):
        lake = troubled_lake(place, trouble)
        lake.workers, lake.commit_every = workers, 0.5
        made = lake.compute_all(dict.fromkeys(lake.tables, STALE), _silent)
        lake.commit()
        # As every night does: a worker that is killed leaves what it was writing.
        lake.store.sweep()
    return Ran([f"{o.table} {o.month}" for os in made.values() for o in os if o.is_recomputed], digests(lake))


def counted(lake: Lake) -> int:
    """The tasks that count."""
    return sum(map(len, lake.manifest.tasks.values()))


def _silent(_: Progress) -> None:
    """Nobody looks."""


def main() -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and a process inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    place, trouble, address, connect, task = sys.argv[1:]
    with said("Nothing was published."):
        ran = run(place_of(place), Path(trouble), address, connect=float(connect), task=float(task))
        print(json.dumps([ran.recomputed, ran.digests]))  # noqa: T201


if __name__ == "__main__":
    main()
