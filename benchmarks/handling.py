"""What a cluster takes to hand a task to a worker and its result back: tasks that do nothing, each with as much to tell as a real one.

`python -m benchmarks.handling --folder data/benchmark` prints milliseconds of CPU a task for the driver, the scheduler and the workers, for tasks that wait
for none and for chains of 36.
"""

import time
from argparse import ArgumentParser
from functools import partial
from pathlib import Path

from benchmarks.dask_processes import LocalCluster
from benchmarks.tables import markdown_table
from loyalty_pipeline.cluster.connection import cluster

TOLD = bytes(10_000)
CHAINS, LENGTH = 80, 36
Node = tuple[str, str]


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    rows = handled(options.folder.absolute(), options.workers)
    print(markdown_table(("tasks, ms of CPU each", "driver", "scheduler", "workers"), rows))


def handled(folder: Path, workers: int) -> list[tuple[str, ...]]:
    """One row for each kind of waiting."""
    local, rows = LocalCluster(folder / "dask", workers), []
    tasks = [(f"chain{chain}", f"{place:02}") for chain in range(CHAINS) for place in range(LENGTH)]
    try:
        local.warm_up()
        with cluster(local.address, folder / "dask", connect_seconds=60, task_seconds=600) as found:
            for name, before in (("that wait for none", _none), (f"in chains of {LENGTH}", _previous)):
                began, driver = local.cpu(), time.process_time()
                found.map(
                    partial(len),
                    tasks,
                    before=before,
                    begin=lambda _: TOLD,
                    end=lambda *_: None,
                    told=lambda _: None,
                )
                used = {one: cpu - began[one] for one, cpu in local.cpu().items()}
                spent = (time.process_time() - driver, used.pop("scheduler"), sum(used.values()))
                rows.append((name, *(f"{1000 * seconds / len(tasks):.2f}" for seconds in spent)))
    finally:
        local.stop()
    return rows


def _none(_: Node) -> list[Node]:
    return []


def _previous(task: Node) -> list[Node]:
    chain, place = task[0], int(task[1])
    return [(chain, f"{place - 1:02}")] if place else []


if __name__ == "__main__":
    main()
