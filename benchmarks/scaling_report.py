"""What `benchmarks.scaling` told, as a page of Markdown."""

from benchmarks.tables import Told, markdown_table

GIGABYTE = 1e9
RUN_HEADS = ("workers", "seconds", "speed-up", "utilisation", "of each wave s", "without the barrier s")
TASK_HEADS = ("task", "seconds", "rows read", "files", "peak GB")
CHECK_HEADS = (
    "real run",
    "elapsed s",
    "simulated of its own task times s",
    "tasks CPU s",
    "fitted s",
    "fitted / real",
)


def markdown(told: Told) -> str:
    """Every lake, then how the simulation compares with real runs."""
    overhead = told["overhead"]
    task, bundle = (
        ", ".join(f"{name} {1000 * overhead[name]:g} ms" for name in names)
        for names in (("begin", "end"), ("hand_out", "schedule", "on_worker", "take_in"))
    )
    parts = [
        "# More workers than there are here: a simulation",
        (
            f"From tasks measured at {', '.join(f'{size:,}' for size in told['sizes'])} customers over {told['months']} months, rows scaled in a line. "
            f"Beside its own time a task costs the driver: {task}. A bundle of tasks costs: {bundle}. It has {overhead['most']} tasks where there are "
            f"{overhead['ahead']} bundles for each worker, and comes back after {overhead['spell']:g} s or when all are done."
        ),
    ]
    for lake in told["lakes"]:
        parts += _lake(lake)
    if told["validation"]:
        parts += ["## Beside real runs", markdown_table(CHECK_HEADS, map(_check, told["validation"]))]
    return "\n\n".join(parts) + "\n"


def _lake(lake: Told) -> list[str]:
    runs = [
        (
            workers,
            f"{run['seconds']:,.0f}",
            f"{lake['work'] / run['seconds']:.1f}",
            f"{run['utilisation']:.0%}",
            " + ".join(f"{seconds:,.0f}" for seconds in run["waves"]),
            f"{run['without barrier']:,.0f}",
        )
        for workers, run in lake["runs"].items()
    ]
    waves = " + ".join(f"{seconds:,.0f}" for seconds in lake["waves"])
    chains = "; then ".join(f"{chain['seconds']:.0f} s: {chain['words']}" for chain in lake["chains"])
    return [
        f"## {lake['customers']:,} customers in {lake['shards']} shards",
        f"{lake['tasks']:,} tasks, {lake['work']:,.0f} s one after the other ({waves} in its waves); the lake has {lake['files']:,} files.",
        markdown_table(RUN_HEADS, runs),
        f"Critical path: {chains}.",
        "The longest task of each table:",
        markdown_table(TASK_HEADS, map(_task, lake["longest"])),
        "The greediest:",
        markdown_table(TASK_HEADS, map(_task, lake["greediest"])),
    ]


def _task(task: Told) -> tuple[str, ...]:
    sizes = (f"{task['rows']:,}", f"{task['files']:,}", f"{task['peak'] / GIGABYTE:.1f}")
    return f"{task['table']} {task['unit']}", f"{task['seconds']:.1f}", *sizes


def _check(run: Told) -> tuple[str, ...]:
    name = f"{run['customers']:,} customers, {run['shards']} shards, {run['workers']} workers"
    figures = (run["elapsed"], run["simulated"], run["cpu"], run["fitted"])
    return name, *(f"{figure:.1f}" for figure in figures), f"{run['fitted'] / run['cpu']:.2f}"
