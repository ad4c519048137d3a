"""Finding the file of a table, and knowing whether it changed."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.sources.table_mapping import TableMapping


def test_a_table_without_a_file_is_not_found(tmp_path: Path):
    assert FileSource.of(tmp_path, {}).find("invoices") is None


@pytest.mark.parametrize("name", ["invoices.parquet", "invoices.csv", "invoices.csv.gz", "invoices.jsonl"])
def test_a_table_is_found_by_its_name_in_each_format(tmp_path: Path, name):
    (tmp_path / name).write_bytes(b"")
    found = FileSource.of(tmp_path.as_uri(), {}).find("invoices")
    assert found is not None
    assert found.place == str(tmp_path / name)


def test_two_files_for_one_table_are_an_error_that_names_both(tmp_path: Path):
    (tmp_path / "invoices.csv").write_bytes(b"")
    (tmp_path / "invoices.jsonl").write_bytes(b"")
    with pytest.raises(SourceError, match=r"2 files: .*invoices\.csv.*invoices\.jsonl"):
        FileSource.of(tmp_path, {}).find("invoices")


def test_a_file_that_the_mapping_names_must_be_there(tmp_path: Path):
    with pytest.raises(SourceError, match=r"orders\.txt is not in"):
        FileSource.of(tmp_path, {"invoices": {"file": "orders.txt"}}).find("invoices")


def test_the_fingerprint_changes_with_the_file_and_with_its_mapping_and_else_stays(tmp_path: Path):
    path = tmp_path / "invoices.csv"
    path.write_text("a\n1\n")

    def fingerprint(**mapping):
        found = FileSource.of(tmp_path, {"invoices": mapping}).find("invoices")
        assert found is not None
        return found.fingerprint()

    first = fingerprint()
    assert fingerprint() == first
    assert fingerprint(values={"currency": "EUR"}) != first
    os.utime(path, (1, 1))
    assert fingerprint() != first


def test_a_scheme_that_cannot_be_read_says_which_can():
    with pytest.raises(SourceError, match=r"file://, http:// and https://"):
        FileSource.of("ftp://example.com/tables", {}).find("invoices")


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_table_is_fetched_from_an_address_and_known_again_without_fetching(tmp_path: Path):
    served, scratch = tmp_path / "served", tmp_path / "scratch"
    served.mkdir()
    scratch.mkdir()
    (served / "invoices.csv").write_text("a\n1\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        source = FileSource.of(f"http://127.0.0.1:{server.server_port}/", {"invoices": TableMapping()})
        found = source.find("invoices")
        assert found is not None
        assert pl.read_parquet(found.parquet(scratch)).rows(named=True) == [{"a": "1"}]
        assert found.fingerprint() == found.fingerprint()
        assert source.find("customers") is None
    finally:
        server.shutdown()
        server.server_close()


def test_an_address_that_does_not_answer_is_a_source_error():
    with pytest.raises(SourceError, match="cannot be reached"):
        FileSource.of("http://127.0.0.1:9/", {}).find("invoices")
