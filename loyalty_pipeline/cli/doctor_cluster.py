"""What `loyalty doctor` finds of a cluster: whether it answers, has the same versions, sees the data folder, and how big it is."""

from collections import Counter
from collections.abc import Iterator

from loyalty_pipeline.cli.finding import Finding
from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.lake.lock import Locked, exclusive
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.storage.place import Place


def cluster_findings(settings: Settings) -> Iterator[Finding]:
    """One finding where the setting names a cluster."""
    if settings.cluster is None:
        return
    try:
        # Workers show that they see the folder by files in it, which would get into the way of a run's.
        with exclusive(settings.data_dir):
            limits = _memory_limits(settings.cluster, settings.data_dir, settings.cluster_timeout_seconds)
    except Locked as held:
        yield Finding("cluster", is_good=False, told=f"not looked at: {held}")
    except (SourceError, OSError) as fault:
        yield Finding("cluster", is_good=False, told=str(fault))
    else:
        told = f"{settings.cluster} answers, of the same versions; {_workers(limits)}, which all see the data folder"
        yield Finding("cluster", is_good=True, told=told + _hint(len(limits), settings.shards))


def _memory_limits(address: str, data_dir: Place, seconds: float) -> list[int]:
    """Bytes that each worker may use, 0 where nothing limits it. Raises `ClusterError` for all that is wrong with them."""
    from loyalty_pipeline.cluster.connection import cluster  # noqa: PLC0415 - Dask is an extra, and costs a second
    from loyalty_pipeline.cluster.members import members  # noqa: PLC0415 - as above

    with cluster(address, data_dir, connect_seconds=seconds, task_seconds=seconds) as workers:
        return [worker["memory_limit"] or 0 for worker in members(workers.client, seconds).values()]


def _workers(limits: list[int]) -> str:
    memory = Counter(f"{limit / 2**30:,.1f} GiB" if limit else "no memory limit" for limit in limits)
    told = ", ".join(f"{count} with {limit}" for limit, count in sorted(memory.items()))
    return f"{len(limits)} worker{'s' if len(limits) > 1 else ''} ({told})"


def _hint(workers: int, shards: int) -> str:
    if shards >= workers:
        return ""
    tasks = "one task" if shards == 1 else f"{shards} tasks"
    return f". A month of a big table is {tasks} (shards = {shards}), so some workers may wait for others"
