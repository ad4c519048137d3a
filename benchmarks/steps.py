"""The steps of the benchmark: each measures child processes, one after the other, and returns what they told."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import date, timedelta

from benchmarks.processes import Bench, Told, copied, middle

QUIET_RUNS = 5
SHARE_OF_A_NIGHT, SHARE_OF_LATE_ROWS = 0.01, 0.001
IMPORTS = "import loyalty_pipeline.cli.app, loyalty_pipeline.cli.night"
"""What `loyalty run` imports before it does anything."""


def full(bench: Bench) -> Told:
    """A full run from nothing: landing, then all tables with each number of shards, and the scan of what landed."""
    landed = bench.folder / "landed"
    shutil.rmtree(landed, ignore_errors=True)
    landing = bench.night("landing", landed, "--landing-only")
    runs = {
        str(shards): bench.night(f"full-{shards}", copied(landed, bench.state(shards)), shards=shards)
        for shards in bench.shards
    }
    scan = bench.child("scan", ["scan", str(landed)])
    shutil.rmtree(landed)
    return {"rows": bench.company.rows(), "landing": landing, "runs": runs, "scan": scan}


def nights(bench: Bench) -> Told:
    """Nights that each begin with the complete state."""
    return {"shards": {str(shards): nights_after(bench, shards) for shards in bench.night_shards}}


def nights_after(bench: Bench, shards: int) -> Told:
    """A quiet night, a quiet one a day later, one with news of this month and one with news of a year ago."""
    if not (bench.state(shards) / "lake").exists():
        message = f"{bench.state(shards)} has no lake: run the step `full` with --shards {shards} first"
        raise SystemExit(message)
    this_month = (bench.as_of - timedelta(days=1)).replace(day=1)
    a_year_ago = this_month.replace(year=this_month.year - 1)
    return {
        "this month": one_night(bench, shards, changes=(this_month, SHARE_OF_A_NIGHT)),
        "a year ago": one_night(bench, shards, changes=(a_year_ago, SHARE_OF_LATE_ROWS)),
        "a day later": one_night(bench, shards, as_of=bench.as_of + timedelta(days=1)),
        "quiet": quiet(bench, shards),
    }


def quiet(bench: Bench, shards: int) -> Told:
    """`loyalty run` where nothing changed, beside what it imports: the median of some runs each."""
    data = copied(bench.state(shards), bench.folder / "night")
    run = [
        "-m",
        "loyalty_pipeline.cli",
        "run",
        "--source",
        str(bench.company.folder),
        "--data-dir",
        str(data),
    ]
    run += ["--as-of", bench.as_of.isoformat()]
    settings = {"LOYALTY_MRR_SOURCE": "invoice_lines"} | (
        {"LOYALTY_SHARDS": str(shards)} if shards > 1 else {}
    )
    costs = {
        name: [bench.python(f"quiet-{name}", command, settings) for _ in range(QUIET_RUNS)]
        for name, command in (("run", run), ("imports", ["-c", IMPORTS]))
    }
    shutil.rmtree(data)
    return {name: middle(runs) for name, runs in costs.items()}


def one_night(
    bench: Bench, shards: int, *, as_of: date | None = None, changes: tuple[date, float] | None = None
) -> Told:
    """A night on a copy of the state, with rows that came or changed."""
    data, brought = copied(bench.state(shards), bench.folder / "night"), bench.folder / "brought"
    added: dict[str, int] = {}
    try:
        if changes:
            source, (month, share) = str(bench.company.folder), changes
            bench.child("changes", ["changes", source, str(brought), str(month), str(share)])
            added = json.loads(bench.log("changes").read_text())
            for table in added:
                bench.company.show(table, brought / f"{table}.parquet")
        return bench.night("night", data, as_of=as_of, shards=shards) | {"added": added}
    finally:
        bench.company.link()
        shutil.rmtree(data)
        shutil.rmtree(brought, ignore_errors=True)


def peers(bench: Bench) -> Told:
    """DuckDB on all customers; DuckDB and pandas on a tenth of them."""
    tenth = bench.sized(bench.customers // 10, bench.months)
    return {
        "duckdb": {tables: duckdb(bench, tables) for tables in ("two", "all")},
        "tenth": {
            "rows": tenth.company.rows(),
            "duckdb": duckdb(tenth, "two"),
            "pandas": tenth.peer("pandas", "pandas_peer"),
        },
    }


def duckdb(bench: Bench, tables: str) -> Told:
    """The SQL program, with a thread a core and no memory limit but DuckDB's own, four fifths of the machine's."""
    threads = str(len(os.sched_getaffinity(0)))
    cost = bench.peer(tables, "duckdb_peer", "--tables", tables, "--threads", threads)
    spilled: Told = json.loads(bench.log(tables).read_text().splitlines()[-1])
    return cost | spilled


def scale(bench: Bench) -> Told:
    """Full runs of a tenth of the customers, over as many months and over three times as many."""
    runs, data = {}, bench.folder / "scale"
    for months in (bench.months, 3 * bench.months):
        sized = bench.sized(bench.customers // 10, months)
        shutil.rmtree(data, ignore_errors=True)
        runs[str(months)] = sized.night(f"scale-{months}", data) | {"rows": sized.company.rows()}
        shutil.rmtree(data)
    return {"months": runs}


STEPS: dict[str, Callable[[Bench], Told]] = {"full": full, "nights": nights, "peers": peers, "scale": scale}
