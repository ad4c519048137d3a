"""The hash of a row's content: equal content, equal hash, in every process and every version of the libraries.

A row is written as canonical text and hashed with BLAKE2b to 64 bits. The text names each value that is there, in the
order of the names; a null adds nothing, so that a new nullable column of the contract changes no hash. Text goes with
its length in bytes, so no two rows have the same text. An amount is its ten-thousandths, an instant its microseconds
since 1970, a day its days, a float its bits. A hash is only ever compared with those of rows of the same key.
"""

from hashlib import blake2b

import numpy as np
import polars as pl

SEPARATOR = "|"
ROWS_AT_ONCE = 100_000


def row_hash(rows: pl.DataFrame, columns: list[str]) -> pl.Series:
    """One signed 64-bit hash for each row, over the columns named."""
    if not columns or not rows.height:
        return pl.Series("_hash", [0] * rows.height, dtype=pl.Int64)
    pieces = [_piece(name, rows.schema[name]) for name in sorted(columns)]
    text = pl.concat_str(pieces, separator=SEPARATOR, ignore_nulls=True).cast(pl.Binary)
    return pl.concat([_hashed(part.select(text).to_series()) for part in rows.iter_slices(ROWS_AT_ONCE)])


def _hashed(texts: pl.Series) -> pl.Series:
    digests = b"".join([blake2b(text, digest_size=8).digest() for text in texts.to_list()])
    return pl.Series("_hash", np.frombuffer(digests, dtype="<i8"))


def _piece(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.String:
        return pl.format(f"{name}={{}}:{{}}", column.str.len_bytes(), column)
    if dtype.is_float():
        # Adding zero makes the two zeros one.
        column = (column + 0.0).reinterpret(signed=True)
    return pl.format(f"{name}={{}}", column.to_physical())
