"""How long a run takes on more workers than there are here, and what stops it from being shorter: a simulation.

`python -m benchmarks.scaling --folder data/benchmark` reads the tasks that `benchmarks.cluster` recorded there, fits what tasks of each table cost, and
puts the tasks of bigger lakes on workers as `DaskWorkers` does: wave after wave, those with the longest chain behind them first.
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.catalogue import made, settings_of
from benchmarks.figures import keep
from benchmarks.future_lake import FutureLake, Measured, raw_rows
from benchmarks.scaling_report import markdown
from benchmarks.schedule import Overhead
from benchmarks.simulation import Simulation, told_of, validated
from benchmarks.task_costs import Cost, fitted
from loyalty_pipeline.cluster.handed import AHEAD, BUNDLE
from loyalty_pipeline.cluster.on_worker import SPELL
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.pipeline import open_lake

if TYPE_CHECKING:
    from benchmarks.tables import Told

RESULTS = Path(__file__).parent / "results" / "scaling.json"
OVERHEAD = Overhead(
    begin=0.0002,
    hand_out=0.0008,
    schedule=0.00075,
    on_worker=0.0024,
    take_in=0.0003,
    end=0.0003,
    most=BUNDLE,
    ahead=AHEAD,
    spell=SPELL,
)
"""What comes beside a task's own time: of a bundle as `benchmarks.handling` measures it, of a task what the lake's own begin and end take."""


def main() -> None:
    """Simulate, print, and keep the figures."""
    options = parsed()
    lake, measured, costs = known(options)
    months = len(measured.units["churn"])
    told: Told = {"sizes": options.sizes, "months": months, "overhead": vars(OVERHEAD), "lakes": []}
    for customers in options.customers:
        for shards in options.shards:
            simulation = Simulation(FutureLake(lake, measured, customers, shards), costs, OVERHEAD)
            told["lakes"].append(told_of(simulation, options.workers))
    told["validation"] = [
        validated(lake, measured, costs, json.loads(file.read_text()), OVERHEAD)
        for file in sorted(options.folder.glob("timed-*.json"))
    ]
    keep(told, markdown, options.results)


def parsed() -> Namespace:
    """The command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="as of benchmarks.cluster")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 60_000, 200_000])
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000_000, 100_000_000])
    parser.add_argument("--shards", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def known(options: Namespace) -> tuple[Lake, Measured, dict[str, Cost]]:
    """A lake of the tables, how its rows grow, and what tasks cost: of all that was recorded, in one shard and in more."""
    recorded = {
        file.stem.removeprefix("tasks-"): json.loads(file.read_text())["tasks"]
        for file in sorted(options.folder.glob("tasks-*.json"))
    }
    lakes = {
        customers: open_lake(
            settings_of(made(options.folder, customers), options.folder / f"landed-{customers}")
        )
        for customers in options.sizes
    }
    measured = Measured(
        {customers: recorded[f"{customers}-1"] for customers in lakes},
        {customers: raw_rows(lake.landed) for customers, lake in lakes.items()},
    )
    costs = fitted(record for records in recorded.values() for record in records)
    return lakes[max(lakes)], measured, costs


if __name__ == "__main__":
    main()
