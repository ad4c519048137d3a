"""Putting files into a PostgreSQL database as tables: how a newcomer gets one to read from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.postgres_address import address_of
from loyalty_pipeline.sources.databases.postgres_session import driver, is_of_the_driver, words_of

TYPES = {
    "String": "text",
    "Int64": "bigint",
    "Float64": "double precision",
    "Boolean": "boolean",
    "Date": "date",
    "Datetime": "timestamptz",
}


def load(address: str, tables: Mapping[str, Path], indexed: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Make a table of each Parquet file, with indexes, in one transaction; the rows of each.

    Raises `SourceError` where the server does not let us, or has a table of one of these names already: nothing is there
    then that was not before.
    """
    place = address_of(address)
    try:
        with driver().connect(place.uri, autocommit=False) as connection, connection.cursor() as cursor:
            rows = {name: _loaded(cursor, name, file, indexed.get(name, ())) for name, file in tables.items()}
            connection.commit()
    except Exception as error:
        if not is_of_the_driver(error):
            raise
        message = f"{place.place}: the tables cannot be made there: {place.clean(words_of(error))}"
        raise SourceError(message) from None
    return rows


def _loaded(cursor: Any, name: str, file: Path, indexed: Sequence[str]) -> int:
    columns = {column: _type(dtype) for column, dtype in pl.read_parquet_schema(file).items()}
    cursor.execute(
        f"CREATE TABLE {_quoted(name)} ({', '.join(f'{_quoted(c)} {t}' for c, t in columns.items())})"
    )
    reader = pq.ParquetFile(file)
    if reader.metadata.num_rows:
        cursor.adbc_ingest(name, reader.iter_batches(), mode="append")
    for column in indexed:
        cursor.execute(f"CREATE INDEX ON {_quoted(name)} ({_quoted(column)})")
    return int(reader.metadata.num_rows)


def _type(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Decimal):
        return f"numeric({dtype.precision}, {dtype.scale})"
    return TYPES[str(dtype.base_type())]


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
