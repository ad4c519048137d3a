"""What `benchmarks.cluster` told, as a page of Markdown."""

from benchmarks.tables import MEGABYTE, Told, in_shards, markdown_table
from loyalty_pipeline.lake.memory import COPIES

LEAST = 5_000_000
"""Bytes of columns below which a task says nothing of the estimate."""
HEADS = (
    "run",
    "CPU s",
    "driver",
    "scheduler",
    "workers",
    "start of workers",
    "elapsed s",
    "times in process",
)
TABLE_HEADS = (
    "table",
    "tasks",
    "CPU s",
    "longest s",
    "peak MB",
    "more than before MB",
    "files read",
    "task as sent kB",
)


def markdown(told: Told) -> str:
    """Overhead first, then every table of every run."""
    parts = ["# Tasks, and a cluster that does them"]
    for name, runs in told["overhead"].items():
        parts += [f"## {_words(name)}, {next(iter(runs.values()))['count']:,} tasks", overhead(runs)]
    for name, run in told["tasks"].items():
        parts += [
            f"## Tasks: {_words(name)}",
            _driver(run),
            markdown_table(TABLE_HEADS, table_rows(run["by_table"])),
        ]
    for customers, found in told["memory"].items():
        parts += [f"## Memory: {int(customers):,} customers, 1 shard", *memory(found)]
    parts += ["## Machine", ", ".join(f"{name} {value}" for name, value in told["machine"].items())]
    return "\n\n".join(parts) + "\n"


def overhead(runs: Told) -> str:
    """CPU seconds of all processes of a run beside those of one process."""
    alone = runs["in process"]["cpu"]
    rows = []
    for name, run in runs.items():
        parts = (run["cpu"], run.get("scheduler", 0.0), run.get("workers", 0.0))
        told = (*parts, run.get("start of workers", 0.0), run["elapsed"])
        rows.append(
            (name, f"{sum(parts):.1f}", *(f"{part:.1f}" for part in told), f"{sum(parts) / alone:.2f}")
        )
    return markdown_table(HEADS, rows)


def memory(found: list[Told]) -> list[str]:
    """What tasks took beyond the process, beside what they are estimated to take."""
    rows = [
        (
            f"{one['table']} {one['month']}",
            f"{one['grown'] / MEGABYTE:,.0f}",
            f"{one['columns'] / MEGABYTE:,.0f}",
            f"{one['grown'] / (COPIES * one['columns']):.2f}",
        )
        for one in found
        if one["columns"] > LEAST
    ]
    shares = sorted(one["grown"] / (COPIES * one["columns"]) for one in found if one["columns"] > LEAST)
    told = [shares[len(shares) // 2], shares[len(shares) * 9 // 10], shares[-1]]
    return [
        "Taken over estimated (1.5 times all columns): median {:.2f}, nine in ten below {:.2f}, most {:.2f}.".format(
            *told
        ),
        markdown_table(("task", "taken MB", "all columns MB", "taken / estimated"), rows),
    ]


def table_rows(tables: dict[str, Told]) -> list[tuple[object, ...]]:
    """One row a table, the dearest first."""
    return [
        (
            name,
            took["tasks"],
            f"{took['cpu']:.2f}",
            f"{took['longest']:.3f}",
            f"{took['peak'] / MEGABYTE:,.0f}",
            f"{took['grown'] / MEGABYTE:,.0f}",
            f"{took['files']:,}",
            f"{took['pickled'] / 1000:,.0f}",
        )
        for name, took in sorted(tables.items(), key=lambda item: -item[1]["cpu"])
    ]


def _driver(run: Told) -> str:
    spent = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in run["driver"].items())
    tasks = sum(took["cpu"] for took in run["by_table"].values())
    return f"{run['count']:,} tasks, {tasks:.1f} CPU s; the driver: {spent}."


def _words(name: str) -> str:
    customers, shards = name.split("-")
    return f"{int(customers):,} customers, {in_shards(shards)}"
