"""`loyalty backfill`: what was computed again, and what came out otherwise."""

import json
import re

import typer

from loyalty_pipeline.cli.progress import progress
from loyalty_pipeline.lake.month_runs import month_runs
from loyalty_pipeline.lake.outcome import Outcome
from loyalty_pipeline.lake.part import month_of
from loyalty_pipeline.pipeline import backfill
from loyalty_pipeline.settings import Settings, SettingsError

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def run_backfill(settings: Settings, first: str | None, last: str | None, *, is_json: bool) -> None:
    """Run it and say what came of it. Raises `SettingsError` for what is no month."""
    for option, month in (("--from", first), ("--to", last)):
        if month is not None and not MONTH.fullmatch(month):
            message = f"{option} {month}: expected a month, such as 2024-06"
            raise SettingsError(message)
    with progress(settings.cluster) as told:
        done, publication = backfill(settings, first, last, told=told)
    if is_json:
        published = {"snapshot": publication.snapshot, "is_changed": publication.is_changed}
        typer.echo(json.dumps(published | done.to_dict(), indent=1))
        return
    tasks = [outcome for outcomes in done.outcomes.values() for outcome in outcomes]
    recomputed = sum(outcome.is_recomputed for outcome in tasks)
    changed = [outcome for outcome in tasks if outcome.is_changed]
    typer.echo(
        f"Computed {recomputed:,} of {len(tasks):,} table months, {done.first} to {done.last} in full: "
        f"{len(changed):,} came out otherwise."
    )
    for table, months in _by_table(changed).items():
        typer.echo(f"  {table} {months}")
    if done.damaged:
        places = ", ".join(f"{table} {part}" for table, part in done.damaged)
        typer.echo(f"Warning: {len(done.damaged):,} files were damaged and have been written anew: {places}")
    _warn(done.differing)
    state = "new" if publication.is_changed else "unchanged"
    typer.echo(f"Snapshot {publication.snapshot} ({state})")


def _warn(differing: list[Outcome]) -> None:
    if not differing:
        return
    typer.echo(
        f"Warning: {len(differing):,} of them were made of the same as before. Either a file of another month is damaged, "
        "or the code does not give equal rows twice:"
    )
    for table, months in _by_table(differing).items():
        typer.echo(f"  {table} {months}")


def _by_table(outcomes: list[Outcome]) -> dict[str, str]:
    months: dict[str, list[str]] = {}
    for outcome in outcomes:
        months.setdefault(outcome.table, []).append(month_of(outcome.month))
    return {table: month_runs(found) for table, found in months.items()}
