"""`loyalty snapshots`: what is published and was, whether its files are as they were written, and going back."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loyalty_pipeline.cli.exits import said
from loyalty_pipeline.cli.options import AsJson, DataDir, SettingsFile
from loyalty_pipeline.settings import Settings, SettingsError
from loyalty_pipeline.storage.place import Place

if TYPE_CHECKING:
    from loyalty_pipeline.publication.pointer import Entry

snapshots = typer.Typer(
    help="What is published and was: which, whether it is whole, and going back to one.",
    no_args_is_help=True,
)
Snapshot = Annotated[str, typer.Argument(help="Its id, or the beginning of it; default: see above.")]
UNCHANGED = "Readers get what they got before."


@snapshots.command("list")
def list_snapshots(
    data_dir: DataDir = None, *, settings: SettingsFile = None, as_json: AsJson = False
) -> None:
    """The snapshots that are kept, newest first; an asterisk marks the current one."""
    with said():
        folder = Settings.load(settings, data_dir=data_dir).data_dir
        found = _listed(folder)
        if as_json:
            typer.echo(json.dumps({"snapshots": found}, indent=1))
        elif not found:
            typer.echo("Nothing was published yet.")
        for one in [] if as_json else found:
            typer.echo(
                f"{'*' if one['is_current'] else ' '} {one['snapshot']}  {one['published_at'][:19]}  {one['rows']:>10,} rows"
                f"  {one['bytes'] / 1e6:>8,.2f} MB  {one['restatements']:>8,} restatements"
                f"  lake {one['lake']}  landing {one['landing']}"
            )


@snapshots.command()
def verify(
    snapshot: Snapshot = "",
    data_dir: DataDir = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that are kept.")] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Hash the files of a snapshot again, and those of lake and landing behind it; by default of the current one."""
    with said():
        folder = Settings.load(settings, data_dir=data_dir).data_dir
        if snapshot and everything:
            message = "a snapshot and --all: expected one of them"
            raise SettingsError(message)
        from loyalty_pipeline.publication.verification import Verification  # noqa: PLC0415 - polars is not needed for help

        looked_at = Verification(folder)
        wrong = {
            entry["snapshot"]: looked_at.of(entry["snapshot"], entry)
            for entry in _entries(folder, snapshot, everything=everything)
        }
    if as_json:
        told = {name: [vars(one) for one in faults] for name, faults in wrong.items()}
        typer.echo(json.dumps({"files": looked_at.files, "wrong": told}, indent=1))
    else:
        for name, faults in wrong.items():
            typer.echo(f"{name}: {f'{len(faults)} files are wrong' if faults else 'as it was written'}")
            for one in faults:
                typer.echo(f"  {one.file} {one.fault}")
        typer.echo(f"{looked_at.files:,} files were read.")
    if any(wrong.values()):
        raise SystemExit(1)


@snapshots.command()
def rollback(
    snapshot: Snapshot = "",
    data_dir: DataDir = None,
    *,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a snapshot again; by default the one that readers had before the current one.

    Nothing is deleted: another rollback undoes it. The lake stays as it is, so the next run publishes again what it has.
    """
    from loyalty_pipeline.lake.lock import exclusive  # noqa: PLC0415 - as above
    from loyalty_pipeline.publication.rollback import NotWhole, roll_back  # noqa: PLC0415 - as above

    with said(UNCHANGED):
        folder = Settings.load(settings, data_dir=data_dir).data_dir
        # Asked before the lock, which would make a folder that is not there.
        _entry(folder, snapshot)
        with exclusive(folder):
            entry = _entry(folder, snapshot)
            try:
                now = roll_back(folder, entry, datetime.now(UTC))
            except NotWhole as broken:
                typer.echo(f"loyalty: {broken}", err=True)
                raise SystemExit(1) from None
    told = {"snapshot": now["snapshot"], "was": now.get("rolled_back_from", now["snapshot"])}
    if as_json:
        typer.echo(json.dumps(told | {"published_at": now["published_at"]}, indent=1))
    else:
        typer.echo(f"Readers get {told['snapshot']} now; until now they got {told['was']}.")
        typer.echo(f"Back again: loyalty snapshots rollback {told['was']}")


def _listed(data_dir: Place) -> list[dict[str, Any]]:
    from loyalty_pipeline.publication.draft import facts_of  # noqa: PLC0415 - as above
    from loyalty_pipeline.publication.pointer import Pointer  # noqa: PLC0415 - as above
    from loyalty_pipeline.publication.rollback import kept_entries  # noqa: PLC0415 - as above

    pointer = Pointer(data_dir)
    current, found = pointer.read().get("snapshot"), []
    for entry in kept_entries(pointer):
        facts = facts_of(pointer.folder(entry["snapshot"]))
        files = facts.get("tables", {}).values()
        found.append(
            {
                "snapshot": entry["snapshot"],
                "published_at": entry["published_at"],
                "is_current": entry["snapshot"] == current,
                "rows": sum(file["rows"] for file in files),
                "bytes": sum(file["bytes"] for file in files),
                "restatements": facts.get("restatements", 0),
                "lake": entry.get("lake", ""),
                "landing": entry.get("landing", ""),
            }
        )
    return found


def _entries(data_dir: Place, snapshot: str, *, everything: bool) -> "list[Entry]":
    from loyalty_pipeline.publication.pointer import Pointer  # noqa: PLC0415 - as above
    from loyalty_pipeline.publication.rollback import kept_entries  # noqa: PLC0415 - as above

    pointer = Pointer(data_dir)
    entries = kept_entries(pointer)
    if everything and entries:
        return entries
    return [_entry(data_dir, snapshot or pointer.read().get("snapshot", ""))]


def _entry(data_dir: Place, snapshot: str) -> "Entry":
    from loyalty_pipeline.publication.pointer import Pointer  # noqa: PLC0415 - as above
    from loyalty_pipeline.publication.rollback import UnknownSnapshot, before_current, chosen  # noqa: PLC0415 - as above

    pointer = Pointer(data_dir)
    try:
        return chosen(pointer, snapshot) if snapshot else before_current(pointer)
    except UnknownSnapshot as unknown:
        raise SettingsError(str(unknown)) from None
