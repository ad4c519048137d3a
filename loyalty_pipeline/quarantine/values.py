"""Rows that were set aside, with the contract's types where their text can be read."""

import polars as pl

from loyalty_pipeline.quarantine.folder import ROW
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.conversion import typed_rows

KEY = "_key"
"""A row's key as one text; a row whose key is not there has one of its own."""

FLAWED = "_flawed"
"""The columns whose value is there and cannot be read."""


def keyed(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows with `_key`."""
    parts = [pl.col(name).cast(pl.String).str.strip_chars() for name in RAW_TABLES[table].primary_key()]
    return rows.with_columns(
        pl.coalesce(pl.concat_str(parts, separator=", "), pl.format("row {} without a key", ROW)).alias(KEY)
    )


def typed(rows: pl.DataFrame, table: str, date_format: str = "") -> pl.DataFrame:
    """The rows with the contract's types, `_key` and `_flawed`.

    The quarantine has every value as text. A day or an instant that was none in the source stands there as ISO 8601 says,
    whatever the format of the source's dates is, so it is read that way as well.
    """
    contract = RAW_TABLES[table]
    values, unread = typed_rows(rows, contract, date_format)
    if date_format:
        as_iso, unread_as_iso = typed_rows(rows, contract)
        dates = [name for name, column in contract.columns().items() if column.dtype.is_temporal()]
        values = values.with_columns(values[name].fill_null(as_iso[name]) for name in dates)
        unread = unread.with_columns(unread[name] & unread_as_iso[name] for name in dates)
    flawed = unread.select(
        pl.concat_list(pl.when(name).then(pl.lit(name)) for name in unread.columns)
        .list.drop_nulls()
        .alias(FLAWED)
    )
    return keyed(values.hstack(flawed), table)


def latest(rows: pl.DataFrame) -> pl.DataFrame:
    """The version of each key that would count if all of them landed; who does not say when it changed changed last."""
    ordered = rows.sort("updated_at", ROW, nulls_last=True)
    return ordered.unique(KEY, keep="last", maintain_order=True)
