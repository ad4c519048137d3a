"""Who is in a cluster, and what each of them says: workers come and go."""

from collections.abc import Callable, Iterable
from concurrent.futures import wait
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from distributed import Client

from loyalty_pipeline.cluster.patience import begun, outcome, within
from loyalty_pipeline.cluster.workers import ClusterError

T = TypeVar("T")

LOOK_EVERY = 0.2
"""Seconds after which the scheduler is asked whether those who have not answered are still there."""


def members(client: Client, seconds: float) -> dict[str, dict[str, Any]]:
    """What the scheduler knows of each worker, by its address."""
    # Not every release tells of more than five that is not asked for all.
    found = within(seconds, lambda: client.scheduler_info(n_workers=-1), "say who is there")
    workers: dict[str, dict[str, Any]] = found["workers"]
    return workers


def answers(
    client: Client, workers: Iterable[str], ask: Callable[[str], T | None], what: str, seconds: float
) -> dict[str, T]:
    """What each worker answers, by its address; nothing of those that go away meanwhile, for which `ask` may return None.

    All are asked at once, and none waits for another: who asks a worker that has just died tries for long to reach it. Raises
    `ClusterError`, which names those that are there and say nothing for so many seconds.
    """
    until = monotonic() + seconds
    asked = {at: begun(partial(ask, at), what) for at in workers}
    while wait(asked.values(), timeout=LOOK_EVERY).not_done:
        there = members(client, seconds)
        asked = {at: answer for at, answer in asked.items() if answer.done() or at in there}
        silent = [at for at, answer in asked.items() if not answer.done()]
        if silent and monotonic() >= until:
            message = (
                f"worker {', '.join(silent)} did not {what} within {seconds:g} s (cluster_timeout_seconds): it hangs, or its machine "
                "is gone; the scheduler gives it up after worker-ttl"
            )
            raise ClusterError(message)
    told = {at: outcome(answer, what) for at, answer in asked.items()}
    return {at: answer for at, answer in told.items() if answer is not None}
