"""Which snapshots are kept, over any history of publications and rollbacks, held against a plain model."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.publication.pointer import Pointer
from loyalty_pipeline.publication.rollback import before_current, kept_entries
from loyalty_pipeline.publication.snapshot import Publisher

START = datetime(2024, 5, 1, 3, tzinfo=UTC)
STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(0, 6)),
    st.tuples(st.just("roll back"), st.integers(0, 6)),
    st.tuples(st.just("toggle"), st.just(0)),
)


@dataclass
class Model:
    """Who was shown from when on, in order: nothing but a list."""

    keep: int
    hours: int
    shown: list[tuple[str, datetime]] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)

    def show(self, snapshot: str, now: datetime) -> None:
        self.shown.append((snapshot, now))
        self.folders.add(snapshot)

    def collect(self, now: datetime) -> None:
        latest_first = list(dict.fromkeys(snapshot for snapshot, _ in reversed(self.shown)))
        ends = [start for _, start in self.shown[1:]] + [now]
        recent = {
            snapshot
            for (snapshot, _), end in zip(self.shown, ends, strict=True)
            if end > now - timedelta(hours=self.hours)
        }
        self.folders &= {*latest_first[: self.keep], *recent, self.shown[-1][0]}


class Desk:
    """The pointer and folders without any table in them."""

    def __init__(self, root: Path, keep: int, hours: int) -> None:
        self.publisher = Publisher(root, keep, hours)
        self.pointer = Pointer(root)

    def show(self, snapshot: str, now: datetime) -> None:
        self.pointer.folder(snapshot).mkdir(parents=True, exist_ok=True)
        entry = {"snapshot": snapshot, "published_at": now.isoformat(), "lake": f"lake of {snapshot}"}
        self.pointer.move(entry, self.pointer.read())

    def collect(self, now: datetime) -> None:
        self.publisher._collect(now)  # noqa: SLF001 - the end of every publication

    @property
    def folders(self) -> set[str]:
        return {path.name for path in (self.pointer.root / "snapshots").iterdir()}


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.tuples(STEPS, st.integers(0, 40)), min_size=1, max_size=14),
    keep=st.integers(1, 4),
    hours=st.sampled_from([0, 24, 50]),
)
def test_after_any_history_the_snapshots_there_are_those_that_the_model_keeps(
    steps: list[tuple[tuple[str, int], int]], keep: int, hours: int
) -> None:
    with TemporaryDirectory() as root:
        desk, model, now = Desk(Path(root), keep, hours), Model(keep, hours), START
        for (what, number), passed in [(("publish", 0), 0), *steps]:
            now += timedelta(hours=passed, minutes=1)
            snapshot = chosen(desk, what, number)
            if snapshot is None:
                continue
            desk.show(snapshot, now)
            model.show(snapshot, now)
            if what == "publish":
                desk.collect(now)
                model.collect(now)
            assert desk.folders == model.folders
            kept = {entry["snapshot"] for entry in desk.publisher.kept(now)}
            assert kept <= desk.folders or what != "publish"
            assert {entry["snapshot"] for entry in kept_entries(desk.pointer)} == desk.folders
            # What is kept can be gone back to with the manifests it was made of.
            for entry in desk.publisher.kept(now):
                assert entry["lake"] == f"lake of {entry['snapshot']}"


def chosen(desk: Desk, what: str, number: int) -> str | None:
    """A new snapshot, or an old one that is still there."""
    if what == "publish":
        return f"s{number}"
    entries = kept_entries(desk.pointer)
    if what == "toggle":
        return before_current(desk.pointer)["snapshot"] if len(entries) > 1 else None
    return entries[number % len(entries)]["snapshot"]


def test_what_was_rolled_back_from_is_kept_like_any_other_snapshot(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 1, 24)
    for hours, snapshot in enumerate(["a", "b", "a"]):
        desk.show(snapshot, START + timedelta(hours=hours))
    desk.collect(START + timedelta(hours=25))
    assert desk.folders == {"a", "b"}
    desk.collect(START + timedelta(hours=27))
    assert desk.folders == {"a"}
