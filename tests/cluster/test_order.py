"""Which task waits for which: all that it reads is there before it begins, and it waits for no other shard."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from loyalty_pipeline.catalogue import tables
from loyalty_pipeline.lake.graph import ACTIVITY, Node, waves
from loyalty_pipeline.lake.lake import STALE, Lake
from loyalty_pipeline.lake.part import shard_of, unit_of
from loyalty_pipeline.pipeline import open_lake
from tests.cluster.conftest import settings
from tests.cluster.orders import Noting, Shuffled
from tests.nights.rebuild import difference

CATALOGUE = tables()


def upstream(name: str) -> set[str]:
    return {read.table for read in CATALOGUE[name].reads if read.table and not read.is_raw}


@examples(max_examples=200)
@given(st.sets(st.sampled_from(list(CATALOGUE))) | st.just({*CATALOGUE}))
def test_the_tables_of_a_run_come_once_and_none_before_what_it_reads(wanted: set[str]) -> None:
    came = [name for wave in waves(CATALOGUE, wanted) for name in wave]
    assert sorted(came) == sorted(wanted)
    for number, name in enumerate(came):
        assert upstream(name) & wanted <= {*came[:number], name}


@examples(max_examples=200)
@given(st.sets(st.sampled_from(list(CATALOGUE))) | st.just({*CATALOGUE}))
def test_tasks_are_listed_when_what_decides_on_them_is_done(wanted: set[str]) -> None:
    done: set[str] = set()
    for wave in waves(CATALOGUE, wanted):
        for name in wave:
            table = CATALOGUE[name]
            if table.unit == "month":
                assert {*ACTIVITY} & wanted <= done, name
            if table.unit == "home":
                homes = {read.table for read in table.reads if read.reach == "same" and not read.is_raw}
                assert {one for one in homes & wanted if CATALOGUE[one].is_split} <= done, name
        done |= {*wave}


def test_the_whole_catalogue_is_two_runs() -> None:
    assert len([*waves(CATALOGUE, CATALOGUE)]) == 2


@dataclass(frozen=True)
class Noted:
    """A lake whose every task was computed, and what was noted of them."""

    lake: Lake
    noting: Noting


@pytest.fixture(scope="module", params=[1, 3], ids="shards={}".format)
def noted(landed: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Noted:
    data = shutil.copytree(landed, tmp_path_factory.mktemp("noted") / "data")
    lake = open_lake(settings(data, shards=request.param), noting := Noting())
    lake.compute_all(dict.fromkeys(lake.tables, STALE))
    assert {name for name, _ in noting.asked} == {*lake.tables}
    return Noted(lake, noting)


@pytest.mark.slow
def test_a_task_waits_for_every_task_that_writes_what_it_reads(noted: Noted) -> None:
    held = 0
    for run in noted.noting.runs:
        for node in run:
            writers = written_in(noted.lake, noted.noting, node, {*run})
            assert writers <= noted.noting.waited[node], node
            held += len(writers)
    assert held > 500


@pytest.mark.slow
def test_a_task_of_a_shard_waits_for_its_own_shard_of_what_is_kept_in_shards(noted: Noted) -> None:
    apart = 0
    for (name, unit), before in noted.noting.waited.items():
        if shard := shard_of(unit):
            others = {shard_of(one) for _, one in before} - {""}
            assert others <= {shard}, (name, unit)
            apart += bool(others)
    assert (apart > 100) == (len(noted.lake.shards) > 1)


@pytest.mark.slow
def test_tasks_done_in_any_order_that_waits_end_in_the_same_lake(noted: Noted) -> None:
    again = open_lake(settings(noted.lake.store.root.parent, shards=len(noted.lake.shards)), Shuffled(7))
    again.manifest.tables.clear()
    again.manifest.tasks.clear()
    made = again.compute_all(dict.fromkeys(again.tables, STALE))
    assert sum(len(outcomes) for outcomes in made.values()) == len(noted.noting.asked)
    assert difference(again, noted.lake) == {}


def written_in(lake: Lake, noting: Noting, node: Node, run: set[Node]) -> set[Node]:
    """The tasks of a run that wrote what a task was told that it depends on, or the files it was given."""
    task = noting.asked[node]
    parts = {(name, part) for name, _, part in (label.partition("@") for label in task.inputs) if part}
    for read in task.table.reads:
        if not read.is_raw:
            parts |= {(read.table, part) for part in task.files.get(read.parameter, {})}
    found = {(name, unit_of(part, lake.manifest.tasks[name])) for name, part in parts if name in lake.tables}
    return found & run
