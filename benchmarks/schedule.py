"""Tasks that wait for each other, put on workers one after the other as the driver of a cluster does: how long it takes.

Pure: knows neither tables nor Dask. A task may be anything hashable.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)
AVAILABLE, FINISHED, TAKEN = range(3)


@dataclass(frozen=True)
class Overhead:
    """Seconds of each task beside its own: the driver and the scheduler do one at a time, a worker does its own."""

    hand_out: float = 0.0
    schedule: float = 0.0
    on_worker: float = 0.0
    take_in: float = 0.0


@dataclass(frozen=True)
class Schedule(Generic[Node]):
    """What came of it. `ends` says when each task's result was known to the driver."""

    ends: dict[Node, float]
    workers: int
    busy: float
    """Seconds of all workers together."""

    @property
    def seconds(self) -> float:
        """From the first task handed out to the last one taken in."""
        return max(self.ends.values(), default=0.0)

    @property
    def utilisation(self) -> float:
        """The share of the workers' time in which they worked."""
        return self.busy / (self.workers * self.seconds) if self.seconds else 0.0


def heights(waits: Mapping[Node, Collection[Node]], seconds: Callable[[Node], float]) -> dict[Node, float]:
    """The longest chain that can only be done after each task, and the task: they are given in an order in which they can be done."""
    behind: dict[Node, float] = dict.fromkeys(waits, 0.0)
    for task in reversed(list(waits)):
        behind[task] += seconds(task)
        for one in waits[task]:
            behind[one] = max(behind[one], behind[task])
    return behind


def critical_path(waits: Mapping[Node, Collection[Node]], seconds: Callable[[Node], float]) -> list[Node]:
    """The chain of tasks that takes longest: no number of workers is faster."""
    ends: dict[Node, float] = {}
    after: dict[Node, Node] = {}
    for task in waits:
        last = max(waits[task], key=ends.__getitem__, default=None)
        if last is not None:
            after[task] = last
        ends[task] = seconds(task) + (0.0 if last is None else ends[last])
    path = [max(ends, key=ends.__getitem__)] if ends else []
    while path and path[-1] in after:
        path.append(after[path[-1]])
    return path[::-1]


def scheduled(
    waits: Mapping[Node, Collection[Node]],
    seconds: Callable[[Node], float],
    priorities: Mapping[Node, float],
    *,
    workers: int,
    overhead: Overhead,
) -> Schedule[Node]:
    """Every task on the first worker that is free, the one of the highest priority first."""
    return _Clock(waits, seconds, priorities, workers, overhead).run(workers)


class _Clock(Generic[Node]):
    """What happens next: a task arrives where workers take it, a worker is done with it, the driver has its result."""

    def __init__(
        self,
        waits: Mapping[Node, Collection[Node]],
        seconds: Callable[[Node], float],
        priorities: Mapping[Node, float],
        workers: int,
        overhead: Overhead,
    ) -> None:
        self.seconds, self.overhead, self.free = seconds, overhead, workers
        self.left = {task: len(set(before)) for task, before in waits.items()}
        self.follow: dict[Node, list[Node]] = {task: [] for task in waits}
        for task, before in waits.items():
            for one in set(before):
                self.follow[one].append(task)
        self.rank = {task: (-priorities[task], number) for number, task in enumerate(waits)}
        self.events: list[tuple[float, int, int, Node]] = []
        self.ready: list[tuple[tuple[float, int], Node]] = []
        self.ends: dict[Node, float] = {}
        self.driver = self.scheduler = self.busy = 0.0
        self._ticket = count()

    def run(self, workers: int) -> Schedule[Node]:
        self._hand_out([task for task, missing in self.left.items() if not missing], 0.0)
        while self.events:
            now, kind, _, task = heappop(self.events)
            if kind == AVAILABLE:
                heappush(self.ready, (self.rank[task], task))
            elif kind == FINISHED:
                self._come_back(task, now)
            else:
                self._take_in(task, now)
            self._begin(now)
        return Schedule(self.ends, workers, self.busy)

    def _hand_out(self, tasks: list[Node], now: float) -> None:
        for task in sorted(tasks, key=self.rank.__getitem__):
            self.driver = max(self.driver, now) + self.overhead.hand_out
            self.scheduler = max(self.scheduler, self.driver) + self.overhead.schedule
            self._at(self.scheduler, AVAILABLE, task)

    def _begin(self, now: float) -> None:
        while self.free and self.ready:
            _, task = heappop(self.ready)
            took = self.seconds(task) + self.overhead.on_worker
            self.free, self.busy = self.free - 1, self.busy + took
            self._at(now + took, FINISHED, task)

    def _come_back(self, task: Node, now: float) -> None:
        self.free += 1
        self.scheduler = max(self.scheduler, now) + self.overhead.schedule
        self.driver = max(self.driver, self.scheduler) + self.overhead.take_in
        self._at(self.driver, TAKEN, task)

    def _take_in(self, task: Node, now: float) -> None:
        self.ends[task] = now
        found = []
        for one in self.follow[task]:
            self.left[one] -= 1
            if not self.left[one]:
                found.append(one)
        self._hand_out(found, now)

    def _at(self, when: float, kind: int, task: Node) -> None:
        heappush(self.events, (when, kind, next(self._ticket), task))
