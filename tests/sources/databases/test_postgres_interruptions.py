"""What interrupts the reading of PostgreSQL leaves no file, and says what it was."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.parquet_file import ParquetFile
from tests.servers.postgres_database import PostgresDatabase
from tests.sources.databases.looks import chosen, look, refusal

BIG = "CREATE TABLE big AS SELECT g AS id, repeat('x', 100) AS pad FROM generate_series(1, 600000) g"


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something when the first batch has come and more are to come."""

    def at_the_first_batch(do: Callable[[], object]) -> None:
        add, done = ParquetFile.add, []

        def adding(file: ParquetFile, batch: object) -> None:
            if not done:
                done.append(do())
            add(file, batch)

        monkeypatch.setattr(ParquetFile, "add", adding)

    return at_the_first_batch


Meanwhile = Callable[[Callable[[], object]], None]


def test_a_connection_that_is_cut_in_the_middle_leaves_no_file(
    postgres: PostgresDatabase, tmp_path: Path, meanwhile: Meanwhile
) -> None:
    postgres.psql(BIG)
    ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    meanwhile(lambda: postgres.psql(ending))
    with look(postgres) as database:
        selection = chosen(database, "big")
        with pytest.raises(
            SourceError, match=r"big cannot be read: (terminating|server closed the) connection"
        ):
            database.write(selection, tmp_path / "big.parquet")
        with pytest.raises(SourceError, match="big cannot be read"):
            database.write(selection, tmp_path / "big.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_killed_in_the_middle_leaves_no_file(
    postgres: PostgresDatabase, tmp_path: Path, meanwhile: Meanwhile
) -> None:
    postgres.psql(BIG)
    meanwhile(postgres.server.kill)
    try:
        with look(postgres) as database:
            selection = chosen(database, "big")
            with pytest.raises(
                SourceError, match=rf"/{postgres.name}: big cannot be read: server closed the connection"
            ):
                database.write(selection, tmp_path / "big.parquet")
            with pytest.raises(SourceError, match="cannot be looked up"):
                database.relation("big")
        refusal(postgres.address())
        assert list(tmp_path.iterdir()) == []
    finally:
        postgres.server.start()
    with look(postgres) as database:
        assert database.write(selection, tmp_path / "big.parquet") == 600_000


def test_a_full_disk_is_no_fault_of_the_source(
    postgres: PostgresDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.psql(BIG)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "Error writing bytes to file")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
    with look(postgres) as database:
        with pytest.raises(OSError, match="No space left on device") as raised:
            database.write(chosen(database, "big"), tmp_path / "big.parquet")
        assert raised.value.filename == str(tmp_path / "big.parquet")
        assert database.relations() == ["big"]
    assert list(tmp_path.iterdir()) == []
