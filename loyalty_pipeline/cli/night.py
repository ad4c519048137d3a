"""`loyalty run`: the nightly, and what it tells at the end."""

import json

import typer
from rich.console import Console

from loyalty_pipeline.cli.headline import headline, show
from loyalty_pipeline.cli.progress import progress
from loyalty_pipeline.pipeline import Night, nightly
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.storage.place import is_remote


def run_night(settings: Settings, *, is_full: bool, as_json: bool) -> None:
    """Run it; figures and paths go to stdout, progress to stderr."""
    with progress(settings.cluster) as told:
        night = nightly(settings, is_full=is_full, told=told)
    if as_json:
        typer.echo(json.dumps({**night.to_dict(), "headline": headline(night.publication.folder)}, indent=1))
        return
    _tell(night, settings)


def _tell(night: Night, settings: Settings) -> None:
    landed = [table for table in night.landing.tables.values() if table.batch]
    accepted, quarantined = sum(t.accepted for t in landed), sum(t.quarantined for t in landed)
    tasks = [outcome for outcomes in night.outcomes.values() for outcome in outcomes]
    recomputed = sum(outcome.is_recomputed for outcome in tasks)
    if night.publication.rows:
        show(Console(), night.publication.folder, settings.reporting_currency)
    # Paths and warnings have brackets, which rich would take for its own, and must not be broken in two.
    typer.echo(
        f"Landed {accepted:,} rows, {quarantined:,} set aside; computed {recomputed:,} of {len(tasks):,} table months."
    )
    for table in night.landing.tables.values():
        for warning in table.warnings:
            typer.echo(f"  {table.table}: {warning}")
    # A store has no link that leads to it.
    folder = night.publication.folder if is_remote(settings.data_dir) else settings.data_dir / "metrics"
    state = "new" if night.publication.is_changed else "unchanged"
    typer.echo(f"Snapshot {night.publication.snapshot} ({state}):")
    for name, rows in night.publication.rows.items():
        typer.echo(f"  {folder / name}.parquet  {rows:,} rows")
    for needs, tables in _unfed(night).items():
        typer.echo(f"No row of {' or '.join(needs)} ever landed: {', '.join(tables)} {_are(tables)} empty.")
    if night.publication.restated.count:
        typer.echo(f"It restates {night.publication.restated.told}; the largest:")
        for one in night.publication.restated.largest:
            typer.echo(f"  {one.cell}: {one.numbers}, {one.why}")
    if quarantined:
        typer.echo(f"Rows set aside, with their reasons: {settings.data_dir / 'quarantine'}")
        typer.echo("What they are worth: loyalty quarantine list")


def _unfed(night: Night) -> dict[tuple[str, ...], list[str]]:
    by_needs: dict[tuple[str, ...], list[str]] = {}
    for table, needs in night.unfed.items():
        by_needs.setdefault(needs, []).append(table)
    return by_needs


def _are(tables: list[str]) -> str:
    return "is" if len(tables) == 1 else "are"
