"""`loyalty quarantine show`: the rows of one table that were set aside."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import polars as pl
import typer
from rich.table import Table
from rich.text import Text

from loyalty_pipeline.cli.quarantine_words import NOTHING, as_json, console, mrr_text
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.quarantine.folder import JOINED_BY, REASONS, ROW, WAITING, Folder
from loyalty_pipeline.quarantine.landed import Landed
from loyalty_pipeline.quarantine.reasons import Words
from loyalty_pipeline.quarantine.shown import SHOWN, Choice, chosen
from loyalty_pipeline.quarantine.worth import worth
from loyalty_pipeline.settings import Settings, SettingsError
from loyalty_pipeline.sources.catalogue import RAW_TABLES


@dataclass(frozen=True)
class Request:
    """Which rows are asked for, and how they are told: as `text`, `json` or `csv`."""

    table: str
    choice: Choice
    batch: str = ""
    is_failed: bool = False
    form: str = "text"


def check_table(table: str) -> None:
    """Raise `SettingsError` for a table that does not exist, with the nearest that does."""
    if table not in RAW_TABLES:
        near = get_close_matches(table, list(RAW_TABLES), n=1, cutoff=0)[0]
        message = f"{table}: expected a raw table; did you mean {near}?"
        raise SettingsError(message)


def tell_rows(settings: Settings, request: Request) -> None:
    """The rows of one table. Takes no lock."""
    check_table(request.table)
    folder, landed = Folder(settings.data_dir), Landed(open_lake(settings))
    aside = folder.current() | _asked(folder, request)
    priced = worth(aside, landed, settings.tables)
    rows = aside.get(request.table, folder.rows(request.table, ""))
    _check_reason(request, rows)
    found = chosen(rows, request.table, priced, request.choice)
    words = Words.of(request.table, settings.expectations)
    if request.form == "csv":
        typer.echo(found.with_columns(pl.col(REASONS).list.join(JOINED_BY)).write_csv(), nl=False)
    elif request.form == "json":
        told = [row | {"_in_words": words.told(row[REASONS])} for row in found.to_dicts()]
        typer.echo(as_json({"table": request.table, "of": rows.height, "rows": told}))
    else:
        title = f"{request.table}: {found.height:,} of {rows.height:,} rows set aside"
        console().print(_table(title, found, words, landed.currency))


def _check_reason(request: Request, rows: pl.DataFrame) -> None:
    known = rows[REASONS].explode().drop_nulls().unique().sort().to_list()
    if request.choice.reason and request.choice.reason not in known:
        reasons = ", ".join(known) or "none, nothing is set aside"
        message = f"--reason {request.choice.reason}: expected a reason of these rows: {reasons}"
        raise SettingsError(message)


def _asked(folder: Folder, request: Request) -> dict[str, pl.DataFrame]:
    if request.batch and request.is_failed:
        message = "--batch and --failed: expected one of them"
        raise SettingsError(message)
    if request.batch:
        if request.batch not in folder.batches(request.table):
            known = ", ".join(folder.batches(request.table)[-5:]) or "none"
            message = (
                f"--batch {request.batch}: expected a batch that set rows of {request.table} aside: {known}"
            )
            raise SettingsError(message)
        return {request.table: folder.rows(request.table, request.batch)}
    if request.is_failed:
        left = {one.table: folder.failed(one.batch, one.table) for one in folder.evidence()}
        return {request.table: folder.rows(request.table, "")} | left
    return {}


def _table(title: str, found: pl.DataFrame, words: Words, currency: str) -> Table:
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("row", justify="right")
    table.add_column("key", overflow="fold")
    table.add_column("MRR", justify="right")
    table.add_column("waits")
    table.add_column("reasons", overflow="fold")
    table.add_column("found", overflow="fold")
    for row in found.iter_rows(named=True):
        table.add_row(*map(Text, _cells(row, words, currency)))
    return table


def _cells(row: dict[str, Any], words: Words, currency: str) -> tuple[str, ...]:
    seen = {column: row[column] for column in words.columns(row[REASONS])}
    return (
        str(row[ROW]),
        ", ".join(row[part] or NOTHING for part in RAW_TABLES[words.table].primary_key()),
        mrr_text({plain: row[shown] for plain, shown in SHOWN.items()}, currency),
        "yes" if row[WAITING] else "",
        "\n".join(words.told(row[REASONS])),
        "\n".join(f"{column} = {value}" for column, value in seen.items() if value is not None),
    )
