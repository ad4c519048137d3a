"""Calls that may wait for ever on somebody else's process, and may not."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

from loyalty_pipeline.cluster.workers import ClusterError

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T], what: str) -> T:
    """What the call returns; raises `ClusterError` after so many seconds, and leaves the call to itself."""
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
