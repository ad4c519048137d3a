"""Figures in rows, and rows in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

Told = dict[str, Any]
MEGABYTE = 1_000_000
KINDS = ("query", "sort", "encode")
COST_HEADS = ("CPU s", "elapsed s", "rows / CPU s", "peak MB")


def cost_row(name: str, run: Told, rows: int) -> tuple[str, ...]:
    """One run: CPU and elapsed seconds, rows a CPU second, peak memory."""
    speed = f"{rows / run['cpu']:,.0f}"
    return name, f"{run['cpu']:.1f}", f"{run['elapsed']:.1f}", speed, f"{run['peak'] / MEGABYTE:,.0f}"


def both(first: Told, then: Told) -> Told:
    """Two processes, one after the other."""
    summed = {kind: first[kind] + then[kind] for kind in ("cpu", "elapsed")}
    return summed | {"peak": max(first["peak"], then["peak"])}


def computing(run: Told) -> Told:
    """Of a night what came after landing: the tables and their publication."""
    stages = [*run["tables"].values(), run["stages"].get("publication", {})]
    return {kind: sum(stage.get(kind, 0.0) for stage in stages) for kind in ("cpu", "elapsed")}


def table_rows(tables: dict[str, Told]) -> list[tuple[object, ...]]:
    """One row a table of the lake, the dearest first, and one for all."""
    dearest = sorted(tables.items(), key=lambda item: -item[1].get("cpu", 0.0))
    rows: list[tuple[object, ...]] = [
        (name, *_spent(took), f"{took['rows']:,}", f"{took['bytes'] / MEGABYTE:,.0f}", took["tasks"])
        for name, took in dearest
    ]
    summed = {kind: sum(took.get(kind, 0.0) for took in tables.values()) for kind in ("cpu", *KINDS)}
    return [*rows, ("all", *_spent(summed), "", "", sum(took["tasks"] for took in tables.values()))]


def _spent(took: Told) -> tuple[str, ...]:
    cpu = took.get("cpu", 0.0) or 1.0
    known = [took.get(kind, 0.0) / cpu for kind in KINDS]
    return (f"{took.get('cpu', 0.0):.1f}", *(f"{share:.0%}" for share in (*known, max(0.0, 1 - sum(known)))))


def total(rows: dict[str, int]) -> int:
    """All rows of some tables."""
    return sum(rows.values())


def in_shards(count: str) -> str:
    """The words for a number of shards."""
    return "1 shard" if count == "1" else f"{count} shards"


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The first column to the left, the others to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in cells)} |" for cells in lines)
