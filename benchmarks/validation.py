"""What it costs to validate a table of invoice lines: this project's engine, GX on pandas, and polars by hand.

Run by hand, never by the test suite: `python -m benchmarks.validation --folder <a folder>`. It writes tables of 1, 10 and 30
million lines there (once), clean and with one bad row in a thousand, and asks the same questions of each, one process after
the other. CPU seconds are beyond the imports; memory is that of the whole process.
"""

import json
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.measured import Cost, measure

MEGABYTE = 1_000_000
PANDAS_UP_TO = 10_000_000


@dataclass(frozen=True)
class Told:
    """One way to validate one table."""

    rows: int
    way: str
    cost: Cost
    cpu_seconds: float
    bad_rows: int


def main() -> None:
    """Make the tables, ask every way, print costs and ratios."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 10, 30])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    told = [way for millions in options.millions for way in asked(options.folder, millions * MEGABYTE)]
    show(told)


def asked(folder: Path, rows: int) -> list[Told]:
    """Every way on the tables of one size."""
    customers = folder / f"customers_{rows}.parquet"
    lines = {state: folder / f"lines_{rows}_{state}.parquet" for state in ("clean", "dirty")}
    if not customers.exists():
        # In processes of their own: what a parent holds counts as its children's memory.
        for state, path in lines.items():
            command = [sys.executable, "-m", "benchmarks.invoice_lines", str(path), str(rows), state]
            measure(f"make {path.name}", command, path.with_suffix(".log"))
        pl.select(customer_id=pl.int_range(rows // 20).cast(pl.Int64)).write_parquet(customers)
    ways = [("bare", "clean"), ("gx_polars", "clean"), ("gx_polars_with_quarantine", "clean")]
    ways += [("gx_polars", "dirty"), ("gx_polars_with_quarantine", "dirty")]
    ways += [("gx_pandas", "clean")] if rows <= PANDAS_UP_TO else []
    return [ask(way, rows, lines[state], customers) for way, state in ways]


def ask(way: str, rows: int, lines: Path, customers: Path) -> Told:
    """One way, as a process of its own."""
    answers = lines.with_suffix(".answers.json")
    command = [sys.executable, "-m", "benchmarks.validators", way, str(lines), str(customers), str(answers)]
    cost = measure(way, command, lines.with_suffix(".log"))
    told = json.loads(answers.read_text())
    name = f"{way}, 1 ‰ bad" if lines.stem.endswith("dirty") else way
    return Told(rows, name, cost, told["cpu_seconds"], sum(told["found"].values()))


def show(told: list[Told]) -> None:
    """Print one row a way, with the ratios to polars by hand on the clean table of the same size."""
    table = Table("rows", "way", title="Validating invoice lines: 13 expectations and a foreign key")
    for heading in ("bad", "CPU s", "CPU / bare", "peak MB", "elapsed s"):
        table.add_column(heading, justify="right")
    bare = {way.rows: way.cpu_seconds for way in told if way.way == "bare"}
    for way in told:
        table.add_row(
            f"{way.rows:,}",
            way.way,
            f"{way.bad_rows:,}",
            f"{way.cpu_seconds:.1f}",
            f"{way.cpu_seconds / bare[way.rows]:.2f}",
            f"{way.cost.peak_bytes / MEGABYTE:,.0f}",
            f"{way.cost.elapsed_seconds:.1f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
