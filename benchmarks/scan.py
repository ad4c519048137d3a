"""The physical limit: reading every column of what landed that the metric tables need, and adding it up.

`python -m benchmarks.scan <data folder>` counts words, and sums numbers and instants, of the rows in the landing zone.
"""

import sys
from pathlib import Path

import polars as pl

from benchmarks.duckdb_peer import COLUMNS
from loyalty_pipeline.lake.store import Store


def main() -> None:
    """One streaming pass a table."""
    landing = Store(Path(sys.argv[1]) / "landing")
    manifest = landing.read()
    for table, columns in COLUMNS.items():
        files = [landing.path(entry) for part, entry in manifest.tables.get(table, {}).items() if entry.rows]
        rows = pl.scan_parquet(files, glob=False, missing_columns="insert", extra_columns="ignore")
        print(table, rows.select(touched(rows, columns.split())).collect(engine="streaming").row(0))


def touched(rows: pl.LazyFrame, columns: list[str]) -> list[pl.Expr]:
    """Expressions that need every value of each column."""
    schema = rows.collect_schema()
    return [
        (pl.col(name).str.len_bytes() if schema[name] == pl.String else pl.col(name).to_physical())
        .sum()
        .alias(name)
        for name in columns
        if name in schema
    ]


if __name__ == "__main__":
    main()
