"""A function mapped over tasks that wait for each other, in this process unless a cluster is connected."""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from loyalty_pipeline.faults import SourceError

Task = TypeVar("Task", bound=Hashable)


class ClusterError(SourceError):
    """A cluster that cannot be reached, is not fit for the work, or went away."""


@dataclass(frozen=True)
class Progress:
    """How far tasks are: `done` of `total`; `running` are with workers or on their way there, `latest` the last one heard of."""

    done: int
    running: int
    failed: int
    total: int
    latest: Hashable

    @property
    def aside(self) -> str:
        """What there is to say of more than one task, or of one that failed: ", 3 running, 0 failed"."""
        return f", {self.running} running, {self.failed} failed" if self.running > 1 or self.failed else ""


Told = Callable[[Progress], None]


class Workers(Protocol):
    """Who does tasks.

    `map` does each of `tasks` once those that `before` names are done. `begin(task)` is called in this process when it can be
    done and returns what to call the function with, or None where there is nothing to do; `end(task, argument, result)` takes what came of
    it, here too and one at a time. What a task raises ends the map.
    """

    are_elsewhere: bool
    """Whether function, arguments and results cross from one process to another."""

    def map(  # noqa: PLR0913 - what there is to do, and who is told
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


class InProcess:
    """One process: one task after the other, in the order given; polars uses all cores for each."""

    are_elsewhere = False

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
        del before
        for done, task in enumerate(tasks):
            told(Progress(done, 1, 0, len(tasks), task))
            argument = begin(task)
            if argument is not None:
                end(task, argument, function(argument))
