"""Restatements over reruns, kills, rollbacks and returns: no row twice, no row lost, no file changed under a reader."""

import json
import shutil
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.publication.pointer import Pointer
from loyalty_pipeline.publication.rollback import NotWhole, before_current, chosen, roll_back
from loyalty_pipeline.publication.snapshot import Publication, Publisher
from tests.lake.toy import Shops
from tests.publication.shop_window import PUBLISHED, window_over

NOW = datetime(2024, 5, 10, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    return Shops(tmp_path)


def publish(shops: Shops, hour: int = 0, **kept: int) -> Publication:
    return Publisher(shops.root, **kept).publish(window_over(shops), PUBLISHED, NOW + hour * HOUR)


def correct(shops: Shops, amount: int) -> None:
    """One sale of April, a complete month, is said anew."""
    shops.sell(("s4", "north", amount, "2024-04-20"))


def rows(publication: Publication) -> list[dict[str, Any]]:
    return pl.read_parquet(publication.folder / "restatements.parquet").to_dicts()


def revenues(publication: Publication) -> list[tuple[float, float]]:
    return [(row["old"], row["new"]) for row in rows(publication) if row["measure"] == "revenue"]


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_rerun_restates_nothing_and_changes_no_byte(shops: Shops) -> None:
    publish(shops)
    correct(shops, 300)
    second = publish(shops, 1)
    files = all_bytes(second.folder)
    again = publish(shops, 2)
    assert (again.snapshot, again.is_changed, again.restated.count) == (second.snapshot, False, 0)
    assert all_bytes(again.folder) == files
    assert second.restated.count == len(rows(second)) > 0


def test_going_there_and_back_is_two_restatements_and_leaves_every_folder_as_it_was(shops: Shops) -> None:
    first = publish(shops)
    correct(shops, 300)
    second = publish(shops, 1)
    files = all_bytes(first.folder), all_bytes(second.folder)
    correct(shops, 400)
    third = publish(shops, 2)
    assert third.metrics == first.metrics
    assert third.snapshot not in {first.snapshot, second.snapshot}
    assert revenues(third) == [(400, 300), (300, 400)]
    correct(shops, 300)
    fourth = publish(shops, 3, keep=4)
    assert fourth.snapshot not in {first.snapshot, second.snapshot, third.snapshot}
    assert revenues(fourth) == [(400, 300), (300, 400), (400, 300)]
    assert (all_bytes(first.folder), all_bytes(second.folder)) == files


def crash(shops: Shops, monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    """A run that dies when all files are written and the pointer is about to move."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Pointer, "move", die)
        with pytest.raises(KeyboardInterrupt):
            publish(shops, hour)


def test_a_run_killed_before_the_swap_leaves_no_row_twice(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(shops)
    correct(shops, 300)
    crash(shops, monkeypatch, 1)
    assert Pointer(shops.root).read()["snapshot"] == first.snapshot
    second = publish(shops, 2)
    assert revenues(second) == [(400, 300)]
    assert {row["published_at"] for row in rows(second)} == {NOW + 2 * HOUR}
    correct(shops, 200)
    assert revenues(publish(shops, 3)) == [(400, 300), (300, 200)]


def test_what_a_killed_run_would_have_restated_is_counted_from_what_readers_have(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(shops)
    correct(shops, 300)
    crash(shops, monkeypatch, 1)
    correct(shops, 200)
    assert revenues(publish(shops, 2)) == [(400, 200)]


def test_a_run_after_a_rollback_restates_what_readers_saw_last(shops: Shops) -> None:
    publish(shops)
    correct(shops, 300)
    publish(shops, 1)
    back_to_first(shops)
    correct(shops, 100)
    assert revenues(publish(shops, 3)) == [(400, 100)]


def back_to_first(shops: Shops) -> None:
    pointer = Pointer(shops.root)
    roll_back(shops.root, before_current(pointer), NOW + 2 * HOUR)


def test_a_snapshot_that_comes_back_after_a_rollback_is_not_written_again(shops: Shops) -> None:
    publish(shops)
    correct(shops, 300)
    second = publish(shops, 1)
    files = all_bytes(second.folder)
    times = {path: path.stat().st_mtime_ns for path in second.folder.iterdir()}
    back_to_first(shops)
    again = publish(shops, 3)
    assert (again.snapshot, again.is_changed) == (second.snapshot, True)
    assert asdict(again.restated) == asdict(second.restated)
    assert all_bytes(again.folder) == files
    assert {path: path.stat().st_mtime_ns for path in second.folder.iterdir()} == times


@pytest.mark.parametrize("lost", ["restatements.parquet", "manifest.json", "takings.parquet"])
def test_a_lost_file_of_a_snapshot_with_restatements_is_made_again(shops: Shops, lost: str) -> None:
    publish(shops)
    correct(shops, 300)
    second = publish(shops, 1)
    files = all_bytes(second.folder)
    (second.folder / lost).unlink()
    again = publish(shops, 2)
    assert (again.is_changed, again.snapshot) == (False, second.snapshot)
    assert all_bytes(second.folder) == files


def test_without_the_publication_before_it_a_snapshot_with_a_lost_file_is_published_anew(
    shops: Shops,
) -> None:
    first, manifest = publish(shops), manifest_path(shops, "lake")
    correct(shops, 300)
    second = publish(shops, 1)
    (second.folder / "takings.parquet").unlink()
    shutil.rmtree(first.folder)
    manifest.unlink()
    again = publish(shops, 2)
    assert again.is_changed
    assert again.metrics == second.metrics
    assert revenues(again) == [(400, 300)]


def manifest_path(shops: Shops, store: str) -> Path:
    digest = Pointer(shops.root).read()[store]
    return shops.root / store / "manifests" / f"{digest}.json"


@pytest.mark.parametrize("store", ["lake", "landing"])
def test_without_an_old_manifest_numbers_are_still_told_and_causes_are_unknown(
    shops: Shops, store: str
) -> None:
    publish(shops)
    manifest_path(shops, store).rename(shops.root / "hidden.json")
    correct(shops, 300)
    second = publish(shops, 1)
    assert revenues(second) == [(400, 300)]
    assert {(row["cause"], row["reason"], row["raw_tables"], row["batches"]) for row in rows(second)} == {
        ("unknown", None, None, None)
    }


def test_without_an_old_file_of_the_lake_the_published_files_are_compared(shops: Shops) -> None:
    publish(shops)
    for path in shops.root.glob("lake/takings/2024-04/*.parquet"):
        path.unlink()
    correct(shops, 300)
    second = publish(shops, 1)
    assert revenues(second) == [(400, 300)]
    assert {row["cause"] for row in rows(second)} == {"unknown"}


def test_with_nothing_left_to_compare_with_a_run_publishes_and_restates_nothing(shops: Shops) -> None:
    first = publish(shops)
    manifest_path(shops, "lake").unlink()
    shutil.rmtree(first.folder)
    correct(shops, 300)
    second = publish(shops, 1)
    assert (second.is_changed, rows(second)) == (True, [])


def test_a_publication_of_an_older_version_is_compared_all_the_same(shops: Shops) -> None:
    """It had no restatements, and its pointer named neither the as-of nor a digest of the contents."""
    first = publish(shops)
    (first.folder / "restatements.parquet").unlink()
    manifest = json.loads((first.folder / "manifest.json").read_text())
    for name in ("restated", "restatements", "previous"):
        del manifest[name]
    del manifest["tables"]["restatements"]
    (first.folder / "manifest.json").write_text(json.dumps(manifest))
    pointer = Pointer(shops.root).read()
    for entry in (pointer, *pointer["history"]):
        del entry["made_of"], entry["as_of"]
    (shops.root / "published" / "current.json").write_text(json.dumps(pointer))
    correct(shops, 300)
    assert revenues(publish(shops, 1)) == [(400, 300)]


def test_a_snapshot_named_by_hand_is_what_readers_had(shops: Shops) -> None:
    first = publish(shops)
    correct(shops, 300)
    second = publish(shops, 1)
    pointer = Pointer(shops.root).read() | {"snapshot": first.snapshot}
    (shops.root / "published" / "current.json").write_text(json.dumps(pointer))
    again = publish(shops, 2)
    assert (again.snapshot, again.is_changed) == (second.snapshot, True)


def test_a_table_that_was_not_published_before_restates_nothing(shops: Shops) -> None:
    Publisher(shops.root).publish(window_over(shops), ["refusals"], NOW)
    assert rows(publish(shops, 1)) == []


def test_a_rollback_to_the_current_snapshot_changes_nothing(shops: Shops) -> None:
    first = publish(shops)
    pointer = Pointer(shops.root)
    before = pointer.read()
    assert roll_back(shops.root, chosen(pointer, first.snapshot), NOW + HOUR) == before


def test_a_rollback_refuses_a_snapshot_without_its_manifest(shops: Shops) -> None:
    first = publish(shops)
    correct(shops, 300)
    publish(shops, 1)
    (first.folder / "manifest.json").unlink()
    with pytest.raises(NotWhole, match=r"manifest\.json is missing or torn"):
        back_to_first(shops)


def test_a_rollback_killed_before_the_link_moved_is_ended_by_the_next_one(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(shops)
    correct(shops, 300)
    second = publish(shops, 1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Pointer, "link", die)
        with pytest.raises(KeyboardInterrupt):
            back_to_first(shops)
    assert (shops.root / "metrics").resolve() == second.folder.resolve()
    roll_back(shops.root, chosen(Pointer(shops.root), first.snapshot), NOW + 3 * HOUR)
    assert (shops.root / "metrics").resolve() == first.folder.resolve()
