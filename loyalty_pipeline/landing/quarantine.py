"""Rows that were set aside: whole, as the source has them, with the rules they break.

`quarantine/<table>/<batch>.parquet`. What an extract that was refused would have set aside stays under
`quarantine/_failed/<batch>/` as evidence, until the next landing starts.
"""

import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from loyalty_pipeline.lake.recovery import tell
from loyalty_pipeline.lake.store import sync_folder, write_whole
from loyalty_pipeline.landing.decisions import Decision
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

    def __init__(self, root: Path, batch: str) -> None:
        """What earlier landings left uncommitted goes: a refused one's evidence, a killed one's files."""
        self.root, self.batch = root, batch
        shutil.rmtree(root / FAILED, ignore_errors=True)
        for orphan in root.glob(f"*/{batch}.parquet"):
            orphan.unlink()

    def hold(self, table: str, rows: pl.DataFrame) -> Path:
        """Write the rows where they wait for the landing's end."""
        path = self.root / FAILED / self.batch / f"{table}.parquet"
        content = BytesIO()
        rows.write_parquet(content)
        write_whole(path, content.getvalue())
        return path

    def keep(self) -> None:
        """The landing is good: what it set aside takes its place."""
        for path in (self.root / FAILED / self.batch).glob("*.parquet"):
            kept = self.path(path.stem, self.batch)
            kept.parent.mkdir(parents=True, exist_ok=True)
            path.replace(kept)
            sync_folder(kept.parent)
        shutil.rmtree(self.root / FAILED, ignore_errors=True)

    def path(self, table: str, batch: str) -> Path:
        """Where the rows of a table and batch lie."""
        return place(self.root, table, batch)

    def waiting(self, table: str, batch: str, key: list[str]) -> pl.DataFrame:
        """The keys, as text, of the rows that a batch left waiting."""
        path = self.path(table, batch)
        if not path.exists():
            return pl.DataFrame(schema=dict.fromkeys(key, pl.String()))
        return pl.read_parquet(path, glob=False).filter("_waiting").select(key)


def place(root: Path, table: str, batch: str) -> Path:
    """Where the rows of a table that a batch set aside lie."""
    return root / table / f"{batch}.parquet"


def forget_readings(root: Path, notes: dict[str, dict[str, Any]]) -> None:
    """Let the tables be read again whose rows were set aside and are no longer there, as in some copies of a folder."""
    for table, known in notes.items():
        file = place(root, table, known["batch"])
        if known.get("quarantined") and not file.exists():
            known["fingerprint"] = ""
            tell(f"{file}: missing. {table} is read again, which sets its rows aside again.")


def _as_text(column: pl.Series) -> pl.Series:
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return pl.Series(
            column.name, [None if value is None else str(value) for value in column], dtype=pl.String
        )
    return column.cast(pl.String, strict=False)
