"""`loyalty demo --into`: the demo company as tables of a database, to try the real path from one."""

import tempfile
from pathlib import Path

import typer

from loyalty_pipeline.demo import write_company
from loyalty_pipeline.sources.address import discreet, resolved, shown
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from loyalty_pipeline.sources.databases.loading import load


def write_into(address: str, *, customers: int, months: int, seed: int) -> None:
    """Make the company and load its raw tables. Raises `SourceError`; then no table was made."""
    whole = resolved(address)
    with tempfile.TemporaryDirectory() as folder, discreet(whole):
        company = write_company(Path(folder), customers=customers, months=months, seed=seed)
        files = {table: Path(folder) / f"{table}.parquet" for table in company.tables}
        indexed = {table: ("updated_at", *RAW_TABLES[table].primary_key()) for table in files}
        rows = load(whole, files, indexed)
    typer.echo(
        f"{shown(whole)}: {len(rows)} raw tables with {sum(rows.values()):,} rows, as of {company.as_of}"
    )
    typer.echo(f"Next: loyalty init '{address}', or loyalty run --source '{address}' --as-of {company.as_of}")
