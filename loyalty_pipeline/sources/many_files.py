"""Many files as one: their columns may differ, and folders named `column=value` are columns too."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import polars as pl

from loyalty_pipeline.faults import SourceError, writing

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def hive_columns(path: str) -> dict[str, str | None]:
    """The values that the folders of a path say: `year=2024/month=03/part-0.parquet` has two."""
    stated = [part.split("=", maxsplit=1) for part in PurePosixPath(path).parts[:-1] if "=" in part]
    return {name: None if value == NO_VALUE else unquote(value) for name, value in stated}


def together(
    files: Sequence[Path], values: Sequence[dict[str, str | None]], target: Path, place: str
) -> Path:
    """All rows of Parquet files in one; a column that a file lacks is null there.

    A column that has not the same type in all of them is text as a whole (whole numbers of several widths stay numbers): no
    value changes by being brought to another's type. Raises `SourceError` that names the place.
    """
    try:
        scans = [
            _with_values(pl.scan_parquet(file, glob=False), told)
            for file, told in zip(files, values, strict=True)
        ]
        schemas = [scan.collect_schema() for scan in scans]
        rows = [
            _as_agreed(scan, schema, _agreed(schemas)) for scan, schema in zip(scans, schemas, strict=True)
        ]
        with writing(target):
            pl.concat(rows, how="diagonal").sink_parquet(target, compression="lz4", row_group_size=250_000)
    except pl.exceptions.PolarsError as error:
        message = f"{place}: its files cannot be read as one table: {str(error).splitlines()[0]}."
        raise SourceError(message) from error
    return target


def _with_values(rows: pl.LazyFrame, values: dict[str, str | None]) -> pl.LazyFrame:
    own = rows.collect_schema().names()
    return rows.with_columns(
        pl.lit(value, dtype=pl.String).alias(name) for name, value in values.items() if name not in own
    )


def _agreed(schemas: Sequence[pl.Schema]) -> dict[str, pl.DataType]:
    """The type of each column that has several."""
    found: dict[str, set[pl.DataType]] = {}
    for schema in schemas:
        for name, dtype in schema.items():
            if dtype != pl.Null:
                found.setdefault(name, set()).add(dtype)
    nowhere = {name: pl.String() for schema in schemas for name in schema if name not in found}
    return nowhere | {name: _one_of(dtypes) for name, dtypes in found.items()}


def _one_of(dtypes: set[pl.DataType]) -> pl.DataType:
    if len(dtypes) == 1:
        return next(iter(dtypes))
    if all(dtype.is_integer() and dtype != pl.UInt64 for dtype in dtypes):
        return pl.Int64()
    return pl.String()


def _as_agreed(rows: pl.LazyFrame, schema: pl.Schema, agreed: dict[str, pl.DataType]) -> pl.LazyFrame:
    return rows.with_columns(
        _as_text(pl.col(name), dtype).cast(agreed[name]).alias(name)
        for name, dtype in schema.items()
        if agreed[name] != dtype
    )


def _as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    # The text of an instant names its zone by a word that only UTC's can be read again.
    is_zoned = isinstance(dtype, pl.Datetime) and dtype.time_zone
    return column.dt.convert_time_zone("UTC") if is_zoned else column
