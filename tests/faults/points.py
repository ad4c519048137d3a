"""The steps at which a run can be killed: whatever it is about to do to a file of its data folder.

Python tells of each such step just before it (audit events), except for `fsync`, which is wrapped.
"""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from sys import addaudithook
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
STEPS = {"os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate", "os.link"}


class Points:
    """Counts the steps of this process on files of a folder, and calls `at` before each with its number and name."""

    def __init__(self, folder: Path, at: Callable[[int, str, int | None], None]) -> None:
        """From now on, until the process ends."""
        self.folder, self.at, self.count, self.is_busy = str(folder), at, 0, False
        fsync = os.fsync

        def observed(handle: int) -> None:
            self._step("fsync", _path_of(handle), handle)
            fsync(handle)

        os.fsync = observed
        addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and arguments[2] & WRITES:
            self._step("open", arguments[0])
        elif event in STEPS:
            # Whole folders are deleted by names relative to an open one.
            relative = event in {"os.remove", "os.rmdir"} and arguments[-1] != -1
            place = _path_of(arguments[-1]) if relative else ""
            # A link's second name is the new one.
            name = arguments[1] if event in {"os.symlink", "os.rename"} else arguments[0]
            self._step(event, os.path.join(place, str(name)))  # noqa: PTH118 - an audit hook should be quick

    def _step(self, event: str, path: str, handle: int | None = None) -> None:
        if self.is_busy or not path.startswith(self.folder):
            return
        self.is_busy = True
        self.at(self.count, named(event, path[len(self.folder) + 1 :]), handle)
        self.count += 1
        self.is_busy = False


def _path_of(handle: int) -> str:
    return str(Path(f"/proc/self/fd/{handle}").readlink())


def named(event: str, path: str) -> str:
    """A step's kind: what is done, and to which kind of file."""
    place = re.sub(r"[0-9a-f]{24}|\.[0-9a-f]{8}\b", "*", path)
    place = re.sub(r"\d{4}-\d\d", "<month>", place)
    # All tables of a lake are kept in the same way, and all that are published.
    place = re.sub(r"^lake/\w+/<month>", "lake/<table>/<month>", place)
    place = re.sub(r"^(published/snapshots/[^/]+/\.?)(?!manifest)\w+", r"\1<table>", place)
    return f"{event} {place}"


def killed_at(number: int, *, torn: bool) -> Callable[[int, str, int | None], None]:
    """Kill this process at a step; with `torn`, a file that is being written is left with half of its content."""

    def at(count: int, _: str, handle: int | None) -> None:
        if count == number:
            if torn and handle is not None and os.path.isfile(f"/proc/self/fd/{handle}"):  # noqa: PTH113
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    return at


def stopped_at(numbers: list[int]) -> Callable[[int, str, int | None], None]:
    """Stop this process at some steps until somebody lets it go on."""
    return lambda count, *_: os.kill(os.getpid(), signal.SIGSTOP) if count in numbers else None


def noted_in(file: Path) -> Callable[[int, str, int | None], None]:
    """Write the name of each step into a file."""
    notes = file.open("w", buffering=1)
    return lambda _, name, __: print(name, file=notes)


def recorded_in(folder: Path, data: Path) -> Callable[[int, str, int | None], None]:
    """Keep what the data folder looks like before some steps: when something has just come to count, or is swept away."""

    def at(count: int, name: str, _: int | None) -> None:
        if count % 20 == 0 or (name.startswith("os.rename") and name.endswith("current.json")):
            link_tree(data, folder / f"{count:06d}")

    return at


def link_tree(source: Path, target: Path) -> None:
    """A copy that shares the files with its original: none of them is ever changed, but for the lock's."""
    for place, folders, files in os.walk(source):
        there = target / Path(place).relative_to(source)
        there.mkdir(parents=True)
        for name in [*files, *(name for name in folders if (Path(place) / name).is_symlink())]:
            one = Path(place) / name
            if one.is_symlink():
                (there / name).symlink_to(one.readlink())
            elif name == ".lock":
                (there / name).write_bytes(one.read_bytes())
            else:
                (there / name).hardlink_to(one)
