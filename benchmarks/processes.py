"""The child processes of the benchmark, and the data folders they work on."""

import json
import os
import shutil
import statistics
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.company import Company, company_in
from benchmarks.measured import measure

Told = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """What is measured, and where its files go."""

    folder: Path
    customers: int
    months: int
    as_of: date
    shards: list[int]
    night_shards: list[int]
    company: Company

    def sized(self, customers: int, months: int) -> "Bench":
        """The same with a company of another size."""
        company = company_in(self.folder, customers, months)
        return replace(self, customers=customers, months=months, company=company)

    def state(self, shards: int) -> Path:
        """The data folder after a full run."""
        return self.folder / f"state-{shards}"

    def night(self, name: str, data: Path, *options: str, as_of: date | None = None, shards: int = 1) -> Told:
        """One night as a process of its own: its cost, and what it told of its stages and tables."""
        out = self.folder / f"{name}.json"
        command = [
            "one_night",
            "--source",
            str(self.company.folder),
            "--data-dir",
            str(data),
            "--out",
            str(out),
        ]
        command += ["--as-of", (as_of or self.as_of).isoformat(), *options]
        settings = {"LOYALTY_SHARDS": str(shards)} if shards > 1 else {}
        cost = self.child(name, command, settings)
        told: Told = json.loads(out.read_text())
        return cost | told

    def peer(self, name: str, program: str, *options: str) -> Told:
        """A peer on the company's files."""
        command = [program, "--source", str(self.company.folder), "--out", str(self.folder / "peers" / name)]
        return self.child(name, [*command, "--as-of", self.as_of.isoformat(), *options])

    def child(self, name: str, command: list[str], settings: dict[str, str] | None = None) -> Told:
        """A program of the benchmark, or of another package when it has a dot: what it cost."""
        program, *arguments = command
        module = program if "." in program else f"benchmarks.{program}"
        return self.python(name, ["-m", module, *arguments], settings)

    def python(self, name: str, command: list[str], settings: dict[str, str] | None = None) -> Told:
        """Python with a command: CPU and elapsed seconds, and the most memory."""
        cost = measure(name, [sys.executable, *command], self.log(name), settings)
        elapsed, cpu = round(cost.elapsed_seconds, 2), round(cost.cpu_seconds, 2)
        return {"elapsed": elapsed, "cpu": cpu, "peak": cost.peak_bytes}

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self.folder / f"{name}.log"


def middle(costs: list[Told]) -> Told:
    """The median of each figure."""
    return {figure: statistics.median(cost[figure] for cost in costs) for figure in costs[0]}


def copied(state: Path, to: Path) -> Path:
    """A copy of a data folder. Tables are linked: they never change, and no new one takes the name of an old one."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(state, to, symlinks=True, copy_function=_linked)
    return to


def _linked(file: str, to: str) -> str:
    if Path(file).suffix == ".parquet":
        os.link(file, to)
        return to
    return shutil.copy2(file, to)
