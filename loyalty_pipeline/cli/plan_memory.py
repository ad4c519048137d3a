"""How much memory tasks would take, in the words of `loyalty plan --shards`."""

from collections.abc import Iterator

from loyalty_pipeline.lake.memory import PROCESS, Memory

TOLD = 5
"""So many tables are named."""
GIGABYTE = 1_000_000_000


def memory_lines(memory: Memory) -> Iterator[str]:
    """The largest tasks, and the number of shards beyond which they are no smaller."""
    yield ""
    if not memory.needs:
        yield "Memory: nothing was computed yet to estimate it from"
        return
    kept = f"it is kept in {memory.kept_in}"
    yield f"Memory, were the lake kept in {_shards(memory.shards)} ({kept}): an estimate from rows and columns"
    for need in memory.largest[:TOLD]:
        of = "a shard" if need.is_sharded and memory.shards > 1 else "one task whatever the shards"
        yield f"  {_gigabytes(need.peak(memory.shards))}  {need.table} {need.month}" + (
            "" if need.is_sharded and memory.shards == 1 else f", {of}"
        )
    why = (
        f"{memory.limiting} is not parted by them"
        if memory.limiting
        else f"a process alone takes {_gigabytes(PROCESS)}"
    )
    yield f"  More than {_shards(memory.enough)} would hardly lower the largest: {why}."


def _shards(count: int) -> str:
    return "1 shard" if count == 1 else f"{count:,} shards"


def _gigabytes(size: int) -> str:
    return f"{size / GIGABYTE:.1f} GB"
