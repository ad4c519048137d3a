"""What a worker is sent, and what it makes of it."""

import pickle
from pathlib import Path
from time import sleep

from loyalty_pipeline.cluster.on_worker import SPELL, Failed, Mark, done


def marked(folder: Path) -> Mark:
    mark = Mark(folder / "mark", "token")
    mark.path.write_text(mark.token)
    return mark


def test_a_worker_does_what_the_bytes_tell_it(tmp_path: Path) -> None:
    assert done(pickle.dumps((len, ["abc", "", "de"])), marked(tmp_path), 60) == [3, 0, 2]


def test_what_a_task_raises_comes_back_with_its_lines_after_what_was_done_before(tmp_path: Path) -> None:
    one, found = done(pickle.dumps((int, ["1", "abc", "3"])), marked(tmp_path), 60)
    assert one == 1
    assert isinstance(found, Failed)
    assert isinstance(found.fault, ValueError)
    assert "on_worker" in found.told


def test_tasks_that_are_not_small_come_back_before_the_rest_is_done(tmp_path: Path) -> None:
    assert done(pickle.dumps((sleep, [SPELL, SPELL])), marked(tmp_path), 60) == [None]


def test_nothing_is_done_where_the_folder_is_another(tmp_path: Path) -> None:
    mark = marked(tmp_path)
    mark.path.write_text("another")
    (found,) = done(pickle.dumps((len, ["abc", "de"])), mark, 60)
    assert isinstance(found, Failed)
    assert "has another folder" in str(found.fault)
