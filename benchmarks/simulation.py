"""The tasks of a lake on some number of workers, by what they are fitted to cost."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.future_lake import FutureLake, Measured
from benchmarks.schedule import Overhead, critical_path, heights, scheduled
from benchmarks.tables import Told
from benchmarks.task_costs import Cost
from loyalty_pipeline.lake.graph import Node
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.part import month_of

LARGEST = 8


class Simulation:
    """A lake whose tasks have known seconds."""

    def __init__(self, lake: FutureLake, costs: Mapping[str, Cost], overhead: Overhead) -> None:
        """`costs` are seconds of each table's tasks on a worker, `overhead` what comes on top."""
        self.lake, self.costs, self.overhead = lake, costs, overhead
        self.waves = lake.waves()

    def seconds(self, node: Node) -> float:
        """What a task takes on a worker, without overhead."""
        size = self.lake.size(node)
        return self.costs[node[0]].of(size.rows_read, size.rows_written, size.files)

    @property
    def work(self) -> float:
        """Seconds of all tasks, one after the other."""
        return sum(self.seconds(node) for waits in self.waves for node in waits)

    def on(
        self,
        workers: int,
        seconds: Callable[[Node], float] | None = None,
        waves: Sequence[Mapping[Node, list[Node]]] | None = None,
    ) -> list[float]:
        """Seconds of each wave, which come one after the other."""
        return [
            scheduled(
                waits,
                seconds or self.seconds,
                heights(waits, lambda _: 1.0),
                workers=workers,
                overhead=self.overhead,
            ).seconds
            for waits in (self.waves if waves is None else waves)
        ]

    def chains(self) -> list[list[tuple[Node, float]]]:
        """The critical path of each wave, with the seconds of each task."""
        paths = [critical_path(waits, self.seconds) for waits in self.waves]
        return [[(node, self.seconds(node)) for node in path] for path in paths]

    def largest(self, by: Callable[[Node], float]) -> list[Node]:
        """The task of each table that has most of something, the greatest first."""
        found: dict[str, Node] = {}
        for waits in self.waves:
            for node in waits:
                if node[0] not in found or by(node) > by(found[node[0]]):
                    found[node[0]] = node
        return sorted(found.values(), key=by, reverse=True)


def told_of(simulation: Simulation, workers: Sequence[int]) -> Told:
    """What there is to say of one lake."""
    lake, work = simulation.lake, simulation.work
    one = lake.waves(is_one=True)
    runs = {count: (simulation.on(count), sum(simulation.on(count, waves=one))) for count in workers}
    return {
        "customers": lake.customers,
        "shards": len(lake.shards),
        "tasks": sum(map(len, simulation.waves)),
        "files": sum(map(len, lake.reading.manifest.tables.values())),
        "work": work,
        "waves": [sum(map(simulation.seconds, waits)) for waits in simulation.waves],
        "runs": {
            str(count): {
                "seconds": sum(waves),
                "waves": waves,
                "utilisation": work / (count * sum(waves)),
                "without barrier": whole,
            }
            for count, (waves, whole) in runs.items()
        },
        "chains": [
            {"seconds": sum(s for _, s in chain), "words": in_words(chain)} for chain in simulation.chains()
        ],
        "longest": [_told(simulation, node) for node in simulation.largest(simulation.seconds)[:LARGEST]],
        "greediest": [
            _told(simulation, node)
            for node in simulation.largest(lambda node: lake.size(node).in_memory)[:LARGEST]
        ],
    }


def validated(
    lake: Lake, measured: Measured, costs: Mapping[str, Cost], run: Told, overhead: Overhead
) -> Told:
    """A real run beside the simulation: with what its tasks took there, and with what they are fitted to take."""
    timed = {(table, unit): (seconds, cpu) for table, unit, seconds, cpu in run["timed"]}
    simulation = Simulation(FutureLake(lake, measured, run["customers"], run["shards"]), costs, overhead)
    fitted = sum(simulation.seconds(node) for node in timed)
    return {
        **{name: run[name] for name in ("customers", "shards", "workers", "elapsed")},
        "simulated": sum(simulation.on(run["workers"], lambda node: timed.get(node, (0.0, 0.0))[0])),
        "cpu": sum(cpu for _, cpu in timed.values()),
        "fitted": fitted,
    }


def in_words(chain: Iterable[tuple[Node, float]]) -> str:
    """`customer_state 2023-11 to 2026-10 81.2 s, segment_sums 2026-10 3.1 s`."""
    words = []
    for table, group in groupby(chain, key=lambda item: item[0][0]):
        found = list(group)
        months = [month_of(node[1]) for node, _ in found]
        span = months[0] if months[0] == months[-1] else f"{months[0]} to {months[-1]}"
        words.append(f"{table} {span} {sum(seconds for _, seconds in found):.1f} s")
    return ", ".join(words)


def _told(simulation: Simulation, node: Node) -> dict[str, Any]:
    size = simulation.lake.size(node)
    return {
        "table": node[0],
        "unit": node[1],
        "seconds": simulation.seconds(node),
        "rows": size.rows_read,
        "files": size.files,
        "peak": size.peak,
    }
