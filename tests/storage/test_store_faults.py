"""A store that refuses, or is not there: what is said, and what is not."""

import sys
from collections.abc import Iterator
from datetime import timedelta

import polars as pl
import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.lake.manifest import Manifest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.storage import bucket, parquet
from loyalty_pipeline.storage.conditions import check_conditions
from loyalty_pipeline.storage.faults import StoreError, said_plainly
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from loyalty_pipeline.storage.recent import RECENT, Recent
from loyalty_pipeline.storage.seen import Seen
from tests.servers.objects import BUCKET, DROPPED, KEY_ID, SECRET, Objects

LEAKING = (
    "Generic S3 error: Error performing PUT http://host/b/k - Server returned non-2xx status code: 403 Forbidden: "
    f"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId>"
    f"<StringToSign>{SECRET}</StringToSign></Error>"
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(bucket, "RETRIES", 1)
    monkeypatch.setattr(bucket, "PATIENCE", timedelta(seconds=1))
    bucket._bucket.cache_clear()  # noqa: SLF001 - clients that wait for long
    yield
    bucket._bucket.cache_clear()  # noqa: SLF001 - as above


def test_what_a_server_repeats_of_the_request_is_told_to_nobody() -> None:
    told = said_plainly(OSError(LEAKING), "s3://bucket/x")
    assert isinstance(told, StoreError)
    assert str(told).startswith("s3://bucket/x: the store refuses access (403 SignatureDoesNotMatch).")
    assert not any(secret in repr(told) for secret in (KEY_ID, SECRET, "StringToSign"))


def test_who_has_no_credentials_is_told_so_and_not_of_the_server_that_was_asked_for_some() -> None:
    asked = "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token - 403 Forbidden"
    assert str(said_plainly(OSError(asked), "s3://bucket/x")) == (
        "s3://bucket/x: no credentials or account were found. Set the variables AWS_* in the environment."
    )


def test_what_is_not_about_a_store_stays_as_it_is() -> None:
    assert said_plainly(OSError(28, "No space left on device"), "s3://bucket/x") is None
    assert said_plainly(StoreError("s3://bucket/x: told before"), "s3://bucket/y") is None


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("403 Forbidden", "refuses access"),
        ("400 Bad Request", "answered 400"),
        (DROPPED, "cannot be reached"),
    ],
)
def test_a_store_that_refuses_is_a_source_that_fails(
    folder: ObjectPath, server: Objects, status: str, said: str
) -> None:
    server.before = lambda *_: status
    for act in (
        (folder / "x").read_bytes,
        lambda: (folder / "x").write_bytes(b""),
        (folder / "x").exists,
        folder.names,
        lambda: list(folder.below()),
        lambda: Store(folder).read(),
        lambda: parquet.read_parquet(folder / "x.parquet"),
    ):
        with pytest.raises(SourceError, match=said) as fault:
            act()
        assert fault.value.__cause__ is None
        assert fault.value.__suppress_context__
        assert not any(secret in str(fault.value) for secret in (KEY_ID, SECRET))


def test_a_bucket_that_is_not_there_is_no_empty_folder(server: Objects) -> None:
    del server
    nowhere = place_of("s3://no-such-bucket/x")
    assert isinstance(nowhere, ObjectPath)
    for act in (Store(nowhere).read, lambda: (nowhere / "x").write_bytes(b""), nowhere.names):
        with pytest.raises(StoreError, match="no such bucket"):
            act()


def test_an_endpoint_that_is_not_encrypted_must_be_meant(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(StoreError, match="AWS_ALLOW_HTTP"):
        (folder / "x").read_bytes()


def test_a_store_that_ignores_conditions_is_refused(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_conditions(folder)
    assert not folder.names()
    monkeypatch.setattr(ObjectPath, "swap", lambda self, content, _: self.write_bytes(content))
    with pytest.raises(StoreError, match="ignores If-None-Match or If-Match"):
        check_conditions(folder)


def test_a_store_that_ignores_if_match_alone_is_refused_too(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap = ObjectPath.swap

    def careless(self: ObjectPath, content: bytes, seen: Seen) -> Seen:
        return swap(self, content, self.look() if seen.version else seen)

    monkeypatch.setattr(ObjectPath, "swap", careless)
    with pytest.raises(StoreError, match="ignores If-None-Match or If-Match"):
        check_conditions(folder)


def test_without_the_library_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    nowhere = ObjectPath("s3", BUCKET, "x")
    for act in (nowhere.read_bytes, nowhere.exists, lambda: nowhere.write_bytes(b""), nowhere.names):
        with pytest.raises(SourceError, match=r"pip install 'loyalty-pipeline\[objects\]'"):
            act()


def test_big_files_are_read_by_columns_and_missing_ones_are_not_found(
    folder: ObjectPath, server: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rows = Store(folder), pl.DataFrame({"a": range(100), "b": ["x"] * 100})
    entries = [
        store.write("t", month, rows.head(count)) for month, count in (("2024-01", 100), ("2024-02", 9))
    ]
    store.commit(Manifest())
    monkeypatch.setattr(parquet, "RECENT", Recent())
    whole = store.scan(entries).collect()
    monkeypatch.setattr(parquet, "WHOLE_BYTES", 0)
    server.requests.clear()
    assert store.scan(entries).collect().equals(whole)
    assert store.rows(entries[1], ["a"]).equals(rows.head(9).select("a"))
    (folder / entries[0].file).unlink()
    with pytest.raises(FileNotFoundError):
        parquet.collected(store.scan(entries), folder)
    server.before = lambda *_: "403 Forbidden"
    with pytest.raises(StoreError, match="refuses access"):
        parquet.collected(store.scan(entries), folder)


def test_what_was_just_written_is_not_fetched(folder: ObjectPath, server: Objects) -> None:
    store, rows = Store(folder), pl.DataFrame({"a": [1]})
    entry = store.write("t", "2024-01", rows)
    store.commit(Manifest())
    server.requests.clear()
    assert store.scan([entry]).collect().equals(rows)
    assert server.requests == []
    (folder / entry.file).unlink()
    with pytest.raises(FileNotFoundError):
        store.scan([entry])


def test_only_so_many_bytes_are_remembered() -> None:
    recent, paths = Recent(limit=10), [ObjectPath("s3", BUCKET, name) for name in "abc"]
    for path in paths[:2]:
        recent.put(path, b"12345")
    recent.get(paths[0])
    recent.put(paths[2], b"12345")
    assert [recent.get(path) for path in paths] == [b"12345", None, b"12345"]
    recent.put(paths[0], b"1234567890ab")
    assert (recent.bytes, recent.get(paths[0])) == (0, None)
    assert RECENT.limit > recent.limit
