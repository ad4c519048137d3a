"""What a night costs, beside the same two tables in plain DuckDB SQL from the same raw files.

Run by hand, never by the test suite: `python -m benchmarks.nightly --folder <an empty folder>`. It makes a
company of 200,000 customers and 36 months there (once), then runs the peer and four nights of the pipeline,
one after the other, each as a process of its own.
"""

import shutil
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measured import Cost, measure

PEER = Path(__file__).with_name("duckdb_peer.py")
MEGABYTE = 1_000_000
GENERATOR = """
import sys
from pathlib import Path
from loyalty_pipeline.demo import write_company
write_company(Path(sys.argv[1]), customers=int(sys.argv[2]), months=int(sys.argv[3]))
"""


def main() -> None:
    """Make the company, run everything, print the table of costs and ratios."""
    options = parsed()
    company, work = options.folder / "company", options.folder / "work"
    made = company_at(company, options)
    as_of = options.as_of or as_of_the(company)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    peer = peer_cost(company, work, as_of)
    nights = [] if options.peer_only else pipeline_costs(company, work, as_of)
    show(options, as_of, [*made, peer, *nights], peer)


def parsed() -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, required=True, help="where the company and the results go")
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--as-of", type=date.fromisoformat, help="default: the company's own")
    parser.add_argument("--peer-only", action="store_true", help="leave the pipeline out")
    return parser.parse_args()


def company_at(company: Path, options: Namespace) -> list[Cost]:
    """Write the company unless it is there already; what that cost, for the record."""
    if (company / "loyalty.toml").exists():
        return []
    options.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", GENERATOR, str(company), str(options.customers), str(options.months)]
    return [measure("make the company", command, options.folder / "company.log")]


def as_of_the(company: Path) -> date:
    """Read the day the company was drawn from its own settings, so that no run depends on today."""
    settings = tomllib.loads((company / "loyalty.toml").read_text())
    return date.fromisoformat(str(settings["as_of"]))


def peer_cost(company: Path, work: Path, as_of: date) -> Cost:
    """Run the SQL program."""
    command = [
        sys.executable,
        str(PEER),
        "--source",
        str(company),
        "--out",
        str(work / "peer"),
        "--as-of",
        str(as_of),
    ]
    return measure("DuckDB peer: churn, mrr_growth", command, work / "peer.log")


def pipeline_costs(company: Path, work: Path, as_of: date) -> list[Cost]:
    """Run the pipeline: first night, from landing to the tables, and two nights in which nothing changed.

    Of the quiet nights the first may still have to look at what the removal of the lake left behind.
    """
    data = work / "data"
    settings = {"LOYALTY_AS_OF": str(as_of), "LOYALTY_MRR_SOURCE": "invoice_lines"}
    command = [
        sys.executable,
        "-m",
        "loyalty_pipeline.cli",
        "run",
        "--source",
        str(company),
        "--data-dir",
        str(data),
    ]
    first = measure("first night, with landing", command, work / "first.log", settings)
    shutil.rmtree(data / "lake")
    later = ("from landing to the tables", "a night without changes", "another one")
    return [
        first,
        *(measure(name, command, work / f"{name.replace(' ', '_')}.log", settings) for name in later),
    ]


def show(options: Namespace, as_of: date, costs: list[Cost], peer: Cost) -> None:
    """Print one row a run, CPU and memory as multiples of the peer's."""
    title = f"{options.customers:,} customers, {options.months} months, as of {as_of}"
    table = Table("run", title=title)
    for heading in ("elapsed s", "CPU s", "CPU / peer", "peak MB", "memory / peer"):
        table.add_column(heading, justify="right")
    for cost in costs:
        table.add_row(
            cost.name,
            f"{cost.elapsed_seconds:.1f}",
            f"{cost.cpu_seconds:.1f}",
            f"{cost.cpu_seconds / peer.cpu_seconds:.2f}",
            f"{cost.peak_bytes / MEGABYTE:,.0f}",
            f"{cost.peak_bytes / peer.peak_bytes:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
