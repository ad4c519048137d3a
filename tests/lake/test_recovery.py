"""What counts in a folder that lacks files: what a copy left out, what a disk lost."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.lake.manifest import Manifest
from loyalty_pipeline.lake.recovery import Damaged, tell
from loyalty_pipeline.lake.store import Store
from tests.lake.toy import Shops, computed, digests, recomputed

Damage = Callable[[Path], object]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    tell.cache_clear()
    caplog.set_level(logging.WARNING)
    return caplog


def landed(root: Path, nights: int) -> list[Manifest]:
    """What counts after each of some nights; every one adds a part."""
    store, after = Store(root), []
    for night in range(nights):
        manifest = store.read()
        entry = store.write("sales", "2024-01", pl.DataFrame({"night": [night]}))
        manifest.tables.setdefault("sales", {})[f"2024-01/{night:06d}-0000"] = entry
        store.commit(manifest)
        after.append(store.read())
    return after


def newest(root: Path) -> Path:
    pointer = json.loads((root / "current.json").read_text())["manifest"]
    return root / "manifests" / f"{pointer}.json"


def file_of(root: Path, manifest: Manifest, night: int) -> Path:
    return root / manifest.tables["sales"][f"2024-01/{night:06d}-0000"].file


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


DAMAGES: dict[str, Damage] = {
    "a pointer to a manifest that is not there": lambda root: newest(root).unlink(),
    "a manifest that is cut short": lambda root: cut_short(newest(root)),
    "an empty manifest": lambda root: newest(root).write_bytes(b""),
    "a manifest that is not what was written": lambda root: newest(root).write_text(
        newest(root).read_text().replace('"rows":1', '"rows":2')
    ),
    "a manifest of nothing": lambda root: newest(root).write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_state_before_counts_where_a_manifest_of_what_landed_is_lost(
    tmp_path: Path, told: pytest.LogCaptureFixture, damage: str
) -> None:
    after = landed(tmp_path, nights=12)
    lost = newest(tmp_path)
    DAMAGES[damage](tmp_path)
    assert Store(tmp_path).read() == after[-2]
    wrong = f"{lost}: missing or unreadable, though {tmp_path / 'current.json'} names it."
    repair = "An older state counts, and what came after it is read from the source again."
    assert told.messages == [f"{wrong} {repair}"]


@pytest.mark.parametrize("damage", [Path.unlink, cut_short])
def test_the_newest_state_with_all_its_files_counts(
    tmp_path: Path, told: pytest.LogCaptureFixture, damage: Damage
) -> None:
    after = landed(tmp_path, nights=5)
    damage(file_of(tmp_path, after[-1], 3))
    assert Store(tmp_path).read() == after[2]
    assert "missing or cut short. An older state counts" in told.text


def test_a_pointer_that_is_cut_short_or_gone_leaves_the_newest_state(
    tmp_path: Path, told: pytest.LogCaptureFixture
) -> None:
    after = landed(tmp_path, nights=3)
    (tmp_path / "current.json").write_bytes(b"")
    assert Store(tmp_path).read() == after[-1]
    (tmp_path / "current.json").unlink()
    assert Store(tmp_path).read() == after[-1]
    assert [message.split(": ")[1].split(".")[0] for message in told.messages] == ["unreadable", "missing"]


def test_what_landed_and_is_lost_is_said_and_not_made_up(tmp_path: Path) -> None:
    after = landed(tmp_path, nights=3)
    lost = file_of(tmp_path, after[0], 0)
    lost.unlink()
    with pytest.raises(
        Damaged, match=f"{lost}: missing or cut short. No older state is left whole. Restore {tmp_path}"
    ):
        Store(tmp_path).read()


def test_a_pointer_without_any_manifest_is_an_error_too(tmp_path: Path) -> None:
    landed(tmp_path, nights=1)
    newest(tmp_path).unlink()
    with pytest.raises(Damaged, match=r"though .*current.json names it. No older state is left whole"):
        Store(tmp_path).read()


def test_what_counts_instead_is_kept_by_a_sweep_and_is_the_next_one_s_parent(tmp_path: Path) -> None:
    after = landed(tmp_path, nights=3)
    newest(tmp_path).unlink()
    store = Store(tmp_path)
    counts = store.current()
    store.sweep()
    assert store.read() == after[-2]
    store.commit(store.read())
    assert store.read().parent == counts


def test_a_commit_after_a_recovery_is_whole_and_nothing_is_told_any_more(
    tmp_path: Path, told: pytest.LogCaptureFixture
) -> None:
    landed(tmp_path, nights=3)
    newest(tmp_path).unlink()
    store = Store(tmp_path)
    manifest = store.read()
    store.commit(manifest)
    tell.cache_clear()
    told.clear()
    assert store.read() == manifest
    assert told.messages == []


def test_a_file_that_is_swept_while_somebody_looks_is_no_damage(
    tmp_path: Path, told: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(tmp_path, nights=2)
    reader, writer = Store(tmp_path), Store(tmp_path)
    read_text, moments = Path.read_text, iter(["once"])

    def slow(path: Path) -> str:
        text = read_text(path)
        if path.name == "current.json" and next(moments, ""):
            writer.commit(Manifest({"sales": {"2024-02": writer.write("sales", "2024-02", pl.DataFrame())}}))
            writer.sweep()
        return text

    monkeypatch.setattr(Path, "read_text", slow)
    assert list(reader.read().tables["sales"]) == ["2024-02"]
    assert told.messages == []


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    shops = Shops(tmp_path)
    computed(shops.lake())
    return shops


@pytest.mark.parametrize("table", ["payments", "signs", "balances", "named_balances"])
def test_a_lost_file_of_a_computed_table_is_computed_again_and_no_other(
    shops: Shops, told: pytest.LogCaptureFixture, table: str
) -> None:
    lake = shops.lake()
    before, [*_, lost] = digests(lake), lake.manifest.tables[table].values()
    lake.store.path(lost).unlink()
    again = recomputed(shops.lake())
    assert list(again) == [table]
    assert len(again[table]) == 1
    assert digests(shops.lake()) == before
    assert shops.lake().store.path(lost).exists()
    assert told.messages == [
        f"{lake.store.path(lost)}: missing or cut short. What is missing is computed again."
    ]


def test_a_file_that_was_cut_short_is_written_again(shops: Shops) -> None:
    lake = shops.lake()
    [entry, *_] = lake.manifest.tables["balances"].values()
    cut_short(lake.store.path(entry))
    computed(shops.lake())
    assert lake.store.path(entry).stat().st_size == entry.bytes


def test_a_lake_without_its_newest_manifest_goes_on_from_an_older_one(shops: Shops) -> None:
    before = digests(shops.lake())
    newest(shops.root / "lake").unlink()
    computed(shops.lake())
    assert digests(shops.lake()) == before


def test_a_lake_whose_files_are_from_before_and_whose_manifest_is_from_after(shops: Shops) -> None:
    was = {path: path.read_bytes() for path in (shops.root / "lake").rglob("*.parquet")}
    shops.sell(("s9", "north", 90, "2024-03-06"))
    lake = shops.lake()
    computed(lake)
    lake.store.sweep()
    before = digests(lake)
    for path in (shops.root / "lake").rglob("*.parquet"):
        if path not in was:
            path.unlink()
    for path, content in was.items():
        path.write_bytes(content)
    computed(shops.lake())
    assert digests(shops.lake()) == before


def test_rows_that_are_written_again_with_another_footer_keep_the_file_and_its_length(tmp_path: Path) -> None:
    store, rows = Store(tmp_path), pl.DataFrame({"night": [1]})
    first = store.write("sales", "2024-01", rows, inputs={"code": "a"})
    again = store.write("sales", "2024-01", rows, inputs={"code": "much longer"})
    assert again == first
    assert again.bytes == store.path(again).stat().st_size
