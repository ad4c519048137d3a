"""Tasks done by the workers of a Dask cluster, which places them, tries them again and notices workers that are gone.

This process only knows which tasks wait for which, with the standard library's `graphlib`: it hands out those that can be done,
those with the longest chain behind them first, and takes what comes back. No result stays on a worker: one that dies costs its task.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError
from graphlib import TopologicalSorter
from time import monotonic
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker, as_completed

from loyalty_pipeline.cluster.members import members
from loyalty_pipeline.cluster.on_worker import Failed, Mark, done
from loyalty_pipeline.cluster.patience import within
from loyalty_pipeline.cluster.workers import ClusterError, Progress, Task, Told
from loyalty_pipeline.faults import SourceError

RETRIES = 2
"""How often a task is tried again that failed for want of storage or network."""
LOOK_EVERY = 2.0
"""Seconds without news after which the cluster is asked how it is."""
ABLE = ("running", "init")


class DaskWorkers:
    """The workers of a cluster, for one run."""

    are_elsewhere = True

    def __init__(self, client: Client, mark: Mark, connect_seconds: float, task_seconds: float) -> None:
        """`mark` is in the folder that workers share with this process."""
        self.client, self.mark = client, mark
        self.connect_seconds, self.task_seconds = connect_seconds, task_seconds
        self.run = uuid4().hex[:8]

    def map(  # noqa: PLR0913 - as the protocol has it
        self,
        function: Callable[[Any], Any],
        tasks: Sequence[Task],
        *,
        before: Callable[[Task], Collection[Task]],
        begin: Callable[[Task], Any | None],
        end: Callable[[Task, Any, Any], None],
        told: Told,
    ) -> None:
        """Do the tasks, which are given in an order in which they can be done."""
        waits = {task: before(task) for task in tasks}
        heights, sorter = _heights(waits), TopologicalSorter(waits)
        sorter.prepare()
        running: dict[Future, tuple[Task, Any]] = {}
        coming = as_completed(loop=self.client.loop, with_results=True, raise_errors=False)
        finished, latest = 0, tasks[0] if tasks else None
        try:
            while sorter.is_active():
                while ready := sorter.get_ready():
                    for task in sorted(ready, key=heights.__getitem__, reverse=True):
                        if (argument := begin(task)) is None:
                            sorter.done(task)
                            finished, latest = finished + 1, task
                            continue
                        future = self._submitted(function, task, argument, heights[task])
                        running[future] = task, argument
                        coming.add(future)
                told(Progress(finished, len(running), 0, len(tasks), latest))
                for future, result in self._next(coming) if running else ():
                    latest, argument = running.pop(future)
                    try:
                        end(latest, argument, _sound(result, latest))
                    except BaseException:
                        told(Progress(finished, len(running), 1, len(tasks), latest))
                        raise
                    sorter.done(latest)
                    finished += 1
        finally:
            if running:
                within(
                    self.connect_seconds, lambda: self.client.cancel([*running], force=True), "let tasks go"
                )
        told(Progress(finished, 0, 0, len(tasks), latest))

    def _submitted(self, function: Callable[[Any], Any], task: Task, argument: Any, height: int) -> Future:
        name = "-".join(task) if isinstance(task, tuple) else str(task)
        return self.client.submit(
            done,
            function,
            argument,
            self.mark,
            self.task_seconds,
            key=f"{name}-{self.run}-{uuid4().hex[:8]}",
            priority=height,
            retries=RETRIES,
            pure=False,
        )

    def _next(self, coming: as_completed) -> list[tuple[Future, Any]]:
        """The tasks that came back, at least one. Raises `ClusterError` where there is nobody left to do any."""
        since = None
        while not coming.has_ready():
            with coming.thread_condition:
                if not coming.has_ready():
                    coming.thread_condition.wait(LOOK_EVERY)
            if coming.has_ready():
                break
            if self._is_able():
                since = None
                continue
            since = since or monotonic()
            if monotonic() - since > self.connect_seconds:
                message = (
                    f"for {self.connect_seconds:g} s no worker of {self.client.scheduler.address} could do a task: all are gone, or paused "
                    "for want of memory. What was done counts; see the workers' logs, and run again"
                )
                raise ClusterError(message)
        return list(coming.next_batch(block=False))

    def _is_able(self) -> bool:
        """Whether there is a worker that does tasks."""
        workers = members(self.client, self.connect_seconds)
        return any(worker["status"] in ABLE for worker in workers.values())


def _heights(waits: dict[Task, Collection[Task]]) -> dict[Task, int]:
    """How many tasks, one after the other, can only be done after each; they are given in an order in which they can be done."""
    heights = dict.fromkeys(waits, 0)
    for task in reversed(waits):
        for one in waits[task]:
            heights[one] = max(heights[one], heights[task] + 1)
    return heights


def _sound(result: Any, task: object) -> Any:
    """What a task made; raises what went wrong with it."""
    if isinstance(result, Failed):
        result.fault.add_note(result.told)
        raise result.fault
    fault = result[1] if isinstance(result, tuple) else result
    if isinstance(fault, (ClusterError, SourceError, OSError)):
        raise fault
    name = " ".join(task) if isinstance(task, tuple) else str(task)
    if isinstance(fault, KilledWorker):
        message = (
            f"{name}: {fault.allowed_failures + 1} worker processes ended while they did this task, the last on "
            f"{fault.last_worker.address}: it needs more memory than they have, or longer than task_timeout_minutes. "
            "What was done counts; see the workers' logs"
        )
        raise ClusterError(message) from None
    if isinstance(fault, CancelledError):
        message = f"{name}: the scheduler went away while it was done. What was done counts; run again when it is back"
        raise ClusterError(message) from None
    if isinstance(fault, BaseException):
        message = f"{name} could not be sent to a worker, or back: {fault}. Are all of the same versions?"
        raise ClusterError(message) from fault
    return result
