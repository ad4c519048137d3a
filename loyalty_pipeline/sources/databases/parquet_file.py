"""A Parquet file that is written batch by batch, and is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_pipeline.faults import writing
from loyalty_pipeline.sources.formats import ROW_GROUP

GROUP_BYTES = 128 * 2**20
"""Rows of long texts make smaller row groups: what waits to be written must fit into memory."""


class RowGroups:
    """Takes batches and writes them in row groups that a reader can slice."""

    def __init__(self, path: Path, writer: pq.ParquetWriter) -> None:
        """`path` is what a failed write is said to be of."""
        self.rows = 0
        self._path, self._writer = path, writer
        self._waiting: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Take some rows. Raises `OSError` with the file's name where the disk does not take them."""
        self.rows += batch.num_rows
        self._waiting.append(batch)
        rows = sum(waiting.num_rows for waiting in self._waiting)
        if rows >= ROW_GROUP or sum(waiting.nbytes for waiting in self._waiting) >= GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            with writing(self._path):
                self._writer.write_table(pa.Table.from_batches(self._waiting), row_group_size=ROW_GROUP)
            self._waiting = []


@contextmanager
def parquet_file(path: Path, schema: pa.Schema) -> Iterator[RowGroups]:
    """Write a file aside and give it its name when the block ends; where it fails nothing is left of it."""
    # Readers glob for *.parquet, so what is not whole yet must not end that way.
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        with writing(path):
            writer = pq.ParquetWriter(partial, schema, compression="lz4")
        try:
            groups = RowGroups(path, writer)
            yield groups
            groups.flush()
        finally:
            with writing(path):
                writer.close()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
