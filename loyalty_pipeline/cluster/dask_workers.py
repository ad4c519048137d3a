"""Tasks done by the workers of a Dask cluster, which places them, tries them again and notices workers that are gone.

This process only knows which tasks wait for which, with the standard library's `graphlib`: it hands out those that can be done,
those with the longest chain behind them first, and takes what comes back. No result stays on a worker: one that dies costs its task.
"""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import CancelledError
from graphlib import TopologicalSorter
from typing import Any

from distributed import Client, KilledWorker
from distributed.protocol.pickle import dumps

from loyalty_pipeline.cluster.handed import Handed, InHand, Unreadable
from loyalty_pipeline.cluster.on_worker import Failed, Mark, done
from loyalty_pipeline.cluster.workers import ClusterError, Progress, Task, Told


class DaskWorkers:
    """The workers of a cluster, for one run."""

    are_elsewhere = True

    def __init__(self, client: Client, mark: Mark, connect_seconds: float, task_seconds: float) -> None:
        """`mark` is in the folder that workers share with this process."""
        self.client, self.mark = client, mark
        self.connect_seconds, self.task_seconds = connect_seconds, task_seconds

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

        def call(arguments: list[Any]) -> tuple[Any, ...]:
            # As bytes: the scheduler would make a task of it, and bytes of that again, which takes longer than all else it does.
            return done, dumps((function, arguments)), self.mark, self.task_seconds

        hands = InHand(self.client, call, self.connect_seconds)
        finished, latest = 0, tasks[0] if tasks else None

        def tell(failed: int = 0) -> None:
            told(Progress(finished, hands.count, failed, len(tasks), latest))

        try:
            while sorter.is_active():
                while ready := sorter.get_ready():
                    begun: list[Handed] = []
                    for task in sorted(ready, key=heights.__getitem__, reverse=True):
                        if (argument := begin(task)) is not None:
                            begun.append(Handed(task, argument, heights[task]))
                            continue
                        sorter.done(task)
                        finished, latest = finished + 1, task
                    hands.hand(begun)
                tell()
                for handed, outcome in hands.back() if hands.count else ():
                    latest = handed.task
                    try:
                        end(latest, handed.argument, _sound(outcome, handed.name))
                    except BaseException:
                        tell(failed=1)
                        raise
                    sorter.done(latest)
                    finished += 1
        finally:
            hands.let_go()
        tell()


def _heights(waits: dict[Task, Collection[Task]]) -> dict[Task, int]:
    """How many tasks, one after the other, can only be done after each; they are given in an order in which they can be done."""
    heights = dict.fromkeys(waits, 0)
    for task in reversed(waits):
        for one in waits[task]:
            heights[one] = max(heights[one], heights[task] + 1)
    return heights


def _sound(outcome: Any, name: str) -> Any:
    """What a task made; raises what went wrong with it."""
    if isinstance(outcome, Failed):
        outcome.fault.add_note(outcome.told)
        raise outcome.fault
    if isinstance(outcome, KilledWorker):
        message = (
            f"{name}: {outcome.allowed_failures + 1} worker processes ended while they did this task, the last on "
            f"{outcome.last_worker.address}: it needs more memory than they have, or longer than task_timeout_minutes. "
            "What was done counts; see the workers' logs"
        )
        raise ClusterError(message) from None
    if isinstance(outcome, CancelledError):
        message = f"{name}: the scheduler went away while it was done. What was done counts; run again when it is back"
        raise ClusterError(message) from None
    if isinstance(outcome, (BaseException, Unreadable)):
        message = f"{name} could not be sent to a worker, or back: {outcome}. Are all of the same versions?"
        raise ClusterError(message) from outcome
    return outcome
