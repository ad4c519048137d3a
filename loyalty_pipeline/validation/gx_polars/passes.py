"""Passes: what needs all keys of a table at once, so many rows at a time that memory is bounded.

Rows are shared out by the hash of their key, so that rows of equal keys meet in one pass.
"""

from collections.abc import Callable, Iterable

import polars as pl

from loyalty_pipeline.validation.gx_polars.plans import HOLDERS

HASHES_PER_ROW = 2
"""So many hashes take no more memory than a row in a table of keys."""

_SMALLEST, _LARGEST, _HASH = "_smallest", "_largest", "_hash_of_key"


def keyed_passes(
    rows: pl.LazyFrame, key: Iterable[str], rows_per_pass: int, found: Callable[[pl.LazyFrame], pl.LazyFrame]
) -> pl.DataFrame:
    """What `found` says of the rows, with rows of equal keys kept together, so many rows at a time that memory is bounded."""
    key = list(key)
    share, passes = _share(key), _passes(_height(rows), rows_per_pass)
    return _in_passes(
        passes, lambda number: found(rows if passes == 1 else rows.filter(share % passes == number))
    )


def _share(key: list[str]) -> pl.Expr:
    """A number that equal keys have in common."""
    return pl.struct(key).hash(seed=7) if len(key) > 1 else pl.col(key[0]).hash(seed=7)


def _passes(height: int, rows_per_pass: int) -> int:
    return max(1, -(-height // rows_per_pass))


def _height(rows: pl.LazyFrame) -> int:
    height: int = rows.select(pl.len()).collect(engine="streaming").item()
    return height


def _in_passes(passes: int, part: Callable[[int], pl.LazyFrame]) -> pl.DataFrame:
    return pl.concat(part(number).collect(engine="streaming") for number in range(passes))


def duplicated(rows: pl.LazyFrame, key: Iterable[str], rows_per_pass: int) -> pl.DataFrame:
    """The keys that more than one row holds, with their holders.

    Sorted hashes tell which keys may be meant, at eight bytes a row; only these are then compared themselves.
    """
    key = list(key)
    rows, height = rows.select(key), _height(rows)
    suspects = _repeated_hashes(rows, key, _passes(height, HASHES_PER_ROW * rows_per_pass))
    if not suspects.height:
        return _held(rows, key).limit(0).collect()
    repeated = int(suspects[HOLDERS].sum())
    if repeated < height / 2:
        hashed = rows.with_columns(_share(key).alias(_HASH))
        rows = hashed.join(suspects.lazy(), on=_HASH, how="semi").select(key)
    share, passes = _share(key), _passes(repeated, rows_per_pass)

    def held_twice(number: int) -> pl.LazyFrame:
        part = rows if passes == 1 else rows.filter(share % passes == number)
        return _held(part, key).filter(pl.col(HOLDERS) > 1)

    return _in_passes(passes, held_twice)


def _repeated_hashes(rows: pl.LazyFrame, key: list[str], passes: int) -> pl.DataFrame:
    """The hashes of keys that occur more than once, with the number of rows that have them."""
    hashes, found = rows.select(_share(key).alias(_HASH)), []
    for number in range(passes):
        part = hashes if passes == 1 else hashes.filter(pl.col(_HASH) % passes == number)
        ordered = part.collect(engine="streaming").to_series().sort()
        again = ordered.filter(ordered.eq_missing(ordered.shift(1)))
        found.append(again.value_counts(name=HOLDERS).with_columns(pl.col(HOLDERS) + 1))
    return pl.concat(found)


def orphaned(rows: pl.LazyFrame, reference: pl.LazyFrame, key: str, rows_per_pass: int) -> pl.DataFrame:
    """The keys that no row of the reference holds, with their holders; `key` is a column of both, of one type, without null.

    Memory is bounded by one pass over the smaller of the two, and by the orphans.
    """
    share, asked, held = _share([key]), _height(rows), _height(reference)
    passes = _passes(min(asked, held), rows_per_pass)

    def orphans(number: int) -> pl.LazyFrame:
        referring, referred = (
            table if passes == 1 else table.filter(share % passes == number)
            for table in (rows.select(key), reference.select(key))
        )
        if held <= asked:
            return _held(referring.join(referred, on=key, how="anti"), [key])
        keys = _held(referring, [key]).collect(engine="streaming").lazy()
        return keys.join(referred.join(keys, on=key, how="semi").unique(), on=key, how="anti")

    return _in_passes(passes, orphans)


def disagreeing(rows: pl.LazyFrame, key: Iterable[str], column: str, rows_per_pass: int) -> pl.DataFrame:
    """The keys with a value of `column` that is not their smallest, with their holders. Null equals null in a key.

    NaN is the greatest value. Keys are compared pass by pass; only those that disagree are looked at again.
    """
    key, value = list(key), pl.col(column)
    extremes = (value.min().alias(_SMALLEST), value.nan_max().alias(_LARGEST))
    torn = keyed_passes(
        rows.select(*key, column),
        key,
        rows_per_pass,
        lambda part: part.group_by(key).agg(*extremes).filter(pl.col(_SMALLEST) != pl.col(_LARGEST)),
    )
    other = (
        rows.select(*key, column)
        .join(torn.lazy(), on=key, nulls_equal=True)
        .filter(value != pl.col(_SMALLEST))
    )
    return _held(other, [*key, column]).collect(engine="streaming")


def _held(rows: pl.LazyFrame, key: list[str]) -> pl.LazyFrame:
    return rows.group_by(key).agg(pl.len().alias(HOLDERS))
