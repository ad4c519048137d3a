"""Files named by their content, manifests that name files, and what may be thrown away."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Barrier, local

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.lake.data_file import whole_size
from loyalty_pipeline.lake.manifest import Entry, Manifest, digest_of
from loyalty_pipeline.lake.store import Store, write_whole
from tests.lake.toy import Shops, computed, digests

ROWS = pl.DataFrame({"shop": ["north", "south"], "amount": [Decimal("1.50"), Decimal("2.25")]})
names = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)
entries = st.builds(
    Entry, names, st.integers(0), st.integers(0), names, st.sampled_from(["", "2024-05-01T00:00:00+00:00"])
)


@settings(max_examples=40)
@given(
    st.dictionaries(names, st.dictionaries(names, entries, max_size=3), max_size=3),
    st.dictionaries(names, st.dictionaries(names, st.dictionaries(names, names), max_size=2), max_size=2),
    st.dictionaries(names, st.one_of(st.integers(), names, st.lists(names))),
)
def test_a_manifest_comes_back_as_it_was_written(tables: dict, tasks: dict, notes: dict) -> None:
    manifest = Manifest(tables, tasks, notes, "parent")
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_equal_manifests_have_equal_texts_whatever_the_order_they_were_filled_in() -> None:
    a, b = Entry("f1", 1, 2, "d1"), Entry("f2", 3, 4, "d2")
    assert Manifest({"t": {"x": a, "y": b}}).to_json() == Manifest({"t": {"y": b, "x": a}}).to_json()


def test_digests_know_where_one_text_ends() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")


def test_parts_between_two_months_come_in_order_with_the_months_of_their_work() -> None:
    parts = {
        part: Entry(part, 1, 1, part) for part in ["2024-03/2024-02", "2024-01", "2024-03/2024-01", "2024-02"]
    }
    manifest = Manifest({"t": parts})
    assert list(manifest.between("t", "2024-02", "2024-03")) == [
        "2024-02",
        "2024-03/2024-01",
        "2024-03/2024-02",
    ]
    assert manifest.between("other", "", "~") == {}


def test_months_with_rows_leave_out_those_whose_files_are_empty() -> None:
    parts = {"2024-01": Entry("a", 0, 9, "a"), "2024-02": Entry("b", 2, 9, "b")}
    assert Manifest({"t": parts}).months("t") == ["2024-02"]


def test_equal_rows_have_one_digest_and_one_file_whatever_they_were_made_from(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.write("shops", "2024-01", ROWS, inputs={"code": "a"})
    again = store.write("shops", "2024-01", ROWS, inputs={"code": "b", "more": "c"})
    assert first.digest == again.digest
    assert len(list(tmp_path.rglob("*.parquet"))) == 1


@pytest.mark.parametrize(
    "other",
    [
        ROWS.with_columns(pl.col("amount") + Decimal("0.01")),
        ROWS.rename({"amount": "value"}),
        ROWS.with_columns(pl.col("amount").cast(pl.Decimal(18, 4))),
        ROWS.head(1),
        ROWS.with_columns(shop=pl.when(pl.col("shop") == "north").then("shop")),
        ROWS.select("amount", "shop"),
    ],
)
def test_other_rows_names_types_or_nulls_have_another_digest(tmp_path: Path, other: pl.DataFrame) -> None:
    store = Store(tmp_path)
    assert store.write("shops", "2024-01", ROWS).digest != store.write("shops", "2024-01", other).digest


def test_tables_without_rows_have_digests_that_know_their_columns(tmp_path: Path) -> None:
    store = Store(tmp_path)
    one = store.write("shops", "2024-01", ROWS.clear())
    two = store.write("shops", "2024-01", ROWS.clear().rename({"shop": "store"}))
    assert one.digest != two.digest
    assert store.scan([one]).collect().schema == ROWS.schema


def test_the_footer_of_a_file_says_what_it_was_made_from(tmp_path: Path) -> None:
    store = Store(tmp_path)
    entry = store.write("shops", "2024-01", ROWS, inputs={"code": "a"})
    assert json.loads(pl.read_parquet_metadata(store.path(entry))["loyalty.inputs"]) == {"code": "a"}


def test_rows_of_several_files_come_in_the_order_asked_for(tmp_path: Path) -> None:
    store = Store(tmp_path)
    late = store.write("shops", "2024-02", pl.DataFrame({"d": [date(2024, 2, 1)]}))
    early = store.write("shops", "2024-01", pl.DataFrame({"d": [date(2024, 1, 1)]}))
    assert store.scan([late, early]).collect()["d"].to_list() == [date(2024, 2, 1), date(2024, 1, 1)]


def test_a_store_without_a_commit_is_empty_and_makes_no_folder(tmp_path: Path) -> None:
    store = Store(tmp_path / "nothing")
    assert store.read() == Manifest()
    assert not (tmp_path / "nothing").exists()


def test_what_was_written_counts_only_once_it_is_committed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    manifest = store.read()
    manifest.tables["shops"] = {"2024-01": store.write("shops", "2024-01", ROWS)}
    assert Store(tmp_path).read() == Manifest()
    store.commit(manifest)
    assert Store(tmp_path).read().tables == manifest.tables


def test_a_write_that_fails_leaves_neither_file_nor_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(tmp_path / "kept.json", b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "kept.json", b"after")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"kept.json": b"before"}


def filled(root: Path, nights: int) -> tuple[Store, list[Manifest]]:
    store, committed = Store(root), []
    for night in range(nights):
        manifest = store.read()
        manifest.tables["shops"] = {
            "2024-01": store.write("shops", "2024-01", ROWS.with_columns(night=pl.lit(night)))
        }
        store.commit(manifest)
        committed.append(store.read())
    return store, committed


def test_sweeping_keeps_every_file_that_a_kept_manifest_names(tmp_path: Path) -> None:
    store, committed = filled(tmp_path, nights=5)
    # What the third manifest calls its parent is the second.
    kept = [committed[2].parent, committed[3].parent]
    assert store.sweep(kept) == 4
    named = [committed[1], committed[2], committed[4]]
    files = {store.path(entry) for manifest in named for entry in manifest.tables["shops"].values()}
    assert set(tmp_path.rglob("*.parquet")) == files
    assert len(list((tmp_path / "manifests").iterdir())) == 3
    assert store.read() == committed[-1]


def test_sweeping_again_deletes_nothing_more(tmp_path: Path) -> None:
    store, _ = filled(tmp_path, nights=5)
    store.sweep()
    assert store.sweep() == 0


def test_sweeping_deletes_what_a_killed_run_left(tmp_path: Path) -> None:
    store, committed = filled(tmp_path, nights=1)
    half = [
        tmp_path / "shops" / "2024-01" / ".abc.parquet.12345678.partial",
        tmp_path / "manifests" / ".abc.json.12345678.partial",
        tmp_path / ".current.json.12345678.partial",
    ]
    for path in half:
        path.write_bytes(b"half")
    unnamed = store.path(store.write("shops", "2024-01", ROWS.head(1)))
    assert store.sweep() == 4
    assert not any(path.exists() for path in [*half, unnamed])
    assert store.read() == committed[-1]


def test_a_file_shared_by_old_and_new_manifests_stays(tmp_path: Path) -> None:
    shops = Shops(tmp_path)
    computed(shops.lake())
    for night in range(4):
        shops.sell((f"late{night}", "north", 10 + night, "2024-05-06"))
        lake = shops.lake()
        computed(lake)
        lake.store.sweep()
    lake = shops.lake()
    assert lake.scan("balances").collect().height == 9
    computed(shops.lake(folder="fresh"))
    assert digests(lake) == digests(shops.lake(folder="fresh"))


def test_of_two_processes_that_write_equal_rows_at_once_both_tell_the_length_of_the_file_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shards may have the same rows, made from other inputs: their files have other footers."""
    both_looked, looked = Barrier(2, timeout=60), local()

    def at_once(path: Path, content: bytes) -> int:
        size = whole_size(path, content)
        if not hasattr(looked, "is_done"):
            looked.is_done = both_looked.wait() >= 0
        return size

    monkeypatch.setattr("loyalty_pipeline.lake.data_file.whole_size", at_once)
    store, rows = Store(tmp_path, waits=True), pl.DataFrame({"customers": [1, 2]})
    inputs = {"1of2": {"rows": "short"}, "2of2": {"rows": "much longer than that"}}
    with ThreadPoolExecutor(2) as pool:
        entries = list(
            pool.map(lambda s: store.write("churn", f"2024-05.{s}", rows, inputs=inputs[s]), inputs)
        )
    (file,) = tmp_path.glob("churn/2024-05/*")
    assert [entry.bytes for entry in entries] == [file.stat().st_size] * 2
    assert store.rows(entries[0]).equals(rows)


def test_a_file_system_without_links_takes_files_of_many_processes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    rows = pl.DataFrame({"customers": [1, 2]})
    entry = Store(tmp_path, waits=True).write("churn", "2024-05", rows)
    assert Store(tmp_path).rows(entry).equals(rows)
    assert [path.name for path in tmp_path.rglob("*.partial")] == []


def test_a_damaged_file_is_written_anew_by_one_of_many_processes_too(tmp_path: Path) -> None:
    store, rows = Store(tmp_path, waits=True), pl.DataFrame({"customers": [1, 2]})
    path = store.path(entry := store.write("churn", "2024-05", rows))
    path.write_bytes(path.read_bytes()[:-9])
    assert store.write("churn", "2024-05", rows) == entry
    assert store.rows(entry).equals(rows)
