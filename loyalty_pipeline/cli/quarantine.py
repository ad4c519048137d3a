"""`loyalty quarantine`: what landing set aside, what it is worth, and judging it again."""

from typing import Annotated

import typer

from loyalty_pipeline.cli.exits import said
from loyalty_pipeline.cli.options import AsJson, AsOf, DataDir, SettingsFile, Source, date_of
from loyalty_pipeline.settings import Settings, SettingsError

SCREEN = 20
"""Rows that are shown where nobody says how many."""

quarantine = typer.Typer(
    help="Rows that were set aside: which, why, what they are worth; and judge them again.",
    no_args_is_help=True,
)
Table = Annotated[str, typer.Argument(help="A raw table, such as invoice_lines.")]
Tables = Annotated[list[str] | None, typer.Argument(help="Raw tables; default: all with rows set aside.")]


@quarantine.command("list")
def list_reasons(
    data_dir: DataDir = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also what earlier readings set aside.")] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """One line a table and reason: rows, since when, and the MRR at stake."""
    with said():
        chosen = Settings.load(settings, data_dir=data_dir)
        from loyalty_pipeline.cli.quarantine_list import tell_reasons  # noqa: PLC0415 - polars is not needed for help

        tell_reasons(chosen, has_history=everything, is_json=as_json)


@quarantine.command()
def show(  # noqa: PLR0913 - one parameter an option
    table: Table,
    data_dir: DataDir = None,
    *,
    reason: Annotated[str, typer.Option(help="Only rows that break this rule.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Default: 20; all as JSON or CSV.")] = None,
    batch: Annotated[str, typer.Option(help="What an earlier batch set aside, such as 000012.")] = "",
    failed: Annotated[bool, typer.Option("--failed", help="What a refused landing left.")] = False,
    personal: Annotated[bool, typer.Option("--personal", help="Show personal values too.")] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write whole rows as CSV to stdout.")] = False,
) -> None:
    """The rows of a table that were set aside, with reasons and the MRR they would move."""
    with said():
        form = _form(as_json=as_json, as_csv=as_csv)
        chosen = Settings.load(settings, data_dir=data_dir)
        from loyalty_pipeline.cli.quarantine_show import Request, tell_rows  # noqa: PLC0415 - as above
        from loyalty_pipeline.quarantine.shown import Choice  # noqa: PLC0415 - as above

        choice = Choice(reason, limit or (SCREEN if form == "text" else None), is_personal=personal)
        tell_rows(chosen, Request(table, choice, batch, is_failed=failed, form=form))


@quarantine.command()
def replay(  # noqa: PLR0913 - one parameter an option
    tables: Tables = None,
    source: Source = None,
    data_dir: DataDir = None,
    as_of: AsOf = None,
    *,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Judge rows that were set aside again, under today's rules and mappings, and publish what that changed."""
    with said("Nothing was released or published; both are as they were."):
        chosen = Settings.load(settings, source=source, data_dir=data_dir, as_of=date_of(as_of))
        from loyalty_pipeline.cli.quarantine_replay import run_replay  # noqa: PLC0415 - as above

        run_replay(chosen, tables or [], is_json=as_json)


def _form(*, as_json: bool, as_csv: bool) -> str:
    if as_json and as_csv:
        message = "--json and --csv: expected one of them"
        raise SettingsError(message)
    return "json" if as_json else "csv" if as_csv else "text"
