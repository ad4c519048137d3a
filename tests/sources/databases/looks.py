"""What tests do with a look at PostgreSQL: choose, write, read back."""

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.databases.database import Selection
from loyalty_pipeline.sources.databases.postgres import Postgres
from tests.servers.postgres_database import OWNER, PASSWORD, PostgresDatabase


@contextmanager
def look(at: PostgresDatabase, user: str = OWNER, password: str = PASSWORD) -> Iterator[Postgres]:
    """One look at a database."""
    database = Postgres.connect(at.address(user, password))
    try:
        yield database
    finally:
        database.close()


def chosen(database: Postgres, name: str, columns: Sequence[str] = (), **options: Any) -> Selection:
    """All columns, unless some are named; the primary key, unless another is."""
    relation = database.relation(name)
    assert relation is not None
    options.setdefault("key", relation.primary_key)
    return Selection(relation, tuple(columns) or tuple(relation.columns), **options)


def written(database: Postgres, name: str, columns: Sequence[str] = (), **options: Any) -> pl.DataFrame:
    """What lands in the file, in the order of its columns."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        count = database.write(chosen(database, name, columns, **options), path)
        frame = pl.read_parquet(path)
        assert [file.name for file in Path(folder).iterdir()] == ["rows.parquet"]
    assert frame.height == count
    return frame.sort(frame.columns)


def since(database: Postgres, name: str, instant: datetime, **options: Any) -> list[Any]:
    """The ids of the rows that changed since then."""
    return written(database, name, ["id"], updated_at="updated_at", since=instant, **options)["id"].to_list()


def refusal(address: str) -> str:
    """What is said of a server that cannot be opened; neither password is in it."""
    with pytest.raises(SourceError) as refused:
        Postgres.connect(address)
    told = "".join(traceback.format_exception(refused.value))
    assert "s3cr3t" not in told
    assert PASSWORD not in told
    return str(refused.value)
