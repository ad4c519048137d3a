"""`loyalty quarantine replay`: what became of the rows that were set aside."""

from collections.abc import Iterable

import typer

from loyalty_pipeline.cli.progress import progress
from loyalty_pipeline.cli.quarantine_show import check_table
from loyalty_pipeline.cli.quarantine_words import as_json
from loyalty_pipeline.quarantine.replay import Replayed, replay
from loyalty_pipeline.settings import Settings


def run_replay(settings: Settings, tables: Iterable[str], *, is_json: bool) -> None:
    """Judge the rows of some tables again, by default of all that have some, and say what became of them.

    Where nothing is set aside it is a night like any other.
    """
    for table in tables:
        check_table(table)
    with progress(settings.cluster) as told:
        night, replayed = replay(settings, tables, told=told)
    if is_json:
        typer.echo(as_json({"tables": [one.to_dict() for one in replayed], "night": night.to_dict()}))
        return
    if not replayed:
        typer.echo("Nothing was set aside.")
    for one in replayed:
        _tell(one)
    state = "new" if night.publication.is_changed else "unchanged"
    typer.echo(f"Snapshot {night.publication.snapshot} ({state})")


def _tell(one: Replayed) -> None:
    gone = f", {one.gone:,} repeat what has landed or left the source" if one.gone else ""
    typer.echo(
        f"{one.table}: {one.judged:,} judged again, {one.released:,} released, {one.still:,} still set aside{gone}"
    )
    for reason, rows in one.reasons.items():
        typer.echo(f"  {reason}: {rows:,}")
