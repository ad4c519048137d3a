"""A shop small enough to run in a second, and the command line called as a person calls it, without a new process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.cli import main
from tests.landing.company import MINIMAL

AS_OF = date(2024, 3, 10)


def write_minimal(source: Path) -> None:
    """Write the source of one customer who pays once."""
    source.mkdir()
    for table, rows in MINIMAL.items():
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(source / f"{table}.parquet")


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@dataclass
class Shop:
    """A source folder, a data folder, and commands over both."""

    source: Path
    data: Path
    call: Callable[..., Said]

    def write(self, table: str, rows: list[dict[str, Any]]) -> Path:
        path = self.source / f"{table}.parquet"
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
        return path

    def run(self, *options: str) -> Said:
        return self.call(
            "run", "--source", str(self.source), "--data-dir", str(self.data), "--as-of", str(AS_OF), *options
        )

    def published(self) -> dict[str, bytes]:
        """Everything that readers can reach."""
        files = [*self.data.glob("published/**/*"), *(self.data / "metrics").glob("*")]
        return {str(path.relative_to(self.data)): path.read_bytes() for path in files if path.is_file()}

    def rows(self, table: str) -> pl.DataFrame:
        return pl.read_parquet(self.data / "metrics" / f"{table}.parquet")

    def everybody(self, table: str) -> dict[Any, dict[str, Any]]:
        """The rows of all customers by month."""
        rows = self.rows(table).filter(pl.col("period") == "month", pl.col("segment_by") == "all")
        return {row["period_start"]: row for row in rows.iter_rows(named=True)}


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Said]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def called(*words: str) -> Said:
        monkeypatch.setattr("sys.argv", ["loyalty", *words])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return called


@pytest.fixture
def shop(tmp_path: Path, call: Callable[..., Said]) -> Shop:
    made = Shop(tmp_path / "source", tmp_path / "data", call)
    write_minimal(made.source)
    return made
