"""Readers that know nothing of this project but where to look, each in a process of its own, over and over.

`python readers.py READER DATA NOTES STOP`: reads by the pointer and by the link in turn until STOP is there; each line of
NOTES is what one reading saw, or the error it met.
"""

import json
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

# ruff: noqa: PLC0415 - each reader imports its own library

PAUSE_SECONDS = 0.01
TABLES = ("left", "right")


def by_pyarrow() -> Callable[[Path], list[tuple[int, int]]]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    def read(file: Path) -> list[tuple[int, int]]:
        column = pq.read_table(file)["marker"]
        return [(value["values"].as_py(), value["counts"].as_py()) for value in pc.value_counts(column)]

    return read


def by_polars() -> Callable[[Path], list[tuple[int, int]]]:
    import polars as pl

    return lambda file: pl.scan_parquet(file).group_by("marker").len().collect().rows()


def by_duckdb() -> Callable[[Path], list[tuple[int, int]]]:
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    query = "SELECT marker, count(*) FROM read_parquet(?) GROUP BY marker"
    return lambda file: connection.execute(query, [str(file)]).fetchall()


READERS = {"pyarrow": by_pyarrow, "polars": by_polars, "duckdb": by_duckdb}


def by_pointer(data: Path) -> Path:
    pointer = json.loads((data / "published" / "current.json").read_text())
    return data / "published" / "snapshots" / pointer["snapshot"]


def by_link(data: Path) -> Path:
    """Resolved once, so that all tables are of one snapshot."""
    return (data / "metrics").resolve()


def main(reader: str, data: str, notes: str, stop: str) -> None:
    read = READERS[reader]()
    with Path(notes).open("w", buffering=1) as seen:
        for place_of in cycle([by_pointer, by_link]):
            if Path(stop).exists():
                return
            time.sleep(PAUSE_SECONDS)
            try:
                folder = place_of(Path(data))
                found: object = [read(folder / f"{table}.parquet") for table in TABLES]
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is what is looked for
                found = repr(error)
            seen.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
