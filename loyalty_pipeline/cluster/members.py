"""Who is in a cluster."""

from typing import Any

from distributed import Client

from loyalty_pipeline.cluster.patience import within


def members(client: Client, seconds: float) -> dict[str, dict[str, Any]]:
    """What the scheduler knows of each worker, by its address."""
    # Not every release tells of more than five that is not asked for all.
    found = within(seconds, lambda: client.scheduler_info(n_workers=-1), "say who is there")
    workers: dict[str, dict[str, Any]] = found["workers"]
    return workers
