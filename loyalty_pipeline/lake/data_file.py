"""A file of rows: its bytes, and the digest of its data.

The footer holds what the rows were computed from, which may differ for equal rows: the digest is of all before it.
"""

import json
import os
import re
from io import BytesIO
from pathlib import Path

import polars as pl

from loyalty_pipeline.lake.manifest import Inputs, digest_of
from loyalty_pipeline.storage.files import create_whole, write_whole

FOOTER_END = 8
"""A Parquet file ends with its footer's length in four bytes, and PAR1."""


def as_file(frame: pl.DataFrame, inputs: Inputs) -> tuple[bytes, str]:
    """The rows as a Parquet file, and their digest."""
    buffer = BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="snappy", metadata={"loyalty.inputs": json.dumps(inputs)}
    )
    content = buffer.getvalue()
    return content, digest_of_file(frame.schema, content)


def digest_of_file(schema: pl.Schema, content: bytes) -> str:
    """The digest of the rows in a file."""
    return digest_of(re.sub(r"\s", "", repr(schema)), content[: -_footer(content)])


def kept_as(path: Path, content: bytes, *, is_alone: bool = True) -> int:
    """Keep a file of the name that its rows have, unless it is there: maybe with another footer. Its length then.

    Unless this process `is_alone` in writing, another may keep equal rows at the same time: the first file stays.
    """
    if size := whole_size(path, content):
        return size
    if not is_alone and not path.exists():
        return len(content) if create_whole(path, content) else whole_size(path, content)
    write_whole(path, content)
    return len(content)


def whole_size(path: Path, content: bytes) -> int:
    """The length of a file of the same rows, maybe with another footer; 0 if it is not there or cut short."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - FOOTER_END, 0))
            end = file.read()
    except FileNotFoundError:
        return 0
    is_whole = end[4:] == content[-4:] and size - _footer(end) == len(content) - _footer(content)
    return size if is_whole else 0


def _footer(content: bytes) -> int:
    return int.from_bytes(content[-FOOTER_END:-4], "little") + FOOTER_END
