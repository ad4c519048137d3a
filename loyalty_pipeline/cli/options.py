"""Options that several commands share, so that they read the same everywhere."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from loyalty_pipeline.settings import SettingsError

Source = Annotated[str | None, typer.Option(help="Folder or URL of the raw tables.")]
DataDir = Annotated[
    str | None,
    typer.Option(help="Folder of landing, lake and publication, or its address: s3://bucket/prefix."),
]
AsOf = Annotated[str | None, typer.Option(help="First local date that does not count, such as 2026-10-17.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="A loyalty.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON object to stdout.")]


def date_of(as_of: str | None) -> date | None:
    """The date that was given, if any. Raises `SettingsError` for what is none."""
    try:
        return None if as_of is None else date.fromisoformat(as_of)
    except ValueError:
        message = f"as_of = {as_of} (argument): expected a date, such as {datetime.now(UTC).date()}"
        raise SettingsError(message) from None
