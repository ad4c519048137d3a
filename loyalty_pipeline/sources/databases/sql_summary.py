"""What a relation amounts to, counted here: key by key, batch by batch."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl

from loyalty_pipeline.sources.databases.database import Summary

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WAITING_ROWS = 1_000_000


def since_1970(microseconds: int) -> datetime:
    """The instant that many microseconds after 1970 began."""
    return EPOCH + timedelta(microseconds=microseconds)


def summary_of(batches: Iterable[pl.DataFrame], key: tuple[str, ...], instant: str) -> Summary:
    """Of rows with the key as trimmed text and the instant of the last change. The keys are held in memory."""
    newest, waiting = pl.DataFrame(), []
    for batch in batches:
        waiting.append(batch)
        if sum(rows.height for rows in waiting) >= WAITING_ROWS:
            newest, waiting = _newest([newest, *waiting], key, instant), []
    newest = _newest([newest, *waiting], key, instant)
    if not newest.height:
        return Summary(0, 0, None)
    # The sum of ten million instants does not fit into 64 bits.
    microseconds = newest[instant].dt.epoch("us").cast(pl.Int128)
    return Summary(newest.height, int(microseconds.sum()), since_1970(int(microseconds.max())))  # type: ignore[arg-type]


def _newest(frames: list[pl.DataFrame], key: tuple[str, ...], instant: str) -> pl.DataFrame:
    filled = [frame for frame in frames if frame.width]
    if not filled:
        return pl.DataFrame()
    is_whole = pl.all_horizontal(pl.col(part).is_not_null() & (pl.col(part) != "") for part in key)
    known = pl.concat(filled).filter(is_whole & pl.col(instant).is_not_null())
    return known.group_by(key).agg(pl.col(instant).max())
