"""What a worker is sent, and what it makes of it."""

import pickle
from pathlib import Path

from loyalty_pipeline.cluster.on_worker import Failed, Mark, done


def marked(folder: Path) -> Mark:
    mark = Mark(folder / "mark", "token")
    mark.path.write_text(mark.token)
    return mark


def test_a_worker_does_what_the_bytes_tell_it(tmp_path: Path) -> None:
    assert done(pickle.dumps((len, "abc")), marked(tmp_path), 60) == 3


def test_what_a_task_raises_comes_back_with_its_lines(tmp_path: Path) -> None:
    found = done(pickle.dumps((int, "abc")), marked(tmp_path), 60)
    assert isinstance(found, Failed)
    assert isinstance(found.fault, ValueError)
    assert "on_worker" in found.told
