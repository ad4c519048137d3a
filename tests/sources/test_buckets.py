"""A prefix of a bucket as a source: the same as the folder, on a real S3 server."""

from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.files import FileSource
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from tests.servers.objects import BUCKET, SECRET, Objects, objects_server, server

__all__ = ["objects_server", "server"]


@pytest.fixture
def prefix(server: Objects, request: pytest.FixtureRequest) -> str:
    assert server.is_up()
    return f"s3://{BUCKET}/{''.join(filter(str.isalnum, request.node.name))}"


def put(prefix: str, name: str, content: bytes) -> None:
    place = place_of(prefix)
    assert isinstance(place, ObjectPath)
    (place / name).write_bytes(content)


def rows_of(prefix: str, tmp_path: Path, **mapping: object) -> list[dict[str, object]]:
    found = FileSource.of(prefix, {"invoices": mapping} if mapping else {}).find("invoices")
    assert found is not None
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return pl.read_parquet(found.parquet(scratch)).to_dicts()


def test_a_table_is_an_object_of_its_name(prefix: str, tmp_path: Path) -> None:
    put(prefix, "invoices.csv", b"invoice_id\na\n")
    put(prefix, "invoices_old.csv", b"invoice_id\nz\n")
    assert rows_of(prefix, tmp_path) == [{"invoice_id": "a"}]
    found = FileSource.of(prefix, {}).find("invoices")
    assert found is not None
    assert found.place == f"{prefix}/invoices.csv"
    assert FileSource.of(prefix, {}).find("customers") is None


def test_a_table_is_all_objects_below_its_name_with_hive_columns_and_drift(
    prefix: str, tmp_path: Path
) -> None:
    put(prefix, "invoices/year=2023/a.csv", b"invoice_id\na\n")
    put(prefix, "invoices/year=2024/b.csv", b"invoice_id,note\nb,x\n")
    put(prefix, "invoices/_SUCCESS", b"")
    assert rows_of(prefix, tmp_path) == [
        {"invoice_id": "a", "year": "2023", "note": None},
        {"invoice_id": "b", "year": "2024", "note": "x"},
    ]


def test_a_pattern_names_objects(prefix: str, tmp_path: Path) -> None:
    for number in (1, 2):
        put(prefix, f"exports/2024-0{number}/orders-{number}.csv", f"invoice_id\n{number}\n".encode())
    put(prefix, "exports/2024-01/returns.csv", b"invoice_id\n9\n")
    assert [row["invoice_id"] for row in rows_of(prefix, tmp_path, file="exports/*/orders-*.csv")] == [
        "1",
        "2",
    ]


def test_another_content_changes_the_fingerprint_and_nothing_is_read_to_know(
    server: Objects, prefix: str
) -> None:
    put(prefix, "invoices/1.csv", b"invoice_id\na\n")

    def fingerprint() -> str:
        found = FileSource.of(prefix, {}).find("invoices")
        assert found is not None
        return found.fingerprint()

    server.requests.clear()
    before = fingerprint()
    assert before == fingerprint()
    assert server.counts().keys() <= {"HEAD", "LIST"}
    put(prefix, "invoices/1.csv", b"invoice_id\nb\n")
    assert fingerprint() != before


def test_a_bucket_that_is_not_there_and_a_server_that_is_down_are_said_without_a_secret(
    server: Objects, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="nowhere") as told:
        FileSource.of("s3://nowhere/prefix", {}).find("invoices")
    assert SECRET not in str(told.value)
    server.stop()
    with pytest.raises(SourceError, match="s3://loyalty/prefix") as told:
        FileSource.of(f"s3://{BUCKET}/prefix", {}).find("invoices")
    assert SECRET not in str(told.value)
    assert tmp_path.exists()


@pytest.mark.parametrize("names", [["invoices.csv"], ["invoices/a.csv", "invoices/2024/b.csv"]])
def test_an_object_that_changes_while_it_is_read_is_noticed(prefix: str, names: list[str]) -> None:
    for name in names:
        put(prefix, name, b"invoice_id\na\n")
    found = FileSource.of(prefix, {}).find("invoices")
    assert found is not None
    assert found.is_as_found()
    put(prefix, names[-1], b"invoice_id\nb\n")
    assert not found.is_as_found()
