"""The commands. What they do is done elsewhere; imports wait until a command needs them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from loyalty_pipeline.cli.exits import said
from loyalty_pipeline.cli.options import AsJson, AsOf, DataDir, SettingsFile, Source, date_of
from loyalty_pipeline.cli.quarantine import quarantine
from loyalty_pipeline.cli.snapshots import snapshots
from loyalty_pipeline.settings import Settings

app = typer.Typer(
    name="loyalty",
    help="Subscription and customer-loyalty metrics from raw CRM, billing and social tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(quarantine, name="quarantine")
app.add_typer(snapshots, name="snapshots")


def main() -> None:
    """Run the command line; the exit code says how it went."""
    with said():
        app()


@app.command()
def run(  # noqa: PLR0913 - one parameter an option
    source: Source = None,
    data_dir: DataDir = None,
    as_of: AsOf = None,
    *,
    full: Annotated[bool, typer.Option("--full", help="Compute everything again.")] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Land what is new, compute what it changed, publish: one night in one process."""
    with said("Nothing was published; what was published before is as it was."):
        chosen = Settings.load(settings, source=source, data_dir=data_dir, as_of=date_of(as_of))
        from loyalty_pipeline.cli.night import run_night  # noqa: PLC0415 - polars is not needed to print help

        run_night(chosen, is_full=full, as_json=as_json)


@app.command()
def plan(  # noqa: PLR0913 - one parameter an option
    source: Source = None,
    data_dir: DataDir = None,
    as_of: AsOf = None,
    *,
    shards: Annotated[
        int | None,
        typer.Option(min=1, help="Estimate also the memory of tasks, were the lake kept in so many shards."),
    ] = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a run would extract, compute and publish, and why. Writes nothing."""
    with said():
        chosen = Settings.load(settings, source=source, data_dir=data_dir, as_of=date_of(as_of))
        from loyalty_pipeline.cli.plan import tell_plan  # noqa: PLC0415 - polars is not needed to print help

        tell_plan(chosen, is_json=as_json, shards=shards)


@app.command()
def extract(
    source: Source = None,
    data_dir: DataDir = None,
    *,
    reconcile: Annotated[
        bool,
        typer.Option(
            "--reconcile", help="Compare all keys of databases with what has landed, and mend that."
        ),
    ] = False,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Land what is new at the sources, and compute nothing: the first step of a run."""
    with said("Nothing landed; what landed before is as it was."):
        chosen = Settings.load(settings, source=source, data_dir=data_dir)
        from loyalty_pipeline.cli.extract import run_extract  # noqa: PLC0415 - polars is not needed to print help

        run_extract(chosen, is_reconciling=reconcile, is_json=as_json)


@app.command()
def backfill(  # noqa: PLR0913 - one parameter an option
    first: Annotated[str | None, typer.Option("--from", help="First month, such as 2024-01.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month; default: the newest.")] = None,
    data_dir: DataDir = None,
    as_of: AsOf = None,
    *,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Compute months again without landing anything, then what that changed, and publish."""
    with said("Nothing was published; what was published before is as it was."):
        chosen = Settings.load(settings, data_dir=data_dir, as_of=date_of(as_of))
        from loyalty_pipeline.cli.backfill import run_backfill  # noqa: PLC0415 - as above

        run_backfill(chosen, first, last, is_json=as_json)


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=1, help="Customers of the company.")] = 20_000,
    months: Annotated[int, typer.Option(min=1, help="Months of its history.")] = 36,
    seed: Annotated[int, typer.Option(help="Another seed, another company.")] = 7,
    out: Annotated[Path, typer.Option(help="Folder to write it to.")] = Path("data/demo"),
    into: Annotated[
        str | None, typer.Option(help="PostgreSQL database to load it into instead: postgresql://...")
    ] = None,
) -> None:
    """Make a company: its raw tables, its settings, and the answers to its metrics."""
    if into is not None:
        with said("Nothing was made there."):
            from loyalty_pipeline.cli.demo_into import write_into  # noqa: PLC0415 - as below

            write_into(into, customers=customers, months=months, seed=seed)
        return
    from loyalty_pipeline.demo import write_company  # noqa: PLC0415 - numpy is not needed to print help

    company = write_company(out, customers=customers, months=months, seed=seed)
    rows = sum(company.tables.values())
    typer.echo(f"{out}: {len(company.tables)} raw tables with {rows:,} rows, as of {company.as_of}")
    typer.echo(f"Next: loyalty run --source {out} --data-dir data")


@app.command()
def init(
    source: Annotated[
        str, typer.Argument(help="Folder or URL; ${NAME} stands for a variable of the environment.")
    ],
    out: Annotated[Path, typer.Option(help="Settings file to write.")] = Path("loyalty.toml"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Look at a source and propose a loyalty.toml: where the raw tables are, what is missing for which metric."""
    with said("Nothing was written."):
        from loyalty_pipeline.cli.init import propose  # noqa: PLC0415 - reads the source

        propose(source, out, is_forced=force)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open Dagster: the tables, their history, their checks, backfills."""
    from loyalty_pipeline.cli.dagster_ui import serve  # noqa: PLC0415 - Dagster costs a second

    raise SystemExit(serve(host, port))


@app.command()
def doctor(settings: SettingsFile = None, *, as_json: AsJson = False) -> None:
    """Look at settings, source, data folder and libraries, and say what is wrong."""
    from loyalty_pipeline.cli.doctor import examine  # noqa: PLC0415 - reads the source

    findings = examine(settings)
    if as_json:
        typer.echo(json.dumps([finding.to_dict() for finding in findings], indent=1))
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.is_good else 'BAD '} {finding.subject}: {finding.told}")
    if not all(finding.is_good for finding in findings):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
