"""File formats: whatever the file is, what comes out is a Parquet file whose rows can be read slice by slice.

Text formats are copied with every value as text, so that nothing is guessed: the raw contract alone says what a value is.
"""

import gzip
import re
from io import BytesIO
from pathlib import Path

import polars as pl

from loyalty_pipeline.faults import DISK, SourceError, writing
from loyalty_pipeline.sources.table_mapping import WHITESPACE, TableMapping

ROW_GROUP = 250_000


def as_parquet(file: Path, mapping: TableMapping, copy: Path) -> Path:
    """The file itself if it is Parquet, else its copy. Raises `SourceError` when it is not what its name says."""
    try:
        if file.suffix == ".parquet":
            pl.read_parquet_schema(file)
            return file
        rows = _rows(file, mapping)
        with writing(copy):
            rows.sink_parquet(copy, compression="lz4", row_group_size=ROW_GROUP)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise
        reason = str(error).strip().split("\n", maxsplit=1)[0]
        message = (
            f"{file} cannot be read as {_format(file)}: {reason}. Repair the file, or correct its mapping."
        )
        raise SourceError(message) from error
    return copy


def _rows(file: Path, mapping: TableMapping) -> pl.LazyFrame:
    if _format(file) == "JSON lines":
        return _json_lines(file)
    try:
        rows = _whitespace(file, mapping) if mapping.separator == WHITESPACE else _csv(file, mapping)
        names = rows.collect_schema().names()
    except pl.exceptions.NoDataError:
        return pl.LazyFrame()
    if mapping.has_header:
        return rows
    return rows.rename({name: f"column_{number}" for number, name in enumerate(names, start=1)}, strict=False)


def _csv(file: Path, mapping: TableMapping) -> pl.LazyFrame:
    return pl.scan_csv(
        file, separator=mapping.separator, has_header=mapping.has_header, infer_schema=False, glob=False
    )


def _json_lines(file: Path) -> pl.LazyFrame:
    if file.stat().st_size == 0:
        return pl.LazyFrame()
    names = pl.scan_ndjson(file, infer_schema_length=None).collect_schema().names()
    return pl.scan_ndjson(file, schema=dict.fromkeys(names, pl.String()))


def _whitespace(file: Path, mapping: TableMapping) -> pl.LazyFrame:
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    lines = [b"\t".join(line.split()) for line in re.split(rb"\r?\n", content)]
    return pl.read_csv(
        BytesIO(b"\n".join(line for line in lines if line)),
        separator="\t",
        quote_char=None,
        has_header=mapping.has_header,
        infer_schema=False,
    ).lazy()


def _format(file: Path) -> str:
    if file.suffix == ".parquet":
        return "Parquet"
    return "JSON lines" if file.suffix in {".jsonl", ".ndjson"} else "CSV"
