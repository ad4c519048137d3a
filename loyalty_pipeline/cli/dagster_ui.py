"""`loyalty ui`: Dagster's own web page over this project."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import typer

from loyalty_pipeline.settings import SettingsError


def serve(host: str, port: int) -> int:
    """Run `dagster dev` in the foreground until it is stopped, and return its exit code.

    Raises `SettingsError` where the extra `ui` is not installed, or the working directory is no checkout.
    """
    if importlib.util.find_spec("dagster_webserver") is None:
        message = "The UI is not installed. Install it with: pip install 'loyalty-pipeline[ui]'"
        raise SettingsError(message)
    if not Path("workspace.yaml").exists():
        message = "workspace.yaml is not here. Run this in the folder of the project, where dagster.yaml lies"
        raise SettingsError(message)
    # Without it Dagster keeps a temporary home, and asks to send usage data whatever dagster.yaml says.
    os.environ.setdefault("DAGSTER_HOME", str(Path.cwd()))
    _tell_history()
    typer.echo(f"Dagster on http://{host}:{port} (Ctrl-C ends it)")
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", host, "-p", str(port)]
    return subprocess.call(command)  # noqa: S603 - fixed words and two checked values


def _tell_history() -> None:
    import dagster as dg  # noqa: PLC0415 - Dagster costs seconds, and only this command needs it

    from loyalty_pipeline.orchestration.history import tell  # noqa: PLC0415 - as above
    from loyalty_pipeline.settings import Settings  # noqa: PLC0415 - as above

    typer.echo("Telling Dagster what the lake has ...")
    with dg.DagsterInstance.get() as instance:
        typer.echo(f"{tell(instance, Settings.load()):,} events were new to it.")
