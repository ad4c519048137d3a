"""One night of the pipeline, told apart by stage and table.

`python -m benchmarks.one_night --source ... --data-dir ... --as-of ... --out told.json` runs `pipeline.nightly`, or with
`--landing-only` its landing, and writes the CPU and elapsed seconds of each stage, and of each table what they went into.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.clock import Clock
from loyalty_pipeline import pipeline
from loyalty_pipeline.lake.lock import exclusive
from loyalty_pipeline.settings import Settings

KINDS = {
    "write_parquet": (pl.DataFrame, "encode"),
    "sort": (pl.DataFrame, "sort"),
    "collect": (pl.LazyFrame, "query"),
    "_collect_eager": (pl.LazyFrame, "query"),
}
"""What is counted apart, wherever it is called from; inside another of these it counts as that one."""


def main() -> None:
    """Run it and write what it told."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--landing-only", action="store_true")
    options = parser.parse_args()
    clock = Clock()
    for name, (owner, kind) in KINDS.items():
        if hasattr(owner, name):
            setattr(owner, name, clock.counted(getattr(owner, name), kind))
    options.out.write_text(json.dumps(told(options, clock), indent=1))


def told(options: Namespace, clock: Clock) -> dict[str, Any]:
    """What the night did, and what each stage and table took."""
    settings = Settings.load(
        None,
        source=options.source,
        data_dir=options.data_dir,
        as_of=options.as_of,
        mrr_source="invoice_lines",
    )
    clock.stage("landing")
    if options.landing_only:
        with exclusive(settings.data_dir):
            landing = pipeline.ingest(settings)
        return {"stages": clock.stages(), "landed": landed(landing)}
    pipeline.publish = staged(pipeline.publish, "publication", clock)
    night = pipeline.nightly(settings, told=lambda name, *_: clock.stage(stage_of(name)))
    stages = clock.stages()
    outcomes = night.outcomes
    return {
        "stages": {name: took for name, took in stages.items() if name not in outcomes},
        "tables": {name: stages.get(name, {}) | counts(outcomes[name]) for name in outcomes},
        "landed": landed(night.landing),
        "is_published": night.publication.is_changed,
    }


def stage_of(said: str) -> str:
    """Tables by their name; the landing of any as one."""
    return "landing" if said.startswith("landing ") else said


def staged(function: Callable[..., Any], name: str, clock: Clock) -> Callable[..., Any]:
    """The function, which begins a stage."""

    @wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        clock.stage(name)
        return function(*arguments, **options)

    return wrapper


def landed(report: Any) -> dict[str, int]:
    """Rows that landed, by table."""
    return {name: table.accepted for name, table in report.tables.items() if table.batch}


def counts(outcomes: list[Any]) -> dict[str, int]:
    """Of a table: tasks, those computed again and those that came out otherwise, rows and bytes."""
    return {
        "tasks": len(outcomes),
        "recomputed": sum(outcome.is_recomputed for outcome in outcomes),
        "changed": sum(outcome.is_changed for outcome in outcomes),
        "rows": sum(outcome.rows for outcome in outcomes),
        "bytes": sum(outcome.bytes for outcome in outcomes),
    }


if __name__ == "__main__":
    main()
