"""Calls that may wait for ever on somebody else's process, and may not."""

from asyncio import CancelledError as TaskCancelledError
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

from loyalty_pipeline.cluster.workers import ClusterError

T = TypeVar("T")

GONE = (OSError, RuntimeError, AttributeError, CancelledError, TaskCancelledError)
"""What Dask's client raises where the scheduler is gone, or goes meanwhile; its parts are None once it is closed."""


def within(seconds: float, call: Callable[[], T], what: str) -> T:
    """What the call returns; raises `ClusterError` after so many seconds, and leaves the call to itself.

    Also where it ends in what a client raises whose scheduler is gone.
    """
    answers: Queue[Future[T]] = Queue()

    def asked() -> None:
        answer: Future[T] = Future()
        try:
            answer.set_result(call())
        except BaseException as fault:  # noqa: BLE001 - raised below, in the thread that asked
            answer.set_exception(fault)
        answers.put(answer)

    Thread(target=asked, daemon=True, name=what).start()
    try:
        return answers.get(timeout=seconds).result()
    except Empty:
        message = f"the cluster did not {what} within {seconds:g} s (cluster_timeout_seconds)"
        raise ClusterError(message) from None
    except GONE as fault:
        message = f"the cluster did not {what}, its scheduler may be gone ({fault or type(fault).__name__})"
        raise ClusterError(message) from None
