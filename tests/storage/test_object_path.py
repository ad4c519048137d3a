"""An address in a store, used like a path."""

from pathlib import Path, PurePosixPath

import pytest

from loyalty_pipeline.settings import Settings, SettingsError
from loyalty_pipeline.storage import object_path
from loyalty_pipeline.storage.bucket import options, polars_options
from loyalty_pipeline.storage.files import (
    move,
    names_in,
    remove_files,
    remove_folder,
    size_of,
    sizes_of,
    write_whole,
)
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from loyalty_pipeline.storage.seen import Moved, Seen
from tests.servers.objects import SECRET, Objects


def test_an_address_keeps_its_slashes_and_grows_like_a_path() -> None:
    place = place_of("s3://bucket/some/prefix/")
    assert isinstance(place, ObjectPath)
    assert str(place) == "s3://bucket/some/prefix"
    below = place / "lake" / "churn/2024-01/abc.parquet"
    assert str(below) == "s3://bucket/some/prefix/lake/churn/2024-01/abc.parquet"
    assert (below.name, below.stem, below.parent.name) == ("abc.parquet", "abc", "2024-01")
    assert below.relative_to(place) == PurePosixPath("lake/churn/2024-01/abc.parquet")


def test_a_bucket_without_a_prefix_is_a_place() -> None:
    place = place_of("s3://bucket")
    assert str(place / "lake") == "s3://bucket/lake"
    assert (place / "lake").parent == place


def test_a_folder_stays_a_path() -> None:
    assert place_of("data/here") == Path("data/here")
    assert place_of("file:///data/here") == Path("/data/here")


@pytest.mark.parametrize(
    "told",
    [
        "s3://",
        "s3://buc ket/x",
        "ftp://host/x",
        "s3://bucket/x?versionId=1",
        "s3://bucket/a b",
        "s3://b/../c",
        "http://host/b",
    ],
)
def test_what_is_no_address_of_a_store_is_refused_with_an_example(told: str) -> None:
    with pytest.raises(SettingsError, match="s3://bucket/prefix"):
        Settings.load(data_dir=told)


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match="credentials come from the environment") as refused:
        Settings.load(data_dir=f"s3://me:{SECRET.replace('/', '')}@bucket/x")
    assert SECRET.replace("/", "") not in str(refused.value)


def test_the_setting_may_come_from_the_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loyalty.toml").write_text('data_dir = "s3://bucket/prefix"\n')
    assert str(Settings.load(tmp_path / "loyalty.toml").data_dir) == "s3://bucket/prefix"
    monkeypatch.setenv("LOYALTY_DATA_DIR", "gs://other/prefix")
    assert str(Settings.load(tmp_path / "loyalty.toml").data_dir) == "gs://other/prefix"


def test_both_libraries_are_told_the_same_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_ENDPOINT_URL": "http://host:1"}
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert options("s3") == {name.lower(): value for name, value in told.items()} | {
        "aws_region": "us-east-1"
    }
    assert options("s3").items() <= polars_options("s3").items()


def test_what_is_written_is_read_listed_and_deleted(folder: ObjectPath) -> None:
    for name in ("a.json", "sub/b.parquet", "sub/deep/c.parquet"):
        write_whole(folder / name, name.encode())
    assert (folder / "a.json").read_text() == "a.json"
    assert names_in(folder) == {"a.json", "sub"}
    assert sizes_of(folder / "sub", ["b.parquet", "c.parquet"]) == {"b.parquet": 13, "c.parquet": -1}
    assert {str(path.relative_to(folder)): size for path, size in folder.below()} == {
        "a.json": 6,
        "sub/b.parquet": 13,
        "sub/deep/c.parquet": 18,
    }
    move(folder / "a.json", folder / "moved.json")
    assert (size_of(folder / "a.json"), size_of(folder / "moved.json")) == (-1, 6)
    remove_folder(folder / "sub")
    assert names_in(folder) == {"moved.json"}
    assert remove_files([folder / "moved.json"]) == 1
    assert names_in(folder) == set()


def test_what_is_not_there_is_a_file_that_is_not_found(folder: ObjectPath) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (folder / "nothing").read_bytes()
    assert missing.value.filename == str(folder / "nothing")
    assert not (folder / "nothing").exists()
    (folder / "nothing").unlink(missing_ok=True)


def test_a_folder_is_not_mistaken_for_one_whose_name_begins_alike(folder: ObjectPath) -> None:
    write_whole(folder / "lake" / "x", b"1")
    write_whole(folder / "lake2" / "y", b"1")
    assert [path.name for path, _ in (folder / "lake").below()] == ["x"]


def test_who_replaces_another_version_than_was_seen_is_refused(folder: ObjectPath) -> None:
    pointer = folder / "current.json"
    first = pointer.swap(b"1", pointer.look())
    pointer.swap(b"2", first)
    with pytest.raises(Moved):
        pointer.swap(b"3", first)
    with pytest.raises(Moved):
        pointer.swap(b"3", Seen())
    assert pointer.read_bytes() == b"2"
    assert not pointer.create(b"4")


def test_who_replaces_a_version_that_was_deleted_is_refused(folder: ObjectPath) -> None:
    pointer = folder / "current.json"
    seen = pointer.swap(b"1", Seen())
    pointer.unlink()
    with pytest.raises(Moved):
        pointer.swap(b"2", seen)


def test_a_write_whose_answer_was_lost_is_known_for_one_s_own(folder: ObjectPath, server: Objects) -> None:
    pointer = folder / "current.json"
    seen = pointer.swap(b"1", Seen())
    lost = iter([True])

    def lose(_: int, request: tuple[str, str]) -> None:
        if request[0] == "PUT" and next(lost, False):
            raise ConnectionResetError

    server.after = lose
    again = pointer.swap(b"2", seen)
    assert [method for method, _ in server.requests[-3:]] == ["PUT", "PUT", "GET"]
    assert pointer.swap(b"3", again).content == b"3"


def test_more_objects_than_one_request_takes_are_listed_and_deleted(
    folder: ObjectPath, server: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_path, "PAGE", 2)
    for number in range(5):
        write_whole(folder / f"{number}", b"")
    server.requests.clear()
    remove_folder(folder)
    assert server.counts() == {"LIST": 1, "POST": 3}
    assert names_in(folder) == set()
