"""Parquet files of a place. Small ones of a store are fetched whole, each with one request; big ones polars reads by columns."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import polars as pl

from loyalty_pipeline.storage import guards
from loyalty_pipeline.storage.bucket import polars_options
from loyalty_pipeline.storage.faults import answering
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import Place
from loyalty_pipeline.storage.recent import RECENT

WHOLE_BYTES = 64_000_000
"""Files of so many bytes together are fetched; of more, only the columns that are asked for, a part at a time."""
SMALL_BYTES = 2_000_000
AT_ONCE, AHEAD = 8, 32


def scan_files(files: Sequence[tuple[Place, int]]) -> pl.LazyFrame:
    """The rows of some files that never change, in the order given, each with its length; at least one.

    A column that a file lacks is null, one that only a later file has is left out. Raises `FileNotFoundError` for an object
    that is not there.
    """
    paths = [path for path, _ in files]
    remote = [path for path in paths if isinstance(path, ObjectPath)]
    sources: Any = paths
    more: dict[str, Any] = {}
    if remote and sum(size for _, size in files) <= WHOLE_BYTES:
        sources = [BytesIO(content) for content in fetched(remote)]
    elif remote:
        sources, more = [str(path) for path in paths], _told(remote[0])
    return pl.scan_parquet(sources, glob=False, missing_columns="insert", extra_columns="ignore", **more)


def fetched(paths: Sequence[ObjectPath]) -> list[bytes]:
    """The contents of some objects that never change, several at a time."""
    if len(paths) == 1:
        return [_fetched(paths[0])]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_fetched, paths))


def read_parquet(path: Place, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of one file; raises `FileNotFoundError`."""
    if not isinstance(path, ObjectPath):
        return pl.read_parquet(path, columns=columns, glob=False)
    return pl.read_parquet(BytesIO(path.read_bytes()), columns=columns)


def read_kept(path: Place, size: int, columns: list[str] | None = None) -> pl.DataFrame:
    """The rows of one file that never changes, of which the length is known; raises `FileNotFoundError`."""
    if not isinstance(path, ObjectPath):
        return pl.read_parquet(path, columns=columns, glob=False)
    if size <= WHOLE_BYTES:
        return pl.read_parquet(BytesIO(_fetched(path)), columns=columns)
    with reading(path):
        return pl.read_parquet(str(path), columns=columns, glob=False, **_told(path))


def read_each(files: Sequence[tuple[Place, int]], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of files that never change, one after the other; small ones of a store are fetched several at a time."""
    for first in range(0, len(files), AHEAD):
        some = files[first : first + AHEAD]
        small = [path for path, size in some if isinstance(path, ObjectPath) and size <= SMALL_BYTES]
        if len(small) > 1:
            fetched(small)
        for path, size in some:
            yield read_kept(path, size, columns)


def collected(rows: pl.LazyFrame, place: Place) -> pl.DataFrame:
    """The rows of a plan over files of a place."""
    with reading(place):
        return rows.collect()


@contextmanager
def reading(place: Place) -> Iterator[None]:
    """Turn what polars says about a store, when a plan is run, into what the rest of the package expects."""
    if not isinstance(place, ObjectPath):
        yield
        return
    try:
        with answering(str(place)):
            yield
    except FileNotFoundError:
        guards.missed(f"{place}/")
        raise


def _fetched(path: ObjectPath) -> bytes:
    content = RECENT.get(path)
    if content is None:
        with reading(path):
            content = path.read_bytes()
        RECENT.put(path, content)
    return content


def _told(path: ObjectPath) -> dict[str, Any]:
    # Without its own search for credentials, which would find others than obstore does.
    return {"storage_options": polars_options(path.scheme), "credential_provider": None}
