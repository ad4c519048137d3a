"""Tasks that are with a Dask cluster: handed over, looked after, and taken back when they are done."""

from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from distributed import Client, Future

from loyalty_pipeline.cluster.on_worker import Failed
from loyalty_pipeline.cluster.patience import within
from loyalty_pipeline.cluster.workers import ClusterError

RETRIES = 2
"""How often a task is tried again that failed for want of storage, network or memory."""
LOOK_EVERY = 2.0
"""Seconds after which the cluster is asked how it is."""
ABLE = ("running", "init")
"""The states of a worker in which it begins tasks."""


@dataclass(frozen=True)
class Handed:
    """A task, what its function is called with, how many tasks are behind it, and the workers that failed at it."""

    task: Any
    argument: Any
    height: int
    failed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As people call it."""
        return " ".join(self.task) if isinstance(self.task, tuple) else str(self.task)


class InHand:
    """The tasks of one map that are with the cluster."""

    def __init__(self, client: Client, call: Callable[[Any], tuple[Any, ...]], seconds: float) -> None:
        """`call` makes of a task's argument a function and what it is called with. Who cannot do a task may have it for `seconds`."""
        self.client, self.call, self.seconds = client, call, seconds
        self.tasks: dict[Future, Handed] = {}
        self._come: SimpleQueue[Future] = SimpleQueue()
        self._able: set[str] = set()
        self._stuck: dict[Future, float] = {}
        self._look_at = 0.0

    def hand(self, handed: Handed) -> None:
        """Give it to the cluster. Raises `ClusterError`."""
        key = f"{handed.name.replace(' ', '-')}-{uuid4().hex}"
        how: dict[str, Any] = {"key": key, "priority": handed.height, "retries": RETRIES, "pure": False}
        if handed.failed and (others := self._able - {*handed.failed}):
            # Left to itself the cluster would ask the same worker: it is the one that is idle.
            how |= {"workers": sorted(others), "allow_other_workers": True}
        try:
            future = self.client.submit(*self.call(handed.argument), **how)
        except Exception as fault:
            message = f"{handed.name} could not be sent to a worker: {fault}. What was done counts; run again"
            raise ClusterError(message) from fault
        self.tasks[future] = handed
        future.add_done_callback(self._come.put)

    def back(self) -> list[tuple[Handed, Any]]:
        """The tasks that came back, at least one, and what came of each: an exception is what went wrong, and comes last.

        Raises `ClusterError` where there is nobody left to do any.
        """
        while True:
            self._look()
            found = [(future, self._outcome(future)) for future in self._arrived()]
            came = [(self.tasks.pop(future), *outcome) for future, outcome in found if outcome]
            if final := [
                (handed, outcome) for handed, outcome in came if not self._tried_again(handed, outcome)
            ]:
                return sorted(final, key=lambda one: isinstance(one[1], (Failed, BaseException)))

    def let_go(self) -> None:
        """Take nothing back any more."""
        if self.tasks:
            # Who is told already why the run ends need not be told that the cluster is gone.
            with suppress(ClusterError):
                self._cancel(self.tasks)

    def _tried_again(self, handed: Handed, outcome: Any) -> bool:
        if not isinstance(outcome, Failed) or not outcome.may_try or len(handed.failed) >= RETRIES:
            return False
        self.hand(replace(handed, failed=(*handed.failed, outcome.worker)))
        return True

    def _arrived(self) -> list[Future]:
        """The tasks that are said to be done, after some seconds maybe none."""
        found = []
        with suppress(Empty):
            found.append(self._come.get(timeout=LOOK_EVERY))
            while True:
                found.append(self._come.get_nowait())
        return [future for future in dict.fromkeys(found) if future in self.tasks]

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
        waiting = [future for future in self.tasks if future.status == "pending"]
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
            self.hand(self.tasks.pop(future))
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
