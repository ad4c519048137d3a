"""Nights of a small company whose data folder lies in a store, in processes of their own."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

from loyalty_pipeline.storage.object_path import ObjectPath
from tests.faults.kept import Kept, current, published
from tests.faults.runs import Runs
from tests.servers.objects import Objects, Request

When = Callable[[int, Request], bool]


@dataclass
class Nights:
    """A process that starts runs, the server they write to, and a folder of this machine for what they say."""

    runs: Runs
    server: Objects
    here: Path
    said: list[Path] = field(default_factory=list)

    def start(self, data: object, words: Sequence[str] = ()) -> int:
        """Start a run or another command, and return its process id."""
        out, err = (self.here / f"{len(self.said)}.{name}" for name in ("out", "err"))
        self.said += [out, err]
        told = {"LOYALTY_DATA_DIR": str(data), "LOYALTY_MAX_BAD_SHARE": "0.5"}
        order: dict[str, Any] = {"words": [*(words or self.runs.run())], "settings": told, "data": str(data)}
        if words and words[0] == "doctor":
            told["LOYALTY_SOURCE"] = str(self.runs.source)
        return self.runs._ask({**order, "out": str(out), "err": str(err)})  # noqa: SLF001 - one of its orders

    def finish(self, data: object, words: Sequence[str] = ()) -> int:
        return self.runs.wait(self.start(data, words))

    def run(self, data: object, as_of: date | None = None) -> None:
        """A night that must come to its end."""
        words = self.runs.run(as_of) if as_of else ()
        assert self.finish(data, words) == 0, self.err

    @property
    def out(self) -> str:
        """What the last one wrote to stdout."""
        return self.said[-2].read_text()

    @property
    def err(self) -> str:
        return self.said[-1].read_text()

    def kill(self, data: ObjectPath, when: When, *, is_answered: bool) -> None:
        """Kill a run at a request, before or after the server has done what is asked."""
        known, process, was_killed = Event(), [0], Event()

        def at(number: int, request: Request) -> None:
            if not was_killed.is_set() and when(number, request):
                was_killed.set()
                known.wait()
                os.kill(process[0], signal.SIGKILL)

        if is_answered:
            self.server.after = at
        else:
            self.server.before = at
        process[0] = self.start(data)
        known.set()
        assert self.runs.wait(process[0]) == -signal.SIGKILL
        self.server.undisturbed()

    def kept(self, data: ObjectPath) -> Kept:
        """What the folder keeps, as that of a local one."""
        return Kept.of(self.download(data))

    def published(self, data: ObjectPath) -> dict[str, bytes]:
        """What readers get; all of it is whole."""
        local = self.download(data)
        return published(local / "published" / "snapshots" / current(local))

    def download(self, data: ObjectPath) -> Path:
        """A local copy."""
        target = self.here / f"copy-{len(list(self.here.glob('copy-*')))}"
        paths = [path for path, _ in data.below()]
        with ThreadPoolExecutor(4) as pool:
            for path, content in zip(paths, pool.map(ObjectPath.read_bytes, paths), strict=True):
                local = target / path.relative_to(data)
                local.parent.mkdir(parents=True, exist_ok=True)
                local.write_bytes(content)
        return target

    def copy(self, data: ObjectPath, target: ObjectPath) -> ObjectPath:
        """The folder once more."""
        paths = [path for path, _ in data.below()]
        with ThreadPoolExecutor(4) as pool:
            for path, content in zip(paths, pool.map(ObjectPath.read_bytes, paths), strict=True):
                (target / path.relative_to(data)).write_bytes(content)
        return target
