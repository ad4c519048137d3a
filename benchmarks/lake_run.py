"""All tables of a lake once, from what landed: in this process, with every task recorded, or on a cluster.

`python -m benchmarks.lake_run --company ... --landed ... --shards 4 --out told.json [--recorded | --cluster tcp://...]` writes what it took.
"""

import json
import time
from argparse import ArgumentParser, Namespace
from contextlib import nullcontext
from cProfile import Profile
from pathlib import Path
from typing import Any

from benchmarks.catalogue import settings_of
from benchmarks.task_records import Recorder
from benchmarks.timed_workers import Timed
from loyalty_pipeline.cluster.workers import InProcess, Workers
from loyalty_pipeline.lake.lake import STALE
from loyalty_pipeline.pipeline import COMMIT_EVERY, connected, open_lake
from loyalty_pipeline.settings import Settings


def main() -> None:
    """Run it and write what it told."""
    options = parsed()
    settings = settings_of(options.company, options.landed).model_copy(
        update={"shards": options.shards, "cluster": options.cluster, "task_timeout_minutes": 120}
    )
    if options.recorded:
        recorder = Recorder()
        told = run(settings, recorder) | {"driver": recorder.driver, "tasks": recorder.records}
    elif options.cluster is None:
        told = run(settings, InProcess())
    else:
        with connected(settings) as workers:
            timed = Timed(workers)
            told = run(settings, timed, options.profile)
            told["timed"] = [[*task, took, timed.cpu[task]] for task, took in timed.seconds.items()]
    options.out.write_text(json.dumps(told))


def parsed() -> Namespace:
    """The command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--company", type=Path, required=True)
    parser.add_argument(
        "--landed", required=True, help="data folder with what landed, or its address, and no lake"
    )
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cluster", help="a scheduler's address")
    parser.add_argument("--recorded", action="store_true", help="note what every task took")
    parser.add_argument("--profile", type=Path, help="keep where this process spends its time")
    return parser.parse_args()


def run(settings: Settings, workers: Workers, profile: Path | None = None) -> dict[str, Any]:
    """The lake computed and committed: CPU seconds of this process, and elapsed ones."""
    lake = open_lake(settings, workers)
    lake.commit_every = COMMIT_EVERY
    start, elapsed = time.process_time(), time.perf_counter()
    with Profile() if profile else nullcontext() as profiled:
        outcomes = lake.compute_all(dict.fromkeys(lake.tables, STALE))
        lake.commit()
    if profile and profiled:
        profiled.dump_stats(profile)
    return {
        "cpu": time.process_time() - start,
        "elapsed": time.perf_counter() - elapsed,
        "start": start,
        "count": sum(len(found) for found in outcomes.values()),
        "months": len(lake.months),
        "digests": {name: lake.digest(name) for name in lake.tables},
    }


if __name__ == "__main__":
    main()
