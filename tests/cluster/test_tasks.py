"""A task as it goes to another process: small, without a secret, and refused where other code would compute it."""

import pickle
from dataclasses import replace
from pathlib import Path
from threading import Event

import polars as pl
import pytest

from loyalty_pipeline.cluster.on_worker import Mark, answered
from loyalty_pipeline.cluster.patience import within
from loyalty_pipeline.cluster.workers import ClusterError, InProcess, Progress
from loyalty_pipeline.lake.lake import STALE
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.lake.task import perform, perform_elsewhere
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from tests.cluster.conftest import settings
from tests.cluster.orders import Noting
from tests.nights.quick import quick
from tests.nights.shop import shop

SECRET = "kept-to-themselves/0987654321"  # noqa: S105 - what is looked for in everything that is sent


def test_one_process_does_tasks_in_the_order_given_and_tells_of_each_before_it_begins() -> None:
    said: list[object] = []
    InProcess().map(
        lambda argument: argument * 2,
        ["a", "b", "c"],
        before=lambda _: pytest.fail("it is asked what waits for what"),
        begin=lambda task: None if task == "b" else task,
        end=lambda *came: said.append(came),
        told=said.append,
    )
    assert said == [
        Progress(0, 1, 0, 3, "a"),
        ("a", "a", "aa"),
        Progress(1, 1, 0, 3, "b"),
        Progress(2, 1, 0, 3, "c"),
        ("c", "c", "cc"),
    ]


def test_what_a_task_raises_ends_the_map_in_one_process() -> None:
    begun: list[str] = []
    with pytest.raises(ZeroDivisionError):
        InProcess().map(
            lambda _: 1 / 0,
            ["a", "b"],
            before=lambda _: [],
            begin=lambda task: begun.append(task) or task,
            end=lambda *_: None,
            told=lambda _: None,
        )
    assert begun == ["a"]


@pytest.mark.parametrize(
    ("progress", "aside"),
    [
        (Progress(1, 1, 0, 9, "churn"), ""),
        (Progress(1, 3, 0, 9, "churn"), ", 3 running, 0 failed"),
        (Progress(1, 1, 1, 9, "churn"), ", 1 running, 1 failed"),
    ],
)
def test_progress_says_more_where_more_than_one_task_runs_or_one_failed(
    progress: Progress, aside: str
) -> None:
    assert progress.aside == aside


@pytest.fixture
def noting(tmp_path: Path) -> Noting:
    """The shop's tasks of its first night."""
    company, noting = shop(), Noting()
    with quick():
        company.land(tmp_path)
        lake = open_lake(company.chosen(tmp_path), noting)
        lake.compute_all(dict.fromkeys(lake.tables, STALE))
    return noting


def test_every_task_of_the_catalogue_can_be_sent_and_says_the_same_there(noting: Noting) -> None:
    assert {name for name, _ in noting.asked} > {"churn", "customer_months", "tenures", "clv"}
    for task in noting.asked.values():
        arrived = pickle.loads(pickle.dumps(task))  # noqa: S301 - our own
        assert arrived == task
        assert arrived.table.function is task.table.function


def test_tasks_are_small_and_hold_no_rows(noting: Noting) -> None:
    sizes = {node: len(pickle.dumps(task)) for node, task in noting.asked.items()}
    assert max(sizes.values()) < 10_000, max(sizes, key=sizes.get)
    assert not any(b"PAR1" in pickle.dumps(task) for task in noting.asked.values())


def test_no_secret_of_the_settings_or_the_environment_goes_with_a_task(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    told = settings(data, alert_webhook=f"https://hooks.example/{SECRET}")
    lake = open_lake(told.model_copy(update={"source": f"postgresql://reader:{SECRET}@127.0.0.1/shop"}))
    lake.workers = noting = Noting()
    lake.compute_all({"merges": STALE, "customer_changes": STALE})
    remote = Store(place_of("s3://bucket/data")), Store(place_of("s3://bucket/landing"))
    sent = [pickle.dumps((task, *remote)) for task in noting.asked.values()]
    assert sent
    assert not any(SECRET.encode() in one for one in sent)


def test_a_store_arrives_with_its_whole_path_and_waits_for_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sent = pickle.dumps(Store(Path("data/lake")))
    monkeypatch.chdir("/")
    arrived = pickle.loads(sent)  # noqa: S301 - our own
    assert (arrived.root, arrived.waits) == (tmp_path / "data" / "lake", True)
    entry = arrived.write("churn", "2024-05", pl.DataFrame({"a": [1]}))
    assert (tmp_path / "data" / "lake" / entry.file).is_file()


def test_a_store_in_a_bucket_arrives_as_its_address() -> None:
    arrived = pickle.loads(pickle.dumps(Store(place_of("s3://bucket/data"))))  # noqa: S301 - our own
    assert (arrived.root, arrived.waits) == (ObjectPath("s3", "bucket", "data"), True)


def test_a_task_whose_code_is_another_where_it_would_be_done_is_refused(
    noting: Noting, tmp_path: Path
) -> None:
    store, landing = Store(tmp_path / "lake"), Store(tmp_path / "landing")
    task = noting.asked["churn", "2024-05"]
    assert perform_elsewhere(task, store, landing) == perform(task, store, landing)
    other = replace(task, table=replace(task.table, code="another"))
    with pytest.raises(ClusterError, match=r"metrics\.churn on a worker is not the code of this process"):
        perform_elsewhere(other, store, landing)


@pytest.fixture
def mark(tmp_path: Path) -> Mark:
    (tmp_path / "mark").write_text("token")
    return Mark(tmp_path / "mark", "token")


def _raise(fault: Exception) -> None:
    raise fault


def test_who_sees_the_mark_answers_with_a_file_beside_it(mark: Mark) -> None:
    content, path = answered(mark)
    assert path.parent == mark.path.parent
    assert path.read_text() == content


def test_a_call_that_answers_in_time_is_handed_through() -> None:
    assert within(60, lambda: 7, "answer") == 7
    with pytest.raises(KeyError, match="what it raised"):
        within(60, lambda: _raise(KeyError("what it raised")), "answer")


def test_a_call_that_does_not_answer_is_left_to_itself() -> None:
    never = Event()
    with pytest.raises(ClusterError, match=r"did not say how it is within 0\.05 s .cluster_timeout_seconds"):
        within(0.05, never.wait, "say how it is")
    never.set()
