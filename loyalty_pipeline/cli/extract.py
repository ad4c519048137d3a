"""`loyalty extract`: land what is new at the sources, and tell what landed; nothing is computed or published."""

import json

import typer

from loyalty_pipeline.cli.progress import progress
from loyalty_pipeline.landing import LandingReport, TableReport
from loyalty_pipeline.landing.checks import AGREES
from loyalty_pipeline.pipeline import extract
from loyalty_pipeline.settings import Settings


def run_extract(settings: Settings, *, is_reconciling: bool, is_json: bool) -> None:
    """Land, and tell one line a table that was read."""
    with progress() as told:
        report = extract(settings, is_reconciling=is_reconciling, told=told)
    if is_json:
        typer.echo(json.dumps(report.to_dict(), indent=1))
        return
    tell(report)


def tell(report: LandingReport) -> None:
    """One line a table that was read, its warnings, and what its source says of itself."""
    read = [table for table in report.tables.values() if table.batch]
    for table in read:
        typer.echo(_line(table))
        for check in table.checks:
            if check.rule == AGREES.name:
                typer.echo(f"  {check.observed}")
        for warning in table.warnings:
            typer.echo(f"  {warning}")
    untouched = [table for table in report.tables.values() if not table.batch]
    typer.echo(f"{len(read)} tables read, {len(untouched)} as they were or absent.")


def _line(table: TableReport) -> str:
    counts = {
        "landed": table.accepted,
        "known": table.already_landed + table.duplicates,
        "set aside": table.quarantined,
        "deleted": table.tombstones,
        "released": table.released,
    }
    told = [f"{count:,} {name}" for name, count in counts.items() if count]
    return f"{table.table}: {table.extracted:,} rows read" + (f": {', '.join(told)}" if told else "")
