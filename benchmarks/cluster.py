"""What the tasks of a run cost, one by one, and what it costs to do them on a Dask cluster.

`python -m benchmarks.cluster --folder data/benchmark --customers 20000 200000 --shards 1 4 16` makes demo companies with all raw tables, lands them (not
measured), and computes every table in one process with each task recorded; then, of the biggest company, in one process and on a
scheduler with workers on the loopback. The figures are kept beside the tasks, which `benchmarks.scaling` reads.
"""

import json
import shutil
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from benchmarks.catalogue import landed, made
from benchmarks.cluster_report import markdown
from benchmarks.figures import keep
from benchmarks.machine import machine, use_cores
from benchmarks.measured import measure
from benchmarks.processes import copied
from benchmarks.tables import Told

RESULTS = Path(__file__).parent / "results" / "cluster.json"
STEPS = ("tasks", "overhead", "memory")
GIVE_BACK = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0", "POLARS_MAX_THREADS": "1"}
"""What polars' allocator is told, so that a task's memory is not that of the one before."""


def main() -> None:
    """Measure, print, and keep the figures."""
    options = parsed()
    use_cores(options.cores)
    kept = options.folder / "cluster-told.json"
    told: Told = {step: {} for step in STEPS} | (json.loads(kept.read_text()) if kept.exists() else {})
    for customers in options.customers:
        company, data = prepared(options.folder, customers)
        if "memory" in options.only:
            told["memory"][str(customers)] = greediest(options.folder, company, data)
        for shards in options.shards:
            name = f"{customers}-{shards}"
            if "tasks" in options.only:
                told["tasks"][name] = recorded(options.folder, company, data, shards)
            if "overhead" in options.only:
                told["overhead"][name] = compared(options, company, data, shards)
            kept.write_text(json.dumps(told, indent=1))
    keep(told | {"machine": machine()}, markdown, options.results)


def parsed() -> Namespace:
    """The command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where companies and data folders go")
    parser.add_argument("--customers", type=int, nargs="+", default=[20_000, 60_000, 200_000])
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="of the cluster")
    parser.add_argument("--only", choices=STEPS, nargs="+", default=list(STEPS), help="the steps to run")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def prepared(folder: Path, customers: int) -> tuple[Path, Path]:
    """A company and a data folder in which it has landed, both made once."""
    company, data = made(folder, customers), folder / f"landed-{customers}"
    if not (data / "landing" / "current.json").exists():
        landed(company, data)
    return company, data


def recorded(folder: Path, company: Path, data: Path, shards: int) -> Told:
    """Every table once with one thread, as a worker has; the tasks are kept in a file of their own."""
    out = tasks_file(folder, data, shards)
    told = lake_run(folder, company, data, shards, out=out, threads=1, more=["--recorded"])
    records = told.pop("tasks")
    return told | {"by_table": by_table(records)}


def greediest(folder: Path, company: Path, data: Path) -> list[Told]:
    """What the greediest task of each table takes."""
    out, copy = folder / "memory.json", copied(data, folder / "cluster-run")
    command = ["benchmarks.task_memory", "--company", str(company), "--landed", str(copy), "--out", str(out)]
    measure("task_memory", [sys.executable, "-m", *command], folder / "task_memory.log", GIVE_BACK)
    shutil.rmtree(copy)
    found: list[Told] = json.loads(out.read_text())
    return found


def tasks_file(folder: Path, data: Path, shards: int) -> Path:
    """Where the tasks of a run are kept."""
    return folder / f"tasks-{data.name.removeprefix('landed-')}-{shards}.json"


def by_table(records: list[Told]) -> dict[str, Told]:
    """Table -> how many tasks, their CPU seconds, the longest of them and the one that took most memory."""
    found: dict[str, Told] = {}
    for record in records:
        told = found.setdefault(
            record["table"],
            {"tasks": 0, "cpu": 0.0, "longest": 0.0, "peak": 0, "grown": 0, "files": 0, "pickled": 0},
        )
        told["tasks"] += 1
        told["cpu"] += record["cpu"]
        told["longest"] = max(told["longest"], record["cpu"])
        for kind, figure in (
            ("peak", "peak"),
            ("grown", "grown"),
            ("files", "files_read"),
            ("pickled", "pickled_task"),
        ):
            told[kind] = max(told[kind], record[figure])
    return found


def compared(options: Namespace, company: Path, data: Path, shards: int) -> Told:
    """The same tables in one process, and on a cluster with some numbers of workers."""
    from benchmarks.dask_processes import LocalCluster  # noqa: PLC0415 - Dask is an extra

    folder, out = options.folder, options.folder / "run.json"
    alone = lake_run(folder, company, data, shards, out=out, threads=options.cores)
    told: Told = {"in process": alone}
    for workers in options.workers:
        cluster = LocalCluster(folder / "dask", workers)
        try:
            cluster.warm_up()
            began = cluster.cpu()
            run = lake_run(
                folder, company, data, shards, out=out, threads=1, more=["--cluster", cluster.address]
            )
            used = {name: cpu - began[name] for name, cpu in cluster.cpu().items()}
        finally:
            cluster.stop()
        if run["digests"] != alone["digests"]:
            message = "the cluster's tables differ from those of one process"
            raise SystemExit(message)
        timed = {"customers": int(data.name.rpartition("-")[2]), "shards": shards, "workers": workers}
        timed |= {"timed": run.pop("timed"), "elapsed": run["elapsed"]}
        (folder / f"timed-{data.name.removeprefix('landed-')}-{shards}-{workers}.json").write_text(
            json.dumps(timed)
        )
        told[f"{workers} workers"] = run | {
            "scheduler": used.pop("scheduler"),
            "workers": sum(used.values()),
            "start of workers": sum(cpu for name, cpu in began.items() if name != "scheduler"),
        }
    return told


def lake_run(  # noqa: PLR0913 - what a run is told
    folder: Path,
    company: Path,
    data: Path,
    shards: int,
    *,
    out: Path,
    threads: int,
    more: list[str] | None = None,
) -> Told:
    """A lake on a copy of what landed, in a process of its own."""
    copy = copied(data, folder / "cluster-run")
    command = [
        "benchmarks.lake_run",
        "--company",
        str(company),
        "--landed",
        str(copy),
        "--shards",
        str(shards),
    ]
    command = [sys.executable, "-m", *command, "--out", str(out), *(more or [])]
    cost = measure("lake_run", command, folder / "lake_run.log", {"POLARS_MAX_THREADS": str(threads)})
    shutil.rmtree(copy)
    told: Told = json.loads(out.read_text())
    return told | {"process": cost.cpu_seconds, "peak": cost.peak_bytes}


if __name__ == "__main__":
    main()
