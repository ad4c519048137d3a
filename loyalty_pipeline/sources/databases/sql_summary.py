"""What a relation amounts to, counted here: key by key, batch by batch."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl

from loyalty_pipeline.sources.databases.database import Summary

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WAITING_ROWS = 1_000_000
FINGERPRINT = ("first", "second")
"""Two hashes of 64 bits stand for a key: that two keys share both is as good as impossible."""


def since_1970(microseconds: int) -> datetime:
    """The instant that many microseconds after 1970 began."""
    return EPOCH + timedelta(microseconds=microseconds)


def summary_of(batches: Iterable[pl.DataFrame], key: tuple[str, ...], instant: str) -> Summary:
    """Of rows with the key as trimmed text and the instant of the last change. A key takes 24 bytes of memory."""
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        waiting.append(_known(batch, key, instant))
        if sum(rows.height for rows in waiting[1:]) >= WAITING_ROWS:
            waiting = [_newest(waiting)]
    if not waiting or not (newest := _newest(waiting)).height:
        return Summary(0, 0, None)
    # The sum of ten million instants does not fit into 64 bits.
    microseconds = newest["passed"].cast(pl.Int128)
    return Summary(newest.height, int(microseconds.sum()), since_1970(int(microseconds.max())))  # type: ignore[arg-type]


def is_whole(key: tuple[str, ...]) -> pl.Expr:
    """Whether no part of the key, as trimmed text, is null or empty."""
    parts = (pl.col(part).is_not_null() & (pl.col(part) != "") for part in key)
    return pl.all_horizontal(pl.lit(value=True), *parts)


def _known(rows: pl.DataFrame, key: tuple[str, ...], instant: str) -> pl.DataFrame:
    # With its length before each part no two keys have one text.
    parts = [text for part in key for text in (pl.col(part).str.len_bytes().cast(pl.String), pl.col(part))]
    whole = pl.concat_str(parts, separator=" ")
    hashes = [whole.hash(seed).alias(name) for seed, name in enumerate(FINGERPRINT)]
    return rows.filter(is_whole(key) & pl.col(instant).is_not_null()).select(
        *hashes, pl.col(instant).dt.epoch("us").alias("passed")
    )


def _newest(rows: list[pl.DataFrame]) -> pl.DataFrame:
    # A fifth of the memory that grouping takes.
    in_order = pl.concat(rows).sort(*FINGERPRINT, "passed")
    is_last = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in FINGERPRINT)
    return in_order.filter(is_last)
