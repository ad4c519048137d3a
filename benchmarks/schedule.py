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
    """Seconds beside a task's own: the driver and the scheduler do one thing at a time, a worker does its own.

    `begin` and `end` are the driver's of each task, the others those of each bundle. A bundle has `most` tasks where there are `ahead`
    bundles for each worker, which goes on with one for the seconds of a `spell`.
    """

    begin: float = 0.0
    hand_out: float = 0.0
    schedule: float = 0.0
    on_worker: float = 0.0
    take_in: float = 0.0
    end: float = 0.0
    most: int = 1
    ahead: int = 4
    spell: float = 0.0


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
    return _Clock(waits, seconds, priorities, workers, overhead).run()


class _Clock(Generic[Node]):
    """What happens next: a bundle arrives where workers take it, a worker gives it back, the driver has its results."""

    def __init__(
        self,
        waits: Mapping[Node, Collection[Node]],
        seconds: Callable[[Node], float],
        priorities: Mapping[Node, float],
        workers: int,
        overhead: Overhead,
    ) -> None:
        self.seconds, self.overhead = seconds, overhead
        self.workers = self.free = workers
        self.left = {task: len(set(before)) for task, before in waits.items()}
        self.follow: dict[Node, list[Node]] = {task: [] for task in waits}
        for task, before in waits.items():
            for one in set(before):
                self.follow[one].append(task)
        self.rank = {task: (-priorities[task], number) for number, task in enumerate(waits)}
        self.events: list[tuple[float, int, int, tuple[list[Node], list[Node]]]] = []
        self.ready: list[tuple[tuple[float, int], list[Node]]] = []
        self.ends: dict[Node, float] = {}
        self.driver = self.scheduler = self.busy = 0.0
        self.in_hand = 0
        self._ticket = count()

    def run(self) -> Schedule[Node]:
        self._begin([task for task, missing in self.left.items() if not missing], 0.0)
        while self.events:
            now, kind, _, (done, rest) = heappop(self.events)
            if kind == AVAILABLE:
                heappush(self.ready, (self.rank[rest[0]], rest))
            elif kind == FINISHED:
                self._come_back(done, rest, now)
            else:
                self._take_in(done, rest, now)
            self._work(now)
        return Schedule(self.ends, self.workers, self.busy)

    def _begin(self, tasks: list[Node], now: float) -> None:
        self.driver = max(self.driver, now) + self.overhead.begin * len(tasks)
        self._hand_out(sorted(tasks, key=self.rank.__getitem__))

    def _hand_out(self, tasks: list[Node]) -> None:
        size = (self.in_hand + len(tasks)) // (self.overhead.ahead * self.workers)
        size = max(1, min(size, self.overhead.most))
        for first in range(0, len(tasks), size):
            bundle = tasks[first : first + size]
            self.driver += self.overhead.hand_out
            self.scheduler = max(self.scheduler, self.driver) + self.overhead.schedule
            self._at(self.scheduler, AVAILABLE, [], bundle)
        self.in_hand += len(tasks)

    def _work(self, now: float) -> None:
        while self.free and self.ready:
            _, bundle = heappop(self.ready)
            took, many = 0.0, 0
            while many < len(bundle) and (not many or took < self.overhead.spell):
                took, many = took + self.seconds(bundle[many]), many + 1
            took += self.overhead.on_worker
            self.free, self.busy = self.free - 1, self.busy + took
            self._at(now + took, FINISHED, bundle[:many], bundle[many:])

    def _come_back(self, done: list[Node], rest: list[Node], now: float) -> None:
        self.free += 1
        self.scheduler = max(self.scheduler, now) + self.overhead.schedule
        self.driver = max(self.driver, self.scheduler) + self.overhead.take_in + self.overhead.end * len(done)
        self._at(self.driver, TAKEN, done, rest)

    def _take_in(self, done: list[Node], rest: list[Node], now: float) -> None:
        self.in_hand -= len(done) + len(rest)
        self._hand_out(rest)
        found = []
        for task in done:
            self.ends[task] = now
            for one in self.follow[task]:
                self.left[one] -= 1
                if not self.left[one]:
                    found.append(one)
        self._begin(found, now)

    def _at(self, when: float, kind: int, done: list[Node], rest: list[Node]) -> None:
        heappush(self.events, (when, kind, next(self._ticket), (done, rest)))
