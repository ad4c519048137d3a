"""`loyalty init`: look at a source, propose a loyalty.toml, and say what is missing for which metric."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.dictionary.lineage import origin
from loyalty_pipeline.settings import SettingsError
from loyalty_pipeline.settings_sources import PASSWORD, SECRET_OPTION, SQLITE
from loyalty_pipeline.sources.address import resolved, shown
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.opening import Source, is_database, looked_at
from loyalty_pipeline.sources.proposals import Proposal, nearest_table, plain, proposed
from loyalty_pipeline.sources.shipped import names, shipped

MOST = 0.6
"""From which share of the tables that a landing's mapping reads on a source is taken for that landing."""


def propose(address: str, out: Path, *, is_forced: bool) -> None:
    """Write the proposal and tell of it. Raises `SettingsError` where a file is in the way, and `SourceError`."""
    if out.exists() and not is_forced:
        message = f"{out} is there already. Take another --out, or --force to write over it."
        raise SettingsError(message)
    with looked_at(address) as source, tempfile.TemporaryDirectory() as scratch:
        found = source.names() or list(RAW_TABLES)
        landing = landing_of(found)
        proposals = {} if landing else _proposals(source, found, Path(scratch))
    out.write_text(_toml(address, out.parent, landing, proposals), "utf-8")
    typer.echo(f"{shown(address)}: {len(found)} tables")
    having = set(shipped(landing)) if landing else {t for t, one in proposals.items() if one.is_complete}
    for line in _told(landing, proposals, having):
        typer.echo(line)
    typer.echo(f"Written: {out}. Read it, then try it: loyalty doctor --settings {out}")


def landing_of(found: list[str]) -> str:
    """The landing whose tables these are, of those that the package has a mapping for; empty where they are none's."""
    there = {plain(name.rpartition(".")[2]) for name in found}
    shares = {}
    for landing in names():
        read = {plain(name) for mapping in shipped(landing).values() for name in mapping.reads}
        first = {plain(next(iter(mapping.reads))) for mapping in shipped(landing).values() if mapping.reads}
        shares[landing] = len(read & there) / len(read) if read and first & there else 0.0
    best = max(shares, key=lambda landing: shares[landing], default="")
    return best if best and shares[best] >= MOST else ""


def _proposals(source: Source, found: list[str], scratch: Path) -> dict[str, Proposal]:
    proposals, left = {}, list(found)
    for table, contract in RAW_TABLES.items():
        place = nearest_table(table, left)
        columns = source.columns(place, scratch) if place else []
        if place and columns:
            proposals[table] = proposed(table, contract, place, columns)
            left.remove(place)
    return proposals


def _toml(address: str, folder: Path, landing: str, proposals: dict[str, Proposal]) -> str:
    is_file = not is_database(resolved(address))
    where = _without_secrets(_from(folder, address))
    lines = [
        "# Proposed by loyalty init. Read it before you trust it: names are no proof of what columns mean.",
        "",
    ]
    lines += [
        "# Amounts are published in this currency; other ones need fx_rates.",
        'reporting_currency = "EUR"',
        "# Periods start at midnight here.",
        'timezone = "UTC"',
    ]
    # What follows a section is of the section, so that what has none comes first.
    if landing:
        lines += ["", "[sources.landed]", f"url = {_quoted(where)}", f"landing = {_quoted(landing)}"]
    else:
        lines += [f"source = {_quoted(where)}"]
    for proposal in proposals.values():
        lines += _section(proposal, is_file=is_file)
    return "\n".join(lines) + "\n"


def _from(folder: Path, address: str) -> str:
    """The address as it is written in a file of the folder. What a variable says is not read from there."""
    if "${" in address:
        return address
    if address.startswith(SQLITE) and not address.startswith(f"{SQLITE}/"):
        return SQLITE + os.path.relpath(address.removeprefix(SQLITE), folder)
    return address if "://" in address else os.path.relpath(address, folder)


def _without_secrets(address: str) -> str:
    named = PASSWORD.sub(lambda found: found[0][: found[0].rindex(":") + 1] + "${SOURCE_PASSWORD}@", address)
    return SECRET_OPTION.sub(r"\g<1>${SOURCE_SECRET}", named)


def _section(proposal: Proposal, *, is_file: bool) -> Iterator[str]:
    is_named = proposal.place != proposal.table
    if not (is_named or proposal.columns or proposal.missing):
        return
    yield from ("", f"[tables.{proposal.table}]")
    if is_named:
        yield f"{'file' if is_file else 'table'} = {_quoted(proposal.place)}"
    yield from (f"columns.{name} = {_quoted(own)}" for name, own in proposal.columns.items())
    for name in proposal.missing:
        yield f'# {name} is required and was not found: columns.{name} = "...", or values.{name} = "..." for all rows'


def _told(landing: str, proposals: dict[str, Proposal], having: set[str]) -> Iterator[str]:
    if landing:
        yield f"These are the tables of {landing}: the mapping that comes with the package makes {', '.join(having)} of them."
    for proposal in proposals.values():
        mapped = f", {len(proposal.columns)} columns by other names" if proposal.columns else ""
        missing = f"; not found: {', '.join(proposal.missing)}" if proposal.missing else ""
        yield f"  {'ok ' if proposal.is_complete else '?? '} {proposal.table} from {proposal.place}{mapped}{missing}"
    for table, contract in RAW_TABLES.items():
        if table not in having and table not in proposals:
            kind = "optional" if contract.is_optional else "required"
            yield f"  --  {table} ({kind}) was not recognised{_without(table)}"


def _without(table: str) -> str:
    """Which published tables are empty without a raw table."""
    catalogue = tables()
    needing = [one.__name__ for one in PUBLISHED if table in catalogue[one.__name__].contract.needs]
    reading = [one.__name__ for one in PUBLISHED if table in origin(one.__name__, catalogue).raw]
    if needing:
        return f": without it {', '.join(needing)} {'stay' if len(needing) > 1 else 'stays'} empty"
    return f": {len(reading)} metric tables read it" if reading else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
