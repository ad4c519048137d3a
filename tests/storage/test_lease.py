"""One writer at a time in a store: who holds the lock, when it is over, and what a run that lost it can still do."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from loyalty_pipeline.lake.lock import Locked, exclusive
from loyalty_pipeline.lake.manifest import Manifest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.publication.pointer import Pointer, PublicationConflict
from loyalty_pipeline.storage import lease
from loyalty_pipeline.storage.files import write_whole
from loyalty_pipeline.storage.holder import Holder
from loyalty_pipeline.storage.lease import leased
from loyalty_pipeline.storage.lock_state import State
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.seen import Seen
from tests.servers.objects import Objects

ELSEWHERE = replace(Holder.here(), host="elsewhere", machine="another")


def held_by(folder: ObjectPath, holder: Holder, seconds: float = 600) -> None:
    """The lock as another run left it."""
    write_whole(folder / ".lock", lease._said(holder, seconds))  # noqa: SLF001 - what another run writes


def told(folder: ObjectPath) -> dict[str, Any]:
    return dict(json.loads((folder / ".lock").read_text()))


def test_who_holds_a_folder_is_told_to_the_next_who_asks(folder: ObjectPath) -> None:
    with exclusive(folder):
        with pytest.raises(Locked, match=f"in use by process {os.getpid()} on .*free in about 10 min"):
            exclusive(folder).__enter__()
        write_whole(folder / "x", b"still ours")
    assert told(folder)["holder"] is None


def test_the_folder_is_free_after_a_run_that_failed(folder: ObjectPath) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(folder):
        raise ZeroDivisionError
    with exclusive(folder):
        pass


def test_a_lease_of_another_machine_is_waited_for_until_it_runs_out(folder: ObjectPath) -> None:
    held_by(folder, ELSEWHERE, seconds=2)
    with pytest.raises(Locked, match="elsewhere"), exclusive(folder):
        pass
    # The store's clock tells seconds.
    time.sleep(3.1)
    with exclusive(folder):
        assert told(folder)["holder"]["pid"] == os.getpid()


def test_only_the_store_s_clock_counts(folder: ObjectPath, monkeypatch: pytest.MonkeyPatch) -> None:
    held_by(folder, ELSEWHERE)
    for clock in ("time", "monotonic"):
        monkeypatch.setattr(lease, clock, lambda: time.time() + 1e6)
    with pytest.raises(Locked), exclusive(folder):
        pass


def test_the_lock_of_a_process_of_this_machine_that_was_killed_is_free_at_once(folder: ObjectPath) -> None:
    code = (
        "import sys, time\n"
        "from loyalty_pipeline.lake.lock import exclusive\n"
        "from loyalty_pipeline.storage.place import place_of\n"
        "with exclusive(place_of(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(Locked, match=f"process {other.pid}"), exclusive(folder):
            pass
        other.kill()
        other.wait()
        with leased(folder) as ours:
            assert ours.is_thorough


def test_a_process_number_that_was_given_again_is_not_taken_for_the_holder() -> None:
    here = Holder.here()
    assert not here.is_dead
    assert replace(here, started="1").is_dead
    assert not replace(here, started="1", machine="another").is_dead
    assert not replace(here, started="1", host="elsewhere").is_dead


def test_a_lock_that_cannot_be_read_is_somebody_s_until_its_lease_would_be_over(folder: ObjectPath) -> None:
    write_whole(folder / ".lock", b"{")
    with pytest.raises(Locked, match="an unknown process"), exclusive(folder):
        pass
    state = State.of((folder / ".lock").look())
    assert replace(state, renewed_at=state.renewed_at - 700).is_over(folder)


def test_the_lock_of_a_local_folder_that_was_copied_is_free_and_what_was_copied_is_looked_at(
    folder: ObjectPath,
) -> None:
    write_whole(folder / ".lock", b"")
    with leased(folder) as ours:
        assert ours.is_thorough


def test_of_two_who_ask_at_once_one_gets_it(folder: ObjectPath, server: Objects) -> None:
    with exclusive(folder):
        pass
    first, other = iter([True]), []

    def overtaken(_: int, request: tuple[str, str]) -> None:
        if request[0] == "PUT" and request[1].endswith(".lock") and next(first, False):
            held_by(folder, ELSEWHERE)
            other.append(request)

    server.before = overtaken
    with pytest.raises(Locked, match="elsewhere"), exclusive(folder):
        pass
    assert len(other) == 1


def test_a_lease_is_renewed_while_the_run_goes_on(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 2.0)
    with leased(folder):
        before = told(folder)["renewal"]
        time.sleep(3)
        assert told(folder)["renewal"] != before
        write_whole(folder / "x", b"after more than a lease")


def test_a_renewal_that_fails_is_tried_again_before_the_lease_is_over(
    folder: ObjectPath, server: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 5.0)
    with leased(folder):
        before, fails = told(folder)["renewal"], iter([True, True])
        server.before = lambda _, one: "400 Bad Request" if one[0] == "PUT" and next(fails, False) else None
        time.sleep(2.5)
        assert next(fails, None) is None
        assert told(folder)["renewal"] != before


def test_a_pointer_that_somebody_moves_all_the_time_is_not_taken_over(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_whole(folder / "lake/current.json", b"{}")
    held_by(folder, ELSEWHERE, seconds=-1)
    look = ObjectPath.look

    def restless(self: ObjectPath) -> Seen:
        seen = look(self)
        if self.name == "current.json":
            write_whole(self, (seen.content or b"") + b" ")
        return seen

    monkeypatch.setattr(ObjectPath, "look", restless)
    with pytest.raises(Locked, match="changes all the time"), leased(folder, ["lake/current.json"]):
        pass


def asleep(held: lease.Lease, seconds: float = 1000) -> None:
    """As if its machine had slept: its thread has not run, and its clocks have gone on."""
    held._over.set()  # noqa: SLF001 - a thread that sleeps
    held.held_since = (held.held_since[0] - seconds, held.held_since[1] - seconds)


def test_a_run_that_overslept_goes_on_where_nobody_took_its_lock(folder: ObjectPath) -> None:
    with leased(folder) as ours:
        before = told(folder)["renewal"]
        asleep(ours)
        write_whole(folder / "x", b"after")
        assert told(folder)["renewal"] != before
        assert not ours.is_over


def test_a_run_that_overslept_and_was_taken_over_writes_and_deletes_nothing_more(folder: ObjectPath) -> None:
    write_whole(folder / "x", b"before")
    with leased(folder) as ours:
        asleep(ours)
        held_by(folder, ELSEWHERE)
        for act in (
            lambda: write_whole(folder / "x", b"after"),
            lambda: (folder / "y").create(b"after"),
            (folder / "x").unlink,
        ):
            with pytest.raises(Locked, match="lost its lock"):
                act()
    assert (folder / "x").read_bytes() == b"before"


def test_a_run_that_was_taken_over_cannot_move_a_pointer_even_if_it_thinks_it_holds_the_lock(
    folder: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(folder / "lake").commit(Manifest())
    with leased(folder) as ours:
        sleeper = Store(folder / "lake")
        manifest, before = sleeper.read(), sleeper.current()
        held_by(folder, ELSEWHERE, seconds=-1)
        with monkeypatch.context() as patch:
            patch.setattr(lease, "GUARDS", {})
            with leased(folder, ["lake/current.json"]):
                pass
        # Even its question to the store was answered before it fell asleep.
        monkeypatch.setattr(ours, "confirm", lambda: None)
        with pytest.raises(Locked, match="changed by another run"):
            sleeper.commit(manifest)
        assert Store(folder / "lake").current() == before


def test_a_run_asks_the_store_for_its_lock_before_it_commits(folder: ObjectPath) -> None:
    with leased(folder):
        store = Store(folder / "lake")
        store.read()
        held_by(folder, ELSEWHERE)
        with pytest.raises(Locked, match="lost its lock"):
            store.commit(Manifest())
    assert not (folder / "lake" / "current.json").exists()
    assert told(folder)["holder"]["host"] == "elsewhere"


def test_of_two_writers_of_a_lake_the_second_is_refused_and_nothing_is_lost(folder: ObjectPath) -> None:
    one, other = Store(folder), Store(folder)
    manifests = one.read(), other.read()
    entry = one.write("sales", "2024-01", pl.DataFrame({"night": [1]}))
    manifests[0].tables["sales"] = {"2024-01": entry}
    one.commit(manifests[0])
    with pytest.raises(Locked, match="changed by another run"):
        other.commit(manifests[1])
    assert Store(folder).read().tables == {"sales": {"2024-01": entry}}
    one.commit(manifests[0])


def test_of_two_who_publish_at_once_the_second_is_refused(folder: ObjectPath, server: Objects) -> None:
    pointer = Pointer(folder)
    pointer.move({"snapshot": "a", "published_at": "2024-01-01"}, {})
    before, once = pointer.read(), iter([True])

    def overtaken(_: int, request: tuple[str, str]) -> None:
        if request[0] == "PUT" and next(once, False):
            Pointer(folder).move({"snapshot": "b", "published_at": "2024-01-02"}, before)

    server.before = overtaken
    with pytest.raises(PublicationConflict, match="was changed by another run"):
        pointer.move({"snapshot": "c", "published_at": "2024-01-03"}, before)
    assert [entry["snapshot"] for entry in pointer.read()["history"]] == ["b", "a"]


def test_objects_that_are_gone_are_looked_for_after_a_run_that_missed_one(
    folder: ObjectPath, server: Objects, caplog: pytest.LogCaptureFixture
) -> None:
    lake = Store(folder / "lake")
    kept, lost = (
        lake.write("sales", month, pl.DataFrame({"m": [month]})) for month in ("2024-01", "2024-02")
    )
    tasks = {"sales": {"2024-01": {"code": "a"}, "2024-02": {"code": "a"}}}
    lake.commit(Manifest({"sales": {"2024-01": kept, "2024-02": lost}}, tasks))
    lake.path(lost).unlink()
    with pytest.raises(FileNotFoundError), exclusive(folder):
        Store(folder / "lake").scan(Store(folder / "lake").read().tables["sales"].values())
    server.requests.clear()
    with exclusive(folder):
        found = Store(folder / "lake").read()
        # The lake's objects, and its other manifests.
        assert server.counts()["LIST"] == 2
    assert (found.tables["sales"], list(found.tasks["sales"])) == ({"2024-01": kept}, ["2024-01"])
    assert "missing or cut short" in caplog.text
    server.requests.clear()
    with exclusive(folder):
        Store(folder / "lake").read()
    assert "LIST" not in server.counts()
