"""`loyalty snapshots`: what is kept, whether it is as it was written, and going back."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from loyalty_pipeline.lake.lock import exclusive
from tests.cli.conftest import AS_OF, Said, Shop
from tests.landing.company import at, line
from tests.landing.plain_validator import PlainValidator


@pytest.fixture(autouse=True)
def counted_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)
    monkeypatch.setenv("LOYALTY_AS_OF", str(AS_OF))


@pytest.fixture
def nights(shop: Shop) -> Shop:
    """Two publications: the second restates February."""
    shop.run()
    shop.write("invoice_lines", [line(amount="130.00", updated_at=at("2024-03-05"))])
    shop.run()
    return shop


def snapshots(shop: Shop, *words: str) -> Said:
    return shop.call("snapshots", *words, "--data-dir", str(shop.data))


def listed(shop: Shop) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(snapshots(shop, "list", "--json").out)["snapshots"]
    return told


def ids(shop: Shop) -> tuple[str, str]:
    """The current snapshot and the one before it."""
    new, old = (one["snapshot"] for one in listed(shop))
    return new, old


def test_a_run_tells_what_it_restates_and_why(shop: Shop) -> None:
    assert "restates" not in shop.run().out
    shop.write("invoice_lines", [line(amount="130.00", updated_at=at("2024-03-05"))])
    told = shop.run().out
    assert "numbers of complete periods (corrected data " in told
    assert "mrr_growth.closing_mrr of 2024-02: 100.00 -> 130.00, corrected data in invoice_lines" in told


def test_a_run_tells_its_restatements_as_json(shop: Shop) -> None:
    assert json.loads(shop.run("--json").out)["restatements"] == {"count": 0, "causes": {}, "largest": []}
    shop.write("invoice_lines", [line(amount="130.00", updated_at=at("2024-03-05"))])
    told = json.loads(shop.run("--json").out)["restatements"]
    assert told["count"] == shop.rows("restatements").height
    assert told["causes"] == {"corrected data": told["count"]}
    assert told["largest"][0]["change"] == 30


def test_the_list_tells_what_is_kept_and_marks_the_current_one(nights: Shop) -> None:
    new, old = listed(nights)
    assert (new["is_current"], old["is_current"]) == (True, False)
    assert old["restatements"] == 0
    assert new["restatements"] == nights.rows("restatements").height > 0
    folder = nights.data / "published" / "snapshots" / new["snapshot"]
    assert new["bytes"] == sum(path.stat().st_size for path in folder.glob("*.parquet"))
    for store in ("lake", "landing"):
        assert (nights.data / store / "manifests" / f"{new[store]}.json").exists()
    first, second = snapshots(nights, "list").out.splitlines()
    assert first.startswith(f"* {new['snapshot']}")
    assert second.startswith(f"  {old['snapshot']}")


def test_before_the_first_run_there_is_nothing_to_list_and_nothing_is_made(shop: Shop) -> None:
    assert snapshots(shop, "list").out == "Nothing was published yet.\n"
    for words in (["verify"], ["verify", "--all"], ["rollback"]):
        assert snapshots(shop, *words).code == 2
    assert not shop.data.exists()


def test_what_is_as_it_was_written_is_verified_with_lake_and_landing(nights: Shop) -> None:
    told = snapshots(nights, "verify")
    new, old = ids(nights)
    assert told.code == 0, told.out
    assert f"{new}: as it was written" in told.out
    assert old not in told.out
    everything = json.loads(snapshots(nights, "verify", "--all", "--json").out)
    assert everything["wrong"] == {new: [], old: []}
    files = [*nights.data.glob("lake/*/*/*.parquet"), *nights.data.glob("landing/*/*/*.parquet")]
    published = [*nights.data.glob("published/snapshots/*/*")]
    assert everything["files"] == len(files) + len(published) + 4


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))


PLACES = {
    "published table": "published/snapshots/{snapshot}/churn.parquet",
    "file of the lake": "lake/line_state/2024-02/*.parquet",
    "file of the landing": "landing/invoice_lines/2024-01/*.parquet",
    "manifest of the lake": "lake/manifests/{lake}.json",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_file_with_other_content_is_named(nights: Shop, place: str) -> None:
    current = listed(nights)[0]
    path = next(nights.data.glob(PLACES[place].format(**current)))
    flip(path)
    told = snapshots(nights, "verify", "--all")
    assert told.code == 1
    assert f"  {path.relative_to(nights.data)} has other content than was written\n" in told.out


@pytest.mark.parametrize("place", [*PLACES, "manifest of the snapshot"])
def test_a_file_that_is_missing_is_named(nights: Shop, place: str) -> None:
    current = listed(nights)[0]
    pattern = PLACES.get(place, "published/snapshots/{snapshot}/manifest.json")
    path = next(nights.data.glob(pattern.format(**current)))
    path.unlink()
    told = json.loads(snapshots(nights, "verify", "--all", "--json").out)
    wrong = {(one["file"], one["fault"][:10]) for faults in told["wrong"].values() for one in faults}
    assert wrong == {(str(path.relative_to(nights.data)), "is missing")}


def test_a_file_that_was_cut_short_is_told_with_its_length(nights: Shop) -> None:
    path = nights.data / "metrics" / "clv.parquet"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-7])
    assert f"clv.parquet has {size - 7:,} bytes instead of {size:,}" in snapshots(nights, "verify").out


def test_a_rollback_shows_what_readers_had_and_another_one_undoes_it(nights: Shop) -> None:
    new, old = ids(nights)
    files = nights.published()
    told = snapshots(nights, "rollback")
    assert told.code == 0, told.err
    assert told.out.startswith(f"Readers get {old} now; until now they got {new}.")
    assert (nights.data / "metrics").resolve().name == old
    assert nights.rows("restatements").is_empty()
    assert json.loads(snapshots(nights, "rollback", "--json").out) | {"published_at": ""} == {
        "snapshot": new,
        "was": old,
        "published_at": "",
    }
    assert {name: content for name, content in nights.published().items() if "current.json" not in name} == {
        name: content for name, content in files.items() if "current.json" not in name
    }
    history = json.loads((nights.data / "published" / "current.json").read_text())["history"]
    assert [entry["snapshot"] for entry in history] == [new, old, new, old]


def test_a_rollback_takes_an_id_or_the_beginning_of_one(nights: Shop) -> None:
    new, old = ids(nights)
    assert snapshots(nights, "rollback", old).code == 0
    assert snapshots(nights, "rollback", new[:8]).code == 0
    again = snapshots(nights, "rollback", new)
    assert (again.code, ids(nights)) == (0, (new, old))


def test_a_run_after_a_rollback_publishes_what_the_lake_has_and_makes_no_restatement_twice(
    nights: Shop,
) -> None:
    new, _ = ids(nights)
    rows = nights.rows("restatements")
    snapshots(nights, "rollback")
    told = json.loads(nights.run("--json").out)
    assert (told["snapshot"], told["is_changed"]) == (new, True)
    assert told["restatements"]["count"] == rows.height
    assert nights.rows("restatements").equals(rows)


def test_a_snapshot_that_is_not_whole_is_not_shown(nights: Shop) -> None:
    new, old = ids(nights)
    flip(nights.data / "published" / "snapshots" / old / "churn.parquet")
    told = snapshots(nights, "rollback")
    assert told.code == 1
    assert f"{old} is not whole, so readers keep what they have: churn.parquet has other content" in told.err
    assert (nights.data / "metrics").resolve().name == new


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["verify", "xyz"], "xyz: no such snapshot is kept; expected one of: "),
        (["rollback", "xyz"], "xyz: no such snapshot is kept; expected one of: "),
        (["verify", "xyz", "--all"], "a snapshot and --all: expected one of them"),
    ],
)
def test_a_wrong_argument_is_told_and_ends_with_2(nights: Shop, words: list[str], said: str) -> None:
    told = snapshots(nights, *words)
    assert (told.code, told.out) == (2, "")
    assert said in told.err


def test_there_is_nothing_to_go_back_to_after_one_run(shop: Shop) -> None:
    shop.run()
    told = snapshots(shop, "rollback")
    assert told.code == 2
    assert "there is no snapshot to go back to" in told.err


def test_reading_commands_work_while_a_run_is_on_and_a_rollback_does_not(nights: Shop) -> None:
    with exclusive(nights.data):
        assert snapshots(nights, "list").code == 0
        assert snapshots(nights, "verify").code == 0
        refused = snapshots(nights, "rollback")
    assert refused.code == 4
    assert "is in use by process" in refused.err
    assert "Readers get what they got before." in refused.err


def test_the_help_names_the_commands(shop: Shop) -> None:
    told = shop.call("snapshots", "--help")
    assert told.code == 0
    for command in ("list", "verify", "rollback"):
        assert command in told.out
