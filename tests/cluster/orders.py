"""Workers of this process that do tasks in other orders than the one given, and note what each was said to wait for."""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from loyalty_pipeline.cluster.workers import InProcess, Told, Workers
from loyalty_pipeline.lake.graph import Node
from loyalty_pipeline.lake.task import Task


@dataclass
class Noting(InProcess):
    """As one process does them; `asked` has what each task was begun with, `waited` what it waits for, run by run."""

    runs: list[list[Node]] = field(default_factory=list)
    asked: dict[Node, Task] = field(default_factory=dict)
    waited: dict[Node, set[Node]] = field(default_factory=dict)

    def map(self, function, tasks, *, before, begin, end, told) -> None:  # noqa: PLR0913 - as the protocol has it
        self.runs.append([*tasks])
        self.waited |= {task: {*before(task)} for task in tasks}

        def noted(node: Node) -> Task | None:
            task = begin(node)
            if task is not None:
                self.asked[node] = task
            return task

        super().map(function, tasks, before=before, begin=noted, end=end, told=told)


@dataclass
class Shuffled(Workers):
    """As a cluster may do them: some at a time, of those that can be done any, and what comes of them in any order."""

    seed: int
    are_elsewhere = False

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
        del told
        dice = random.Random(self.seed)  # noqa: S311 - not a secret
        sorter = TopologicalSorter({task: before(task) for task in tasks})
        sorter.prepare()
        waiting: list[Any] = []
        begun: list[tuple[Any, Any]] = []
        while sorter.is_active():
            waiting += sorter.get_ready()
            if waiting and (not begun or dice.random() < 0.5):
                task = waiting.pop(dice.randrange(len(waiting)))
                if (argument := begin(task)) is None:
                    sorter.done(task)
                else:
                    begun.append((task, argument))
                continue
            task, argument = begun.pop(dice.randrange(len(begun)))
            end(task, argument, function(argument))
            sorter.done(task)
