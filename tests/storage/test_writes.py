"""Files of a lake on their way to a store: several at a time, and none that counts before it is there."""

from threading import Event, Timer

import polars as pl
import pytest

from loyalty_pipeline.lake.manifest import Entry, Manifest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.storage import writes
from loyalty_pipeline.storage.files import size_of
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.parquet import read_parquet
from loyalty_pipeline.storage.recent import RECENT
from tests.servers.objects import Objects, Request


def rows(number: int) -> pl.DataFrame:
    return pl.DataFrame({"number": [number]})


def written(store: Store, count: int) -> dict[str, Entry]:
    return {
        f"2024-{number:02}": store.write("t", f"2024-{number:02}", rows(number))
        for number in range(1, count + 1)
    }


def test_what_a_manifest_names_is_there_when_it_counts(folder: ObjectPath, server: Objects) -> None:
    store = Store(folder)
    entries = written(store, 12)
    store.commit(Manifest({"t": entries}))
    puts = [path for method, path in server.requests if method == "PUT"]
    assert [path.rsplit("/", 1)[1] for path in puts[-1:]] == ["current.json"]
    assert {size_of(store.path(entry)) - entry.bytes for entry in entries.values()} == {0}
    found = Store(folder).read().tables["t"]
    assert [frame.item() for frame in Store(folder).each(found.values())] == list(range(1, 13))


def test_a_file_that_was_there_with_another_footer_is_named_with_its_own_length(folder: ObjectPath) -> None:
    first = Store(folder).write("t", "2024-01", rows(1), inputs={"code": "a"})
    store = Store(folder)
    store.commit(Manifest())
    again = store.write("t", "2024-01", rows(1), inputs={"code": "much longer than that"})
    assert again.bytes > first.bytes
    store.commit(Manifest({"t": {"2024-01": again}}))
    assert Store(folder).read().tables["t"] == {"2024-01": first}
    assert size_of(store.path(first)) == first.bytes


def test_a_write_that_fails_fails_the_commit_and_nothing_counts(folder: ObjectPath, server: Objects) -> None:
    store = Store(folder)
    server.before = lambda _, request: "400 Bad Request" if "/t/2024-03/" in request[1] else None
    entries = written(store, 5)
    with pytest.raises(Exception, match="answered 400"):
        store.commit(Manifest({"t": entries}))
    with pytest.raises(Exception, match="answered 400"):
        store.write("t", "2024-06", rows(6))
    server.undisturbed()
    assert Store(folder).read() == Manifest()
    assert "current.json" not in folder.names()


def test_more_files_than_may_wait_and_bigger_ones_are_all_written(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "WAITING", 2)
    store = Store(folder)
    entries = written(store, 6)
    monkeypatch.setattr(writes, "SMALL_BYTES", 1)
    entries["2024-07"] = store.write("t", "2024-07", rows(7))
    assert read_parquet(store.path(entries["2024-07"])).item() == 7
    store.commit(Manifest({"t": entries}))
    assert [read_parquet(store.path(entry)).item() for entry in entries.values()] == list(range(1, 8))


def test_who_reads_a_file_that_is_on_its_way_and_forgotten_waits_for_it(
    folder: ObjectPath, server: Objects
) -> None:
    store, go_on = Store(folder), Event()

    def hold(_: int, request: Request) -> None:
        if request[0] == "PUT":
            assert go_on.wait(30)

    server.before = hold
    entry = store.write("t", "2024-01", rows(1))
    path = store.path(entry)
    assert isinstance(path, ObjectPath)
    RECENT.drop(path)
    Timer(0.2, go_on.set).start()
    assert store.rows(entry).item() == 1
    assert [method for method, _ in server.requests] == ["PUT", "GET"]
