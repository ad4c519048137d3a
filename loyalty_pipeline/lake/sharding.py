"""Which shard a customer's rows are kept in."""

from collections.abc import Iterator
from zlib import crc32

import polars as pl


def by_shard(rows: pl.DataFrame, shards: list[str]) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each shard that has some, in their order; all of them at once where there is but one.

    A customer's shard is the CRC-32 of its id's bytes modulo their number: the same in every process, on every machine.
    """
    if len(shards) == 1:
        yield shards[0], rows
        return
    buckets = [crc32(key) % len(shards) for key in rows["customer_id"].cast(pl.Binary)]
    bucket = pl.Series("_shard", buckets, dtype=pl.Int64)
    for number, shard in enumerate(shards):
        if not (piece := rows.filter(bucket == number)).is_empty():
            yield shard, piece
