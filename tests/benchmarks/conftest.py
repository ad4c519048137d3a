"""A small company with all its mess, as the benchmark has it: MRR from invoices, and only the tables it reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loyalty_pipeline.demo import DemoCompany, write_company

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
READ = {"customers", "invoices", "invoice_lines", "refunds", "referrals", "fx_rates"}


@pytest.fixture(scope="package")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("the benchmarks are not part of this distribution")
    written = write_company(tmp_path_factory.mktemp("company"), customers=1_500, months=20)
    for file in written.folder.glob("*.parquet"):
        if file.stem not in READ:
            file.unlink()
    return written


@pytest.fixture(scope="package")
def run() -> Callable[..., str]:
    """Run a program of the benchmark and return what it said."""

    def ran(program: str, *options: object) -> str:
        command = [sys.executable, "-W", "error", "-m", f"benchmarks.{program}", *map(str, options)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ran
