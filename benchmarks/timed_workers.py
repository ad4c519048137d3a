"""The workers of a cluster, which also tell how long each task took them."""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from loyalty_pipeline.cluster.workers import Told, Workers


class Timed:
    """Does what other workers do; `seconds` and `cpu` have one figure a task, as its worker counted them."""

    are_elsewhere = True

    def __init__(self, workers: Workers) -> None:
        """`workers` do the tasks."""
        self.workers = workers
        self.seconds: dict[Any, float] = {}
        self.cpu: dict[Any, float] = {}

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

        def taken(task: Any, argument: Any, came: tuple[Any, float, float]) -> None:
            result, self.seconds[task], self.cpu[task] = came
            end(task, argument, result)

        self.workers.map(partial(timed, function), tasks, before=before, begin=begin, end=taken, told=told)


def timed(function: Callable[[Any], Any], argument: Any) -> tuple[Any, float, float]:
    """What the function returns, and the seconds and the CPU seconds it took."""
    seconds, cpu = time.perf_counter(), time.process_time()
    result = function(argument)
    return result, time.perf_counter() - seconds, time.process_time() - cpu
