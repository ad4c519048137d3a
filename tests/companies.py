"""Run the real lake over raw rows held in memory, and compare what it publishes cell by cell.

Landing is left out: rows are filed as it would have filed them, so that a company costs no extraction and no
validation. A row may name its `_batch`, the night it came in; the first otherwise.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import polars as pl

from loyalty_pipeline.catalogue import PUBLISHED
from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.landing.filing import write_part
from loyalty_pipeline.periods import business_month
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from loyalty_pipeline.lake.lake import Lake

Row = dict[str, Any]
Raw = dict[str, list[Row]]
Tables = dict[str, list[Row]]
FIRST_NIGHT = "000001"
CLOSE = 1e-9
KEYS = (
    "period",
    "period_start",
    "segment_by",
    "segment_value",
    "cohort",
    "reason",
    "is_voluntary",
    "metric",
    "customer_id",
)
"""What tells the rows of a table apart, of columns that it has."""


def lake_over(raw: Raw, folder: Path, **settings: Any) -> Lake:
    """Return the lake of a data folder, every table computed over the rows."""
    chosen = Settings(data_dir=folder, **settings)
    file_rows(raw, Store(folder / "landing"), chosen.timezone)
    lake = open_lake(chosen)
    for name in lake.tables:
        lake.compute(name)
    return lake


def published(lake: Lake) -> Tables:
    """Return the tables that are published, as rows."""
    return {function.__name__: rows_of(lake, function.__name__) for function in PUBLISHED}


def rows_of(lake: Lake, name: str) -> list[Row]:
    """Return one table of the lake over all months."""
    return lake.scan(name).collect().to_dicts()


def file_rows(raw: Raw, store: Store, timezone: str) -> None:
    """Put the rows where landing puts them: by the business month of a key's first version, or of its parent's."""
    manifest = store.read()
    homes: dict[str, pl.DataFrame] = {}
    for table, contract in RAW_TABLES.items():
        if not raw.get(table):
            continue
        rows = _typed(raw[table], polars_schema(contract))
        key = contract.primary_key()
        if contract.filed_with:
            filed = rows.join(homes[contract.filed_with], on="invoice_id")
        else:
            filed = rows.join(homes.setdefault(table, _homes(rows, key, contract.month_of, timezone)), on=key)
        for (month, batch), part in filed.partition_by("_home", "_batch", as_dict=True).items():
            name = f"{month:%Y-%m}/{batch}-0000"
            manifest.tables.setdefault(table, {})[name] = write_part(
                store, (table, name), part.drop("_home"), contract
            )
    store.commit(manifest)


def differences(got: list[Row], expected: list[Row], key: list[str]) -> list[str]:
    """Return one sentence for each expected cell that is missing or another; rates may differ in the last digits.

    Columns that `expected` lacks are not compared.
    """
    ours, theirs = ({tuple(row[name] for name in key): row for row in rows} for rows in (got, expected))
    missing = [f"{_said(place)}: no such row" for place in theirs if place not in ours]
    extra = [f"{_said(place)}: a row too many" for place in ours if place not in theirs]
    cells = [
        f"{_said(place)}: {name} is {ours[place].get(name)} and should be {cell}"
        for place, row in theirs.items()
        if place in ours
        for name, cell in row.items()
        if not same(ours[place].get(name), cell)
    ]
    return missing + extra + cells


def all_differences(got: Tables, expected: Tables) -> list[str]:
    """Return the differences in every table that is expected."""
    missing = [f"{name}: no such table" for name in expected if name not in got]
    return missing + [
        f"{name} {told}"
        for name, rows in expected.items()
        if name in got
        for told in differences(got[name], rows, _key(rows or got[name]))
    ]


def same(ours: Any, theirs: Any) -> bool:
    """Whether two cells are equal, floats but for the last digits."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(ours) is type(theirs) and bool(ours == theirs)


def _typed(rows: list[Row], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        for name in schema:
            columns[name].append(row.get(name))
        columns["_batch"].append(row.get("_batch", FIRST_NIGHT))
    return pl.DataFrame(columns, schema={**schema, "_batch": pl.String()})


def _homes(rows: pl.DataFrame, key: list[str], month_of: str, timezone: str) -> pl.DataFrame:
    instant = isinstance(rows.schema[month_of], pl.Datetime)
    month = business_month(month_of, timezone) if instant else pl.col(month_of).dt.month_start()
    first = rows.sort("updated_at", "_batch").unique(key, keep="first", maintain_order=True)
    return first.select(*key, _home=month)


def _key(rows: list[Row]) -> list[str]:
    return [name for name in KEYS if name in (rows or [{}])[0]]


def _said(place: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in place)
