"""Rows that were set aside: whole, as the source has them, with the rules they break.

`quarantine/<table>/<batch>.parquet`. What an extract that was refused would have set aside stays under
`quarantine/_failed/<batch>/` as evidence, until the next landing starts.
"""

from io import BytesIO
from typing import Any

import polars as pl

from loyalty_pipeline.lake.recovery import tell
from loyalty_pipeline.landing.decisions import Decision
from loyalty_pipeline.storage.files import (
    move,
    names_in,
    remove_files,
    remove_folder,
    size_of,
    write_whole,
)
from loyalty_pipeline.storage.parquet import read_parquet
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.validation.validator import REASONS

QUARANTINE = "quarantine"
"""The folder's name in the data folder."""

FAILED = "_failed"


def bad_rows(decision: Decision, raw: pl.DataFrame, offset: int, batch: str) -> pl.DataFrame:
    """The rows of a slice that were set aside: every value as text, then `_reasons`, `_waiting`, `_batch`, `_row`."""
    chosen = decision.quarantined.slice(offset, raw.height)
    values = raw.drop("_row").filter(chosen)
    rows = raw.select("_row").filter(chosen)
    return pl.DataFrame([_as_text(column) for column in values.iter_columns()]).hstack(
        [
            rows.join(decision.reasons, on="_row", how="left", maintain_order="left")[REASONS],
            decision.waiting.slice(offset, raw.height).filter(chosen).alias("_waiting"),
            pl.repeat(batch, rows.height, eager=True).alias("_batch"),
            rows["_row"],
        ]
    )


class Quarantine:
    """The folder of what was set aside."""

    def __init__(self, root: Place, batch: str) -> None:
        """What earlier landings left uncommitted goes: a refused one's evidence, a killed one's files."""
        self.root, self.batch = root, batch
        remove_folder(root / FAILED, ignore_errors=True)
        remove_files(root / table / f"{batch}.parquet" for table in names_in(root))

    def hold(self, table: str, rows: pl.DataFrame) -> Place:
        """Write the rows where they wait for the landing's end."""
        path = self.root / FAILED / self.batch / f"{table}.parquet"
        content = BytesIO()
        rows.write_parquet(content)
        write_whole(path, content.getvalue())
        return path

    def keep(self) -> None:
        """The landing is good: what it set aside takes its place."""
        held = self.root / FAILED / self.batch
        for table in (name.removesuffix(".parquet") for name in names_in(held) if name.endswith(".parquet")):
            move(held / f"{table}.parquet", self.path(table, self.batch))
        remove_folder(self.root / FAILED, ignore_errors=True)

    def path(self, table: str, batch: str) -> Place:
        """Where the rows of a table and batch lie."""
        return place(self.root, table, batch)

    def waiting(self, table: str, batch: str, key: list[str]) -> pl.DataFrame:
        """The keys, as text, of the rows that a batch left waiting."""
        path = self.path(table, batch)
        if size_of(path) < 0:
            return pl.DataFrame(schema=dict.fromkeys(key, pl.String()))
        return read_parquet(path).filter("_waiting").select(key)


def place(root: Place, table: str, batch: str) -> Place:
    """Where the rows of a table that a batch set aside lie."""
    return root / table / f"{batch}.parquet"


def forget_readings(root: Place, notes: dict[str, dict[str, Any]]) -> None:
    """Let the tables be read again whose rows were set aside and are no longer there, as in some copies of a folder."""
    for table, known in notes.items():
        file = place(root, table, known["batch"])
        if known.get("quarantined") and size_of(file) < 0:
            known["fingerprint"] = ""
            tell(f"{file}: missing. {table} is read again, which sets its rows aside again.")


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return pl.Series(
            column.name, [None if value is None else str(value) for value in column], dtype=pl.String
        )
    return column.cast(pl.String, strict=False)
