"""Calls that may wait for ever on somebody else's process, and may not."""

from asyncio import CancelledError as TaskCancelledError
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, wait
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
    answer = begun(call, what)
    if wait([answer], timeout=seconds).not_done:
        message = f"the cluster did not {what} within {seconds:g} s (cluster_timeout_seconds)"
        raise ClusterError(message)
    return outcome(answer, what)


def begun(call: Callable[[], T], what: str) -> "Future[T]":
    """The call, in a thread that this process does not wait for when it ends."""
    answer: Future[T] = Future()

    def asked() -> None:
        try:
            answer.set_result(call())
        except BaseException as fault:  # noqa: BLE001 - raised in the thread that asks for the outcome
            answer.set_exception(fault)

    Thread(target=asked, daemon=True, name=what).start()
    return answer


def outcome(answer: "Future[T]", what: str) -> T:
    """What a call returned that is over; raises `ClusterError` where it ended in what a client raises whose scheduler is gone."""
    try:
        return answer.result()
    except GONE as fault:
        message = f"the cluster did not {what}, its scheduler may be gone ({fault or type(fault).__name__})"
        raise ClusterError(message) from None
