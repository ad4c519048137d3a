import errno
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty_pipeline.sources.databases import parquet_file as module
from loyalty_pipeline.sources.databases.parquet_file import parquet_file

SCHEMA = pa.schema([("n", pa.int64()), ("s", pa.string())])


def batch(rows, text="x"):
    """Some rows."""
    return pa.RecordBatch.from_pylist([{"n": number, "s": text} for number in range(rows)], SCHEMA)


def test_rows_are_written_in_groups_that_a_reader_can_slice(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROW_GROUP", 100)
    path = tmp_path / "rows.parquet"
    with parquet_file(path, SCHEMA) as groups:
        for _ in range(25):
            groups.add(batch(10))
        assert groups.rows == 250
        assert not path.exists()
    described = pq.ParquetFile(path).metadata
    assert [described.row_group(number).num_rows for number in range(described.num_row_groups)] == [
        100,
        100,
        50,
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["rows.parquet"]


def test_long_texts_are_written_before_they_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GROUP_BYTES", 10_000)
    path = tmp_path / "rows.parquet"
    with parquet_file(path, SCHEMA) as groups:
        for _ in range(4):
            groups.add(batch(10, "x" * 600))
    assert pq.ParquetFile(path).metadata.num_row_groups == 2


def test_no_row_is_a_file_with_the_schema(tmp_path):
    with parquet_file(tmp_path / "rows.parquet", SCHEMA):
        pass
    assert pl.read_parquet(tmp_path / "rows.parquet").schema == {"n": pl.Int64(), "s": pl.String()}


def test_a_failure_leaves_the_file_of_before(tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"before")

    def fails():
        with parquet_file(path, SCHEMA) as groups:
            groups.add(batch(10))
            raise LookupError

    with pytest.raises(LookupError):
        fails()
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["rows.parquet"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path, monkeypatch):
    path = tmp_path / "rows.parquet"
    opened = pq.ParquetWriter
    monkeypatch.setattr(
        module.pq, "ParquetWriter", lambda _, *rest, **options: opened("/dev/full", *rest, **options)
    )

    def fails():
        with parquet_file(path, SCHEMA) as groups:
            groups.add(batch(100_000))

    with pytest.raises(OSError, match=r"rows\.parquet") as failed:
        fails()
    assert failed.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
