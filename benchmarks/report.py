"""What the steps told, as a page of Markdown."""

from typing import TYPE_CHECKING

from benchmarks.tables import (
    COST_HEADS,
    MEGABYTE,
    Told,
    both,
    computing,
    cost_row,
    in_shards,
    markdown_table,
    table_rows,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NIGHTS = {
    "this month": "1 % of the rows new or changed, all in the current month",
    "a year ago": "0.1 % of the rows new or changed, in a month a year old",
    "a day later": "nothing new, but a day later",
}


def markdown(told: Told) -> str:
    """Every step that was measured, and the machine it was measured on."""
    parts = [f"# {told['customers']:,} customers over {told['months']} months, as of {told['as_of']}"]
    sections: dict[str, Callable[[Told], list[str]]] = {
        "full": _full, "nights": _nights, "peers": _peers, "scale": _scale,
    }  # fmt: skip
    measured = [name for name in sections if name in told]
    for name in measured:
        parts += sections[name](told)
    machines = [told[name]["machine"] for name in measured]
    if machines:
        parts += ["## Machine", ", ".join(f"{name} {value}" for name, value in machines[-1].items())]
    if any(machine != machines[-1] for machine in machines):
        parts.append("Some steps were measured on another: see nightly.json.")
    return "\n\n".join(parts) + "\n"


def _full(told: Told) -> list[str]:
    step, rows = told["full"], total(told["full"]["rows"])
    lines = [cost_row("landing: read, judge, file", step["landing"], rows)]
    for shards, run in step["runs"].items():
        lines.append(cost_row(f"from there to publication, {in_shards(shards)}", run, rows))
        lines.append(cost_row(f"both, {in_shards(shards)}", both(step["landing"], run), rows))
    lines.append(cost_row("a scan of what landed, the physical limit", step["scan"], rows))
    share = step["scan"]["cpu"] / both(step["landing"], next(iter(step["runs"].values())))["cpu"]
    parts = [
        f"## A full run: {rows:,} raw rows",
        ", ".join(f"{name} {count:,}" for name, count in step["rows"].items()),
        markdown_table(("run", *COST_HEADS), lines),
        f"The scan takes {share:.1%} of the CPU time of a full run.",
    ]
    for shards, run in step["runs"].items():
        stages = ", ".join(f"{name} {took['cpu']:.1f} s" for name, took in run["stages"].items())
        heads = ("table", "CPU s", "query", "sort", "encode", "rest", "rows", "MB", "tasks")
        parts += [f"### Where the time goes, {in_shards(shards)}", f"Beside the tables: {stages}."]
        parts += [markdown_table(heads, table_rows(run["tables"]))]
    return parts


def _nights(told: Told) -> list[str]:
    parts = ["## Nights after a complete state"]
    heads = (
        "night",
        "raw rows",
        "landing CPU s",
        "the rest CPU s",
        "all CPU s",
        "elapsed s",
        "peak MB",
        "tasks",
    )
    for shards, nights in told["nights"]["shards"].items():
        lines = [_night_row(words, nights[name]) for name, words in NIGHTS.items()]
        parts += [
            f"### {in_shards(shards).capitalize()}",
            markdown_table(heads, lines),
            _quiet(nights["quiet"]),
        ]
    parts.append(
        "Landing reads a changed file whole: it costs what the changed tables have, not what changed in them."
    )
    return parts


def _quiet(step: Told) -> str:
    run, imports = step["run"], step["imports"]
    return (
        f"`loyalty run` with nothing new: {run['cpu']:.2f} CPU s, of which its imports are {imports['cpu']:.2f}; "
        f"beyond them {run['cpu'] - imports['cpu']:.2f} CPU s. Elapsed {run['elapsed']:.2f} s."
    )


def _night_row(words: str, run: Told) -> tuple[str, ...]:
    tables, rest = run["tables"].values(), computing(run)
    tasks = f"{sum(t['recomputed'] for t in tables):,} of {sum(t['tasks'] for t in tables):,}"
    landing, memory = run["stages"]["landing"], run["peak"] / MEGABYTE
    seconds = (landing["cpu"], rest["cpu"], run["cpu"], run["elapsed"])
    return words, f"{total(run['added']):,}", *(f"{s:.1f}" for s in seconds), f"{memory:,.0f}", tasks


def _peers(told: Told) -> list[str]:
    step, tenth = told["peers"], told["peers"]["tenth"]
    rows = total(told["full"]["rows"]) if "full" in told else 0
    lines = []
    for tables, words in (("two", "churn and mrr_growth"), ("all", "all six tables")):
        run = step["duckdb"][tables]
        lines.append((*cost_row(f"DuckDB, {words}", run, rows), f"{run['spilled_bytes'] / MEGABYTE:,.0f}"))
    for shards, run in told["full"]["runs"].items() if "full" in told else ():
        lines.append(
            (*cost_row(f"this, all six, from the landing zone, {in_shards(shards)}", run, rows), "0")
        )
    small = [
        cost_row(f"{name}, churn and mrr_growth", tenth[name.lower()], total(tenth["rows"]))
        for name in ("DuckDB", "pandas")
    ]
    return [
        "## Peers: everything again from the raw files",
        markdown_table(("run", *COST_HEADS, "spilled MB"), lines),
        *_against_nights(told),
        f"With a tenth of the customers, {total(tenth['rows']):,} raw rows:",
        markdown_table(("run", *COST_HEADS), small),
    ]


def _against_nights(told: Told) -> list[str]:
    peer, parts = told["peers"]["duckdb"], []
    heads = (
        "DuckDB's rebuild over our night",
        "CPU, two tables",
        "CPU, six",
        "CPU, six, our landing aside",
        "elapsed, six",
    )
    for shards, nights in told.get("nights", {}).get("shards", {}).items():
        lines = []
        for name, words in NIGHTS.items():
            run, rest = nights[name], computing(nights[name])
            ratios = [peer["two"]["cpu"] / run["cpu"], peer["all"]["cpu"] / run["cpu"]]
            ratios += [peer["all"]["cpu"] / rest["cpu"], peer["all"]["elapsed"] / run["elapsed"]]
            lines.append((f"{words}, {in_shards(shards)}", *(f"{ratio:.1f}" for ratio in ratios)))
        parts.append(markdown_table(heads, lines))
    return parts


def _scale(told: Told) -> list[str]:
    runs = {
        f"{told['customers'] // 10:,} customers, {months} months": (run, total(run["rows"]))
        for months, run in told["scale"]["months"].items()
    }
    if "1" in told.get("full", {}).get("runs", {}):
        whole = both(told["full"]["landing"], told["full"]["runs"]["1"])
        runs[f"{told['customers']:,} customers, {told['months']} months"] = whole, total(told["full"]["rows"])
    first, first_rows = next(iter(runs.values()))
    lines = []
    for name, (run, rows) in runs.items():
        ratios = (rows / first_rows, run["cpu"] / first["cpu"], run["peak"] / first["peak"])
        lines.append((*cost_row(name, run, rows), *(f"{ratio:.2f}" for ratio in ratios)))
    heads = ("full run with landing", *COST_HEADS, "rows, ratio", "CPU, ratio", "peak, ratio")
    return ["## How cost grows", markdown_table(heads, lines)]
