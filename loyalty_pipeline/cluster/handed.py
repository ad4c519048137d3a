"""Tasks that are with a Dask cluster: handed over, looked after, and taken back when they are done.

Where there are more than enough for all workers, small ones go in bundles: to hand something over costs some ten milliseconds in all
processes, whatever it is.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker

from loyalty_pipeline.cluster.on_worker import Failed
from loyalty_pipeline.cluster.patience import within
from loyalty_pipeline.cluster.workers import ClusterError

RETRIES = 2
"""How often a task is tried again that failed for want of storage, network or memory."""
LOOK_EVERY = 2.0
"""Seconds after which the cluster is asked how it is."""
BUNDLE = 10
"""How many tasks go together at most."""
AHEAD = 4
"""How many bundles there are to be for each worker, so that none is idle while others have some."""
ABLE = ("running", "init")
"""The states of a worker in which it begins tasks."""


@dataclass(frozen=True)
class Handed:
    """A task, what its function is called with, how many tasks are behind it, and the workers that failed at it.

    One that `is_alone` is with the cluster while nothing else is.
    """

    task: Any
    argument: Any
    height: int
    failed: tuple[str, ...] = ()
    is_alone: bool = False

    @property
    def name(self) -> str:
        """As people call it."""
        return " ".join(self.task) if isinstance(self.task, tuple) else str(self.task)


class InHand:
    """The tasks of one map that are with the cluster."""

    def __init__(self, client: Client, call: Callable[[list[Any]], tuple[Any, ...]], seconds: float) -> None:
        """`call` makes of tasks' arguments a function and what it is called with. Who cannot do a task may have it for `seconds`."""
        self.client, self.call, self.seconds = client, call, seconds
        self.bundles: dict[Future, Sequence[Handed]] = {}
        self.count = 0
        self._later: list[Handed] = []
        self._suspects: deque[Handed] = deque()
        self._come: SimpleQueue[Future] = SimpleQueue()
        self._able: set[str] = set()
        self._stuck: dict[Future, float] = {}
        self._look_at = 0.0

    def hand(self, tasks: Sequence[Handed]) -> None:
        """Give them to the cluster. Raises `ClusterError`."""
        self.count += len(tasks)
        self._later += tasks
        self._go_on()

    def back(self) -> list[tuple[Handed, Any]]:
        """The tasks that came back, at least one, and what came of each: an exception is what went wrong, and comes last.

        Raises `ClusterError` where there is nobody left to do any.
        """
        while True:
            self._go_on()
            came = self._came()
            killed = sum(len(bundle) for bundle, outcome in came if isinstance(outcome, KilledWorker))
            if final := [one for bundle, outcome in came for one in self._each(bundle, outcome, killed)]:
                self.count -= len(final)
                return sorted(final, key=lambda one: isinstance(one[1], (Failed, BaseException)))

    def let_go(self) -> None:
        """Take nothing back any more."""
        if self.bundles:
            # Who is told already why the run ends need not be told that the cluster is gone.
            with suppress(ClusterError):
                self._cancel(self.bundles)

    def _go_on(self) -> None:
        """Hand over what waits: all of it, or one suspect, which is alone with the cluster until it is back."""
        self._look()
        oldest = next(iter(self.bundles.values()), None)
        if oldest and oldest[0].is_alone:
            return
        if self._suspects:
            if not oldest:
                self._send([replace(self._suspects.popleft(), is_alone=True)])
            return
        tasks, self._later = sorted(self._later, key=lambda one: one.height, reverse=True), []
        size = self.count // (AHEAD * max(1, len(self._able)))
        size = max(1, min(size, BUNDLE))
        for first in range(0, len(tasks), size):
            self._send(tasks[first : first + size])

    def _send(self, bundle: Sequence[Handed]) -> None:
        first = bundle[0]
        key = f"{first.name.replace(' ', '-')}-{uuid4().hex}"
        how: dict[str, Any] = {"key": key, "priority": first.height, "retries": RETRIES, "pure": False}
        if first.failed and (others := self._able - {*first.failed}):
            # Left to itself the cluster would ask the same worker: it is the one that is idle.
            how |= {"workers": sorted(others), "allow_other_workers": True}
        try:
            future = self.client.submit(*self.call([one.argument for one in bundle]), **how)
        except Exception as fault:
            message = f"{first.name} could not be sent to a worker: {fault}. What was done counts; run again"
            raise ClusterError(message) from fault
        self.bundles[future] = bundle
        future.add_done_callback(self._come.put)

    def _each(self, bundle: Sequence[Handed], outcome: Any, killed: int) -> Iterator[tuple[Handed, Any]]:
        """What came of each task, if it is final; the others are handed over again. `killed` tasks come back with dead workers."""
        if isinstance(outcome, KilledWorker) and not bundle[0].is_alone and killed > 1:
            # The cluster blames all that a worker had when it died, also what only waited there.
            self._suspects += bundle
        elif isinstance(outcome, list):
            for one, made in zip(bundle, outcome, strict=False):
                if isinstance(made, Failed) and made.may_try and len(one.failed) < RETRIES:
                    self._send([replace(one, failed=(*one.failed, made.worker))])
                else:
                    yield one, made
            self._later += bundle[len(outcome) :]
        elif len(bundle) == 1 or isinstance(outcome, CancelledError):
            yield bundle[0], outcome
        else:
            for one in bundle:
                self._send([one])

    def _came(self) -> list[tuple[Sequence[Handed], Any]]:
        """The bundles that came back, maybe none, and what came of them."""
        came = self._outcomes(self._arrived())
        if any(isinstance(outcome, KilledWorker) for _, outcome in came):
            # What else the dead worker had comes back at the same time, but is told by other threads.
            sleep(PAUSE)
            came += self._outcomes([future for future in self.bundles if future.status == "error"])
        return came

    def _outcomes(self, futures: Iterable[Future]) -> list[tuple[Sequence[Handed], Any]]:
        found = [(future, self._outcome(future)) for future in futures]
        return [(self.bundles.pop(future), outcome[0]) for future, outcome in found if outcome]

    def _arrived(self) -> list[Future]:
        """The tasks that are said to be done, after some seconds maybe none."""
        found = []
        with suppress(Empty):
            found.append(self._come.get(timeout=LOOK_EVERY))
            while True:
                found.append(self._come.get_nowait())
        return [future for future in dict.fromkeys(found) if future in self.bundles]

    def _outcome(self, future: Future) -> tuple[Any] | None:
        """What came of a task, if it is to be had: the worker that has it may be gone, and another does it again."""
        with suppress(OSError, CancelledError):
            if future.status == "finished":
                try:
                    return (future.result(timeout=LOOK_EVERY),)
                except (OSError, CancelledError):
                    raise
                except Exception as fault:  # noqa: BLE001 - whatever cannot be read here
                    return (Unreadable(fault),)
        if future.status == "error":
            return (future.exception(timeout=self.seconds),)
        if future.status == "cancelled":
            return (CancelledError(),)
        sleep(PAUSE)
        future.add_done_callback(self._come.put)
        return None

    def _look(self) -> None:
        """Give tasks to others that are with a worker that cannot begin them. Raises `ClusterError` where nobody can."""
        if monotonic() < self._look_at:
            return
        able, places = within(self.seconds, self._asked, "say how it is")
        self._able = able
        now = self._look_at = monotonic() + LOOK_EVERY
        waiting = [future for future in self.bundles if future.status == "pending"]
        unable = [future for future in waiting if not (able & places.get(future.key, able))]
        self._stuck = {future: self._stuck.get(future, now) for future in unable}
        late = [future for future, since in self._stuck.items() if now - since > self.seconds]
        if late and not able:
            message = (
                f"for {self.seconds:g} s no worker of {self.client.scheduler.address} could do a task: all are gone, or paused "
                "for want of memory. What was done counts; see the workers' logs, and run again"
            )
            raise ClusterError(message)
        for future in late:
            self._send(self.bundles.pop(future))
        if late:
            self._cancel(late)

    def _asked(self) -> tuple[set[str], dict[str, set[str]]]:
        """The workers that begin tasks or are at one, and where tasks are."""
        scheduler = self.client.scheduler
        workers = self.client.sync(scheduler.identity, n_workers=-1)["workers"]
        able = {at for at, worker in workers.items() if worker["status"] in ABLE or _is_busy(worker)}
        placed = self.client.sync(scheduler.processing, workers=None)
        return able, {key: {at} for at, keys in placed.items() for key in keys}

    def _cancel(self, futures: Iterable[Future]) -> None:
        within(self.seconds, lambda: self.client.cancel([*futures], force=True), "let tasks go")


class Unreadable(Exception):
    """What a task made cannot be read here."""


PAUSE = 0.1
"""Seconds before a result is asked for again."""


def _is_busy(worker: dict[str, Any]) -> bool:
    return bool(worker["metrics"].get("task_counts", {}).get("executing"))
