"""Workers of the benchmark's own: they do tasks in this process, one after the other, and note what each took."""

import pickle
import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from loyalty_pipeline.cluster.workers import Progress, Told
from loyalty_pipeline.lake.manifest import Entry
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.lake.task import Made, Task

Node = tuple[str, str]
Record = dict[str, Any]
KILOBYTE = 1024


class Recorder:
    """As `loyalty_pipeline.cluster.workers.InProcess`; `records` has one row a task, `driver` what it took to hand them out."""

    are_elsewhere = False

    def __init__(self) -> None:
        """Nothing is recorded yet."""
        self.records: list[Record] = []
        self.driver = dict.fromkeys(("before", "begin", "end"), 0.0)

    def map(  # noqa: PLR0913 - as the protocol has it
        self,
        function: Callable[[Any], Any],
        tasks: Sequence[Any],
        *,
        before: Callable[[Any], Collection[Any]],
        begin: Callable[[Any], Any | None],
        end: Callable[[Any, Any, Any], None],
        told: Told,
    ) -> None:
        """Do the tasks, which are given in an order in which they can be done."""
        waits = {task: self._timed("before", before, task) for task in tasks}
        for done, task in enumerate(tasks):
            told(Progress(done, 1, 0, len(tasks), task))
            argument = self._timed("begin", begin, task)
            if argument is None:
                continue
            made, cost = measured(partial(function, argument))
            self.records.append(record(argument, made, waits[task]) | cost)
            self._timed("end", end, task, argument, made)

    def _timed(self, what: str, call: Callable[..., Any], *arguments: Any) -> Any:
        began = time.process_time()
        answer = call(*arguments)
        self.driver[what] += time.process_time() - began
        return answer


def record(task: Task, made: Made, waits: Collection[Node]) -> Record:
    """What a task read and wrote, how long it is as it goes to a worker and comes back, and how many tasks it waits for."""
    files = [entry for parts in read_files(task, made).values() for entry in parts]
    written = list(made.parts.values())
    return {
        "table": task.table.name,
        "unit": task.unit,
        "files_read": len(files),
        "rows_read": sum(entry.rows for entry in files),
        "bytes_read": sum(entry.bytes for entry in files),
        "read": {name: sum(e.rows for e in parts) for name, parts in read_files(task, made).items()},
        "files_written": len(written),
        "rows_written": sum(entry.rows for entry in written),
        "bytes_written": sum(entry.bytes for entry in written),
        "written": {part: entry.rows for part, entry in made.parts.items()},
        "pickled_task": len(pickle.dumps(task)),
        "pickled_made": len(pickle.dumps(made)),
        "waits": len(waits),
        "reached": made.reached,
    }


def read_files(task: Task, made: Made) -> dict[str, list[Entry]]:
    """Parameter -> the files that were read: of later months those that it got to."""
    later = {read.parameter for read in task.table.reads if read.reach == "later"}
    return {
        name: [
            entry
            for part, entry in parts.items()
            if name not in later or made.reached is None or month_of(part) <= made.reached
        ]
        for name, parts in task.files.items()
    }


def measured(call: Callable[[], Any]) -> tuple[Any, Record]:
    """What a call returns, and the seconds and the memory it took."""
    forget_peak()
    resident, elapsed, cpu = memory()["VmRSS"], time.perf_counter(), time.process_time()
    answer = call()
    took = {"seconds": time.perf_counter() - elapsed, "cpu": time.process_time() - cpu}
    peak = memory()["VmHWM"]
    return answer, took | {"peak": peak, "grown": peak - resident}


def forget_peak() -> None:
    """Let the kernel count the peak of resident memory from now on."""
    Path("/proc/self/clear_refs").write_text("5")


def memory() -> dict[str, int]:
    """Resident memory of this process now, and at its peak, in bytes."""
    lines = [line.split() for line in Path("/proc/self/status").read_text().splitlines()]
    return {line[0][:-1]: int(line[1]) * KILOBYTE for line in lines if line[0] in {"VmRSS:", "VmHWM:"}}
