"""Arrow batches to one Parquet file: there whole or not at all, and never much of it in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from loyalty_pipeline.faults import writing

ROWS, BYTES = 250_000, 48_000_000
"""A row group ends with the batch that reaches one of them: small enough to hold, large enough to be read by itself."""


class ParquetFile:
    """A Parquet file that is being written."""

    def __init__(self, path: Path, writer: pq.ParquetWriter) -> None:
        """`path` is what it will be called, and what a failed write is said to be of."""
        self.rows = 0
        self._path, self._writer = path, writer
        self._held: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Write the batch, with those before it, once they are a row group. Raises an `OSError` that names the file."""
        self._held.append(batch)
        self.rows += batch.num_rows
        if sum(b.num_rows for b in self._held) >= ROWS or sum(b.nbytes for b in self._held) >= BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._held:
            rows = pa.Table.from_batches(self._held)
            self._held = []
            with writing(self._path):
                self._writer.write_table(rows, row_group_size=max(rows.num_rows, 1))


@contextmanager
def parquet_file(path: Path, schema: pa.Schema) -> Iterator[ParquetFile]:
    """A file that has its name at the end of the block, and is nowhere where the block fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Readers glob for *.parquet, so what is not whole yet must not end that way.
    partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
    try:
        with writing(path):
            # The rows are read once and thrown away: no dictionary to look words up in.
            writer = pq.ParquetWriter(
                partial, schema, compression="zstd", compression_level=1, use_dictionary=False
            )
        try:
            file = ParquetFile(path, writer)
            yield file
            file.flush()
        finally:
            with writing(path):
                writer.close()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
