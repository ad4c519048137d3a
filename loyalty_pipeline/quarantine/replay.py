"""Judging rows that were set aside again: under today's rules, mappings, tolerances and references.

A table is read again from its file, whole, although the file did not change; then what it changed is computed and
published like on any other night.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from loyalty_pipeline.pipeline import Night, Told, nightly, open_lake
from loyalty_pipeline.quarantine.folder import REASONS, ROW, Folder
from loyalty_pipeline.quarantine.landed import Landed
from loyalty_pipeline.quarantine.values import KEY, keyed, typed
from loyalty_pipeline.settings import Settings


@dataclass(frozen=True)
class Replayed:
    """What became of the rows of one table that were set aside.

    Of those `judged` again some were `released`, others are `still` set aside, and the rest are `gone`: the file has them no
    more, or they repeat what has landed. `reasons` counts all rows that are set aside now.
    """

    table: str
    judged: int
    released: int
    still: int
    reasons: dict[str, int]

    @property
    def gone(self) -> int:
        """How many were neither released nor set aside again."""
        return self.judged - self.released - self.still

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        counts = {"judged": self.judged, "released": self.released, "still": self.still, "gone": self.gone}
        return {"table": self.table, **counts, "reasons": self.reasons}


def replay(
    settings: Settings, tables: Iterable[str] = (), *, told: Told | None = None
) -> tuple[Night, list[Replayed]]:
    """A night that reads some tables again, by default all of which rows are set aside, and what became of these rows.

    Raises what `nightly` raises; then nothing was released.
    """
    before = Folder(settings.data_dir).current()
    asked = frozenset(tables) or frozenset(before)
    night = nightly(settings, told=told, reread=asked)
    return night, compared(settings, {table: rows for table, rows in before.items() if table in asked})


def compared(settings: Settings, before: Mapping[str, pl.DataFrame]) -> list[Replayed]:
    """What became of rows that were set aside, from what has landed since and what is set aside now."""
    folder, landed = Folder(settings.data_dir), Landed(open_lake(settings))
    return [_compared(table, rows, folder, landed, settings) for table, rows in before.items()]


def _compared(
    table: str, before: pl.DataFrame, folder: Folder, landed: Landed, settings: Settings
) -> Replayed:
    batch = folder.last_batch(table)
    now = folder.rows(table, batch)
    mapping = settings.tables.get(table)
    judged = typed(before, table, mapping.date_format if mapping else "").select(KEY, ROW)
    still = judged.join(keyed(now, table).select(KEY), on=KEY, how="semi")
    rest = judged.join(still, on=ROW, how="anti")
    came = landed.rows_of(table, batch)
    by_key = rest.join(came, on=KEY, how="semi")
    # A key that could not be read then can be now: the file did not change, so its row number tells.
    by_row = rest.join(by_key, on=ROW, how="anti").filter(KEY_IS_MISSING).join(came, on=ROW, how="semi")
    reasons = now[REASONS].explode().drop_nulls().value_counts(sort=True)
    return Replayed(
        table, judged.height, by_key.height + by_row.height, still.height, dict(reasons.iter_rows())
    )


KEY_IS_MISSING = pl.col(KEY).str.ends_with(" without a key")
