"""`loyalty quarantine list`: what is set aside, by table and reason."""

from typing import Any

import polars as pl
import typer
from rich.table import Table
from rich.text import Text

from loyalty_pipeline.cli.quarantine_words import NOTHING, as_json, console, day, mrr_text
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.quarantine.folder import ROW, WAITING, Evidence, Folder
from loyalty_pipeline.quarantine.landed import Landed
from loyalty_pipeline.quarantine.overview import by_reason, history
from loyalty_pipeline.quarantine.worth import Total, worth
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES


def tell_reasons(settings: Settings, *, has_history: bool, is_json: bool) -> None:
    """What is set aside, by table and reason; then what a refused landing left. Takes no lock."""
    folder, landed = Folder(settings.data_dir), Landed(open_lake(settings))
    aside = folder.current()
    priced = worth(aside, landed, settings.tables)
    reasons, total = by_reason(folder, aside, priced), priced.of(_places(aside))
    evidence = folder.evidence()
    earlier = history(folder, list(RAW_TABLES)) if has_history else []
    if is_json:
        rows = sum(found.height for found in aside.values())
        summed = {"rows": rows, **vars(total), "currency": landed.currency}
        told = {"reasons": reasons, "total": summed, "failed": [vars(one) for one in evidence]}
        typer.echo(as_json(told | ({"history": earlier} if has_history else {})))
        return
    if aside:
        console().print(_reasons(reasons, landed.currency))
    typer.echo(_sum(aside, total, landed.currency) if aside else "Nothing is set aside.")
    if earlier:
        console().print(_earlier(earlier))
    for one in evidence:
        typer.echo(_left(one))


def _places(aside: dict[str, pl.DataFrame]) -> pl.DataFrame:
    found = [rows.select(pl.lit(table).alias("table"), ROW) for table, rows in aside.items()]
    return pl.concat([pl.DataFrame(schema={"table": pl.String(), ROW: pl.Int64()}), *found])


def _reasons(reasons: list[dict[str, Any]], currency: str) -> Table:
    table = Table(title="Rows set aside, by table and reason", title_justify="left")
    for name in ("table", "reason"):
        table.add_column(name, overflow="fold")
    for name in ("rows", "waiting"):
        table.add_column(name, justify="right")
    for name in ("first seen", "last batch"):
        table.add_column(name)
    table.add_column("MRR at stake", justify="right")
    table.add_column("of it running", justify="right")
    for line in reasons:
        first = f"{line['first_batch']} {day(line['first_seen'])}"
        counts = f"{line['rows']:,}", f"{line['waiting']:,}"
        stake, running = mrr_text(line, currency), _running(line, currency)
        cells = line["table"], line["reason"], *counts, first, line["last_batch"], stake, running
        table.add_row(*map(Text, cells))
    return table


def _earlier(lines: list[dict[str, Any]]) -> Table:
    names = ("table", "batch", "read at", "reason", "rows", "waiting")
    table = Table(*names, title="Set aside by earlier readings", title_justify="left")
    for line in lines:
        counts = f"{line['rows']:,}", f"{line['waiting']:,}"
        cells = line["table"], line["batch"], day(line["read_at"]), line["reason"], *counts
        table.add_row(*map(Text, cells))
    return table


def _sum(aside: dict[str, pl.DataFrame], total: Total, currency: str) -> str:
    rows = sum(found.height for found in aside.values())
    waiting = sum(int(found[WAITING].sum()) for found in aside.values())
    stake = mrr_text(vars(total), currency)
    running = _running(vars(total), currency)
    told = "no MRR at stake"
    if stake != NOTHING:
        told = f"MRR at stake {stake}, of it {running} running at the as-of, each line counted once"
    return f"{rows:,} rows are set aside, {waiting:,} of them wait for a row they refer to: {told}."


def _running(total: dict[str, Any], currency: str) -> str:
    return mrr_text({"mrr": total["running"], "unknown": total["unknown_running"]}, currency)


def _left(one: Evidence) -> str:
    return (
        f"Batch {one.batch} was refused, or is landing right now: {one.rows:,} rows of {one.table}. "
        f"See them with: loyalty quarantine show {one.table} --failed"
    )
