"""What each table of the catalogue costs: CPU seconds from what landed, table by table.

`python -m benchmarks.catalogue --folder data/benchmark` makes a demo company of 200,000 customers with all of its raw tables, lands it, and
computes every table once. The tables of subscriptions, revenue and lifetime value are the measure: what customers say and do
should cost no more than those again.
"""

import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.figures import keep
from benchmarks.machine import machine, use_cores
from benchmarks.tables import Told, markdown_table

RESULTS = Path(__file__).parent / "results" / "catalogue.json"
FIRST = ("churn", "customer_retention", "mrr_growth", "clv", "advocacy_revenue")
"""The published tables that are the measure."""


def main() -> None:
    """Measure, print, and keep the figures."""
    options = parsed()
    use_cores(options.cores)
    company = options.company or made(options.folder, options.customers)
    data = options.landed or landed(company, options.folder / "catalogue")
    told = computed(company, data) | {"machine": machine()}
    keep(told, markdown, options.results)


def parsed() -> Namespace:
    """The command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where company and data folder go")
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--company", type=Path, help="folder of a company that is made already")
    parser.add_argument(
        "--landed", type=Path, help="data folder in which it has landed already; its lake is made anew"
    )
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def made(folder: Path, customers: int) -> Path:
    """A company of that size with all raw tables, written unless it is there."""
    from loyalty_pipeline.demo import write_company  # noqa: PLC0415 - polars counts its threads when it is imported

    out = folder / f"whole-{customers}"
    if not (out / "loyalty.toml").exists():
        write_company(out, customers=customers)
    return out


def landed(company: Path, data: Path) -> Path:
    """A data folder with all that the company's source has."""
    from loyalty_pipeline.pipeline import ingest  # noqa: PLC0415 - as above

    shutil.rmtree(data, ignore_errors=True)
    ingest(settings_of(company, data))
    return data


def settings_of(company: Path, data: Path) -> Any:
    """The company's settings, over another data folder."""
    from loyalty_pipeline.settings import Settings  # noqa: PLC0415 - as above

    return Settings.load(company / "loyalty.toml", source=str(company), data_dir=data)


def computed(company: Path, data: Path) -> Told:
    """Every table once, from an empty lake."""
    from loyalty_pipeline.pipeline import COMMIT_EVERY, open_lake  # noqa: PLC0415 - as above

    shutil.rmtree(data / "lake", ignore_errors=True)
    lake, tables = open_lake(settings_of(company, data)), {}
    lake.commit_every = COMMIT_EVERY
    for name in lake.tables:
        began = process_time()
        outcomes = lake.compute(name)
        rows = sum(outcome.rows for outcome in outcomes)
        tables[name] = {"cpu": process_time() - began, "tasks": len(outcomes), "rows": rows}
    lake.commit()
    first = with_sources(
        FIRST, {name: [r.table for r in t.reads if not r.is_raw] for name, t in lake.tables.items()}
    )
    raw = {name: sum(entry.rows for entry in parts.values()) for name, parts in lake.landed.tables.items()}
    return {"as_of": lake.calendar.as_of.isoformat(), "raw": raw, "tables": tables, "first": sorted(first)}


def with_sources(names: Iterable[str], reads: dict[str, list[str]]) -> set[str]:
    """Tables and all that they are made of."""
    found = list(names)
    for name in found:
        found += [table for table in dict.fromkeys(reads[name]) if table and table not in found]
    return set(found)


def markdown(told: Told) -> str:
    """The sums, and every table, the dearest first."""
    tables, first = told["tables"], set(told["first"])
    base = sum(took["cpu"] for name, took in tables.items() if name in first)
    whole = sum(took["cpu"] for took in tables.values())
    dearest = sorted(tables.items(), key=lambda item: -item[1]["cpu"])
    rows = [
        (
            name,
            f"{took['cpu']:.2f}",
            f"{took['cpu'] / base:.1%}",
            took["tasks"],
            f"{took['rows']:,}",
            "" if name in first else "yes",
        )
        for name, took in dearest
    ]
    sums = [
        (f"{', '.join(FIRST)}, with all they are made of", f"{base:.1f}", "1.00"),
        ("the whole catalogue", f"{whole:.1f}", f"{whole / base:.2f}"),
    ]
    parts = [
        f"# The catalogue, from {sum(told['raw'].values()):,} landed rows, as of {told['as_of']}",
        ", ".join(f"{name} {count:,}" for name, count in sorted(told["raw"].items())),
        markdown_table(("tables", "CPU s", "ratio"), sums),
        "## Table by table",
        markdown_table(("table", "CPU s", "of the first", "tasks", "rows", "beyond the first"), rows),
        "## Machine",
        ", ".join(f"{name} {value}" for name, value in told["machine"].items()),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
