"""What it costs to read a table out of PostgreSQL: 3 million rows of 17 columns, each way in a process of its own.

`python -m benchmarks.postgres --folder data/benchmark` starts a server of its own, as the tests do, fills it and reads it. With `--address`
it reads a table `invoices` that `--fill` made before. CPU seconds are the reading process's; the server's own are beside them where it
is ours.
"""

import json
import os
import statistics
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import keep
from benchmarks.machine import machine, use_cores
from benchmarks.measured import measure
from benchmarks.postgres_reads import ADDRESS, STATEMENT, since_of
from benchmarks.postgres_rows import statements
from benchmarks.tables import MEGABYTE, Told, markdown_table

RESULTS = Path(__file__).parent / "results" / "postgres.json"
WORDS = {
    "floor": "COPY (FORMAT binary) to nowhere, by psql",
    "adbc": "ADBC's stream to nowhere",
    "ours": "this, to Parquet",
    "polars_uri": "polars.read_database_uri (ADBC), to Parquet",
    "sqlalchemy": "SQLAlchemy (psycopg), streamed, to Parquet",
    "increment": "this, an increment of 1 %",
    "summary": "this, the summary",
    "key_scan": "this, all keys",
}


def main() -> None:
    """Measure, print, and keep the figures."""
    options = parsed()
    use_cores(options.cores)
    options.folder.mkdir(parents=True, exist_ok=True)
    with server(options) as (address, psql, pid):
        told: Told = {"rows": options.rows, "machine": machine(), "ways": {}}
        for way, words in WORDS.items():
            runs = [read(way, options, address, (psql, pid)) for _ in range(options.repeat)]
            figures = {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}
            told["ways"][way] = figures
            print(words, figures, flush=True)
    keep(told, markdown, options.results)


def parsed() -> Namespace:
    """The command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the files go that are written")
    parser.add_argument("--address", help="a server that has the table already, instead of one of our own")
    parser.add_argument("--psql", type=Path, default=Path("psql"), help="the client, with --address")
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


@contextmanager
def server(options: Namespace) -> Iterator[tuple[str, Path, int | None]]:
    """A filled server: its address, its client, and its process where it is ours."""
    if options.address:
        yield options.address, options.psql, None
        return
    from tests.servers.postgres import PostgresServer  # noqa: PLC0415 - needs the binaries

    # As most servers are set: psycopg cannot read instants of the tests' odd ones.
    own = PostgresServer({"shared_buffers": "1GB", "timezone": "UTC", "datestyle": "ISO, MDY"})
    try:
        own.psql(statements(options.rows))
        time.sleep(2)  # so that what filled it is not counted
        yield own.address(), own.bin / "psql", own.pid
    finally:
        own.stop()


def read(way: str, options: Namespace, address: str, of: tuple[Path, int | None]) -> Told:
    """One way, once: CPU seconds of the reader and of the server, elapsed seconds, most memory, size of the file."""
    psql, pid = of
    path = options.folder / f"{way}.parquet"
    command = [sys.executable, "-m", "benchmarks.postgres_reads", way, str(path)]
    settings = {ADDRESS: address, "BENCHMARK_SINCE": since_of(options.rows)}
    if way == "floor":
        command = [str(psql), "-Xc", rf"\copy ({STATEMENT}) TO '/dev/null' (FORMAT binary)"]
        # Not on the command line, where others see it.
        settings = {"PGSERVICEFILE": str(service(options.folder, address)), "PGSERVICE": "benchmark"}
    before, log = reaped(pid), options.folder / f"{way}.log"
    cost = measure(way, command, log, settings)
    time.sleep(0.5 if pid else 0)  # its process outlives the connection by a moment
    size = path.stat().st_size if path.exists() else 0
    path.unlink(missing_ok=True)
    inside = {"reading": round(cost.cpu_seconds, 2)} if way == "floor" else json.loads(log.read_text())
    figures = {"cpu": cost.cpu_seconds, "elapsed": cost.elapsed_seconds, "server": reaped(pid) - before}
    figures = {name: round(value, 2) for name, value in figures.items()}
    return inside | figures | {"peak": cost.peak_bytes, "size": size}


def service(folder: Path, address: str) -> Path:
    """The address as a file of libpq's, for who owns it alone."""
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415

    parts = urlsplit(address)
    given = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username or ""),
        "dbname": parts.path[1:],
    }
    given["password"] = unquote(parts.password or "")
    path = folder / "service.conf"
    path.touch(mode=0o600)
    path.write_text(
        "\n".join(["[benchmark]", *(f"{name}={value}" for name, value in given.items() if value)]) + "\n"
    )
    return path


def reaped(pid: int | None) -> float:
    """CPU seconds of the server's processes that ended so far: one serves a connection, and ends with it."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[13:15])) / os.sysconf("SC_CLK_TCK")


def markdown(told: Told) -> str:
    """The figures as a page."""
    ways, stream = told["ways"], told["ways"]["adbc"]
    heads = (
        "read",
        "CPU s",
        "without imports",
        "over ADBC's stream",
        "server's CPU s",
        "elapsed s",
        "peak MB",
        "file MB",
    )
    lines = [(words, *_figures(ways[way], stream)) for way, words in WORDS.items()]
    share = ways["increment"]["reading"] / ways["ours"]["reading"]
    parts = [
        f"# PostgreSQL: {told['rows']:,} rows of 17 columns",
        markdown_table(heads, lines),
        f"Without imports an increment of 1 % takes {share:.1%} of the CPU time of everything.",
        "## Machine",
        ", ".join(f"{name} {value}" for name, value in told["machine"].items()),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(way: Told, stream: Told) -> tuple[str, ...]:
    seconds = (way["cpu"], way["reading"], way["reading"] / stream["reading"], way["server"])
    sizes = (way["peak"] / MEGABYTE, way["size"] / MEGABYTE)
    return (
        *(f"{value:.2f}" for value in seconds),
        f"{way['elapsed']:.1f}",
        *(f"{value:,.0f}" for value in sizes),
    )


if __name__ == "__main__":
    main()
