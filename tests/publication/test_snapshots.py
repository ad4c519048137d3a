"""Snapshots: shown in one step, never changed, kept as long as somebody may read them."""

import json
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.publication.snapshot import Publication, PublicationConflict, Publisher
from tests.lake.toy import Shops
from tests.publication.shop_window import PUBLISHED, window_over

NOW = datetime(2024, 5, 10, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    return Shops(tmp_path)


def publish(shops: Shops, at: datetime = NOW, *, keep: int = 3, keep_hours: int = 24) -> Publication:
    return Publisher(shops.root, keep, keep_hours).publish(window_over(shops), PUBLISHED, at)


def snapshots(shops: Shops) -> set[str]:
    return {path.name for path in (shops.root / "published" / "snapshots").iterdir()}


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_publication_is_reached_by_the_pointer_and_by_the_link(shops: Shops) -> None:
    done = publish(shops)
    assert done.is_changed
    assert Publisher(shops.root).current()["snapshot"] == done.snapshot
    assert (shops.root / "metrics").resolve() == done.folder.resolve()
    assert pl.read_parquet(shops.root / "metrics" / "takings.parquet").height == done.rows["takings"]


def test_the_link_is_relative_so_that_the_data_folder_can_move(shops: Shops, tmp_path: Path) -> None:
    done = publish(shops)
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert pl.read_parquet(moved / "metrics" / "takings.parquet").height == done.rows["takings"]
    moved.rename(tmp_path)


def test_a_rerun_without_changes_publishes_nothing(shops: Shops) -> None:
    first = publish(shops)
    pointer, files = (shops.root / "published" / "current.json").read_bytes(), all_bytes(first.folder)
    again = publish(shops, NOW + HOUR)
    assert again == Publication(
        first.snapshot, first.metrics, is_changed=False, folder=first.folder, rows=first.rows
    )
    assert (shops.root / "published" / "current.json").read_bytes() == pointer
    assert all_bytes(first.folder) == files


def test_other_rows_make_another_snapshot_and_leave_the_first_as_it_was(shops: Shops) -> None:
    first = publish(shops)
    files = all_bytes(first.folder)
    shops.sell(("s9", "north", 90, "2024-05-06"))
    second = publish(shops, NOW + HOUR)
    assert second.is_changed
    assert second.snapshot != first.snapshot
    assert all_bytes(first.folder) == files
    current = Publisher(shops.root).current()
    assert (current["snapshot"], current["parent"]) == (second.snapshot, first.snapshot)
    assert [entry["snapshot"] for entry in current["history"]] == [second.snapshot, first.snapshot]


def test_other_settings_make_another_snapshot_because_files_name_them(shops: Shops) -> None:
    first = publish(shops)
    later = Publisher(shops.root).publish(window_over(shops, date(2024, 5, 11)), PUBLISHED, NOW)
    assert later.snapshot != first.snapshot


def test_what_was_published_once_comes_back_under_its_own_name(shops: Shops) -> None:
    first = publish(shops)
    shops.sell(("s5", "south", 900, "2024-05-05"))
    publish(shops, NOW + HOUR)
    shops.sell(("s5", "south", 500, "2024-05-05"))
    back = publish(shops, NOW + 2 * HOUR)
    assert back.snapshot == first.snapshot
    assert back.is_changed
    assert (shops.root / "metrics").resolve() == first.folder.resolve()


def test_a_lost_link_is_made_again_by_an_unchanged_run(shops: Shops) -> None:
    first = publish(shops)
    (shops.root / "metrics").unlink()
    assert not publish(shops).is_changed
    assert (shops.root / "metrics").resolve() == first.folder.resolve()


@pytest.mark.parametrize("lost", ["takings.parquet", "manifest.json"])
def test_a_lost_file_of_the_current_snapshot_is_made_again(shops: Shops, lost: str) -> None:
    first = publish(shops)
    files = all_bytes(first.folder)
    (first.folder / lost).unlink()
    publish(shops)
    assert all_bytes(first.folder) == files


def test_half_a_snapshot_of_a_killed_run_is_completed(shops: Shops) -> None:
    first = publish(shops)
    shops.sell(("s9", "north", 90, "2024-05-06"))
    second = publish(shops, NOW + HOUR)
    files = all_bytes(second.folder)
    (second.folder / "manifest.json").unlink()
    (second.folder / "takings.parquet").write_bytes(b"half")
    pointer = {**Publisher(shops.root).current(), "snapshot": first.snapshot}
    (shops.root / "published" / "current.json").write_text(json.dumps(pointer))
    again = publish(shops, NOW + 2 * HOUR)
    assert (again.snapshot, again.is_changed) == (second.snapshot, True)
    assert all_bytes(again.folder) == files


def nights(shops: Shops, count: int, every: timedelta, **kept: int) -> list[str]:
    made = []
    for night in range(count):
        shops.sell((f"n{night}", "north", 10 * (night + 1), "2024-05-06"))
        made.append(publish(shops, NOW + night * every, **kept).snapshot)
    return made


def test_the_last_snapshots_are_kept_however_old_they_are(shops: Shops) -> None:
    made = nights(shops, 5, timedelta(days=30), keep=3)
    assert snapshots(shops) == set(made[-3:])


def test_a_snapshot_is_kept_for_hours_after_it_was_superseded(shops: Shops) -> None:
    made = nights(shops, 6, 5 * HOUR, keep=1, keep_hours=12)
    # At hour 25 the first four were superseded at hours 5, 10, 15 and 20.
    assert snapshots(shops) == set(made[2:])


def test_keeping_no_hours_and_one_snapshot_keeps_the_current(shops: Shops) -> None:
    made = nights(shops, 3, HOUR, keep=1, keep_hours=0)
    assert snapshots(shops) == {made[-1]}


def test_a_snapshot_that_comes_back_is_not_swept_for_its_first_appearance(shops: Shops) -> None:
    first = publish(shops, keep=1, keep_hours=0)
    shops.sell(("s5", "south", 900, "2024-05-05"))
    publish(shops, NOW + HOUR, keep=1, keep_hours=0)
    shops.sell(("s5", "south", 500, "2024-05-05"))
    publish(shops, NOW + 2 * HOUR, keep=1, keep_hours=0)
    assert snapshots(shops) == {first.snapshot}


def test_who_publishes_over_a_pointer_that_moved_is_told_and_changes_nothing(
    shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(shops)
    shops.sell(("s9", "north", 90, "2024-05-06"))
    lake, slow = window_over(shops), Publisher(shops.root)
    write = Publisher._write  # noqa: SLF001 - the moment between reading the pointer and moving it

    def overtaken(*arguments: object) -> object:
        monkeypatch.setattr(Publisher, "_write", write)
        shops.sell(("s8", "south", 80, "2024-05-06"))
        publish(shops, NOW + HOUR)
        return write(*arguments)

    monkeypatch.setattr(Publisher, "_write", overtaken)
    with pytest.raises(PublicationConflict, match="was changed by another run"):
        slow.publish(lake, PUBLISHED, NOW + 2 * HOUR)
    current = slow.current()
    assert current["parent"] == first.snapshot
    assert (shops.root / "metrics").resolve().name == current["snapshot"]


def test_a_disk_that_is_full_leaves_what_was_published(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish(shops)
    files = all_bytes(first.folder)
    shops.sell(("s9", "north", 90, "2024-05-06"))
    lake = window_over(shops)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            Publisher(shops.root).publish(lake, PUBLISHED, NOW + HOUR)
    assert Publisher(shops.root).current()["snapshot"] == first.snapshot
    assert all_bytes((shops.root / "metrics").resolve()) == files
    assert publish(shops, NOW + HOUR).is_changed


def test_a_reader_that_resolves_the_link_once_never_sees_a_mixture(shops: Shops) -> None:
    publish(shops)
    mixtures, reads, over = [], [0], threading.Event()

    def read() -> None:
        while not over.is_set():
            folder = (shops.root / "metrics").resolve()
            told = json.loads((folder / "manifest.json").read_text())["tables"]
            for name in PUBLISHED:
                height = pl.read_parquet(folder / f"{name}.parquet").height
                if height != told[name]["rows"]:
                    mixtures.append((folder.name, name))
            reads[0] += 1

    reader = threading.Thread(target=read)
    reader.start()
    for night in range(8):
        shops.sell((f"n{night}", "north", 10, f"2024-0{1 + night % 5}-0{1 + night % 9}"))
        publish(shops, NOW + night * HOUR)
    over.set()
    reader.join()
    assert mixtures == []
    assert reads[0] > 8


STEPS = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.publication.snapshot import Publisher
from tests.publication.shop_window import PUBLISHED, shops_of, window_over

root = Path(sys.argv[1])

def publish(fatal):
    lake, steps = window_over(shops_of(root)), 0

    def counted(call):
        def step(*arguments, **named):
            nonlocal steps
            steps += 1
            if steps == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)
        return step

    os.fsync = counted(os.fsync)
    Path.replace, Path.symlink_to, Path.mkdir = map(counted, (Path.replace, Path.symlink_to, Path.mkdir))
    Publisher(root, keep=1, keep_hours=0).publish(lake, PUBLISHED, datetime.now(UTC))

for line in sys.stdin:
    # One import for all: a child that has not computed yet may fork.
    if not (child := os.fork()):
        publish(int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_publication_killed_at_any_step_shows_all_of_the_old_or_all_of_the_new(shops: Shops) -> None:
    first = publish(shops)
    old, shown = all_bytes(first.folder), []
    # A sale of a complete month, so that there is something to restate.
    shops.sell(("s4", "north", 300, "2024-04-20"))
    window_over(shops)
    command = [sys.executable, "-c", STEPS, str(shops.root)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], **pipes) as killed:  # type: ignore[call-overload]
        for fatal in range(1, 40):
            code = step(killed, fatal)
            shown.append(what_readers_get(shops))
            if code == 0:
                break
            assert code == -9
        else:
            pytest.fail("still killed at step 39")
    assert shown[0] == old
    assert shown[-1] != old
    assert all(seen in (old, shown[-1]) for seen in shown)
    assert old != shown[-2], "one kill came after the swap"
    assert shown[1] == old
    assert snapshots(shops) == {Publisher(shops.root).current()["snapshot"]}
    assert (shops.root / "metrics").resolve().name == Publisher(shops.root).current()["snapshot"]
    assert [
        path for path in shops.root.rglob("*") if ".partial" in path.name or ".metrics." in path.name
    ] == []


def step(killed: "subprocess.Popen[str]", fatal: int) -> int:
    assert killed.stdin is not None
    assert killed.stdout is not None
    killed.stdin.write(f"{fatal}\n")
    killed.stdin.flush()
    return int(killed.stdout.readline())


def what_readers_get(shops: Shops) -> dict[str, bytes]:
    """The bytes behind the pointer, of which every file is whole, as are those behind the link."""
    for folder in (
        shops.root / "published" / "snapshots" / Publisher(shops.root).current()["snapshot"],
        (shops.root / "metrics").resolve(),
    ):
        told = json.loads((folder / "manifest.json").read_text())["tables"]
        assert {n: pl.read_parquet(folder / f"{n}.parquet").height for n in told} == {
            name: table["rows"] for name, table in told.items()
        }
    behind_the_pointer = shops.root / "published" / "snapshots" / Publisher(shops.root).current()["snapshot"]
    return {name: content for name, content in all_bytes(behind_the_pointer).items() if name[0] != "."}


def test_a_pointer_that_is_torn_is_told_with_what_to_do_and_nothing_is_swept(shops: Shops) -> None:
    publish(shops)
    before = snapshots(shops)
    (shops.root / "published" / "current.json").write_text('{"snapshot": "a')
    with pytest.raises(SourceError, match=r"current.json: cannot be read .* Restore it from a copy"):
        publish(shops, NOW + HOUR)
    assert snapshots(shops) == before
