"""Tables of a few rows, as one would draw them on a whiteboard: only the cells that matter are named. Days are in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.periods import Calendar, Window
from loyalty_pipeline.reads import Months

if TYPE_CHECKING:
    import dataframely as dy

FOR_EVER = "2099-01-01"


def at(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def month(text: str, as_of: str = FOR_EVER, **calendar: Any) -> Window:
    """Return a month as tables see it."""
    settings = {"timezone": "UTC", "fiscal_year_start_month": 1} | calendar
    return Calendar(as_of=date.fromisoformat(as_of), **settings).month(date.fromisoformat(f"{text}-01"))


def table(contract: type[dy.Schema], *rows: dict[str, Any], **same: Any) -> pl.LazyFrame:
    """Return rows of a contract. What no row names is `same`, else null; instants and days are read from text."""
    schema = polars_schema(contract)
    if "updated_at" in schema and "deleted_at" in schema:
        schema["_batch"] = pl.String()
        same = {"updated_at": "2020-01-01", "_batch": "000001"} | same
    columns = {name: [_cell((same | row).get(name), dtype) for row in rows] for name, dtype in schema.items()}
    unknown = {name for row in [same, *rows] for name in row} - schema.keys()
    assert not unknown, f"{contract.__name__} has no {unknown}"
    return pl.LazyFrame(columns, schema=schema)


def by_month(contract: type[dy.Schema], *rows: dict[str, Any]) -> Months[Any]:
    """Return the months of a table; each row says in `month` which one it is of."""
    days = sorted({row["month"] for row in rows})
    known = set(polars_schema(contract))
    frames = {
        date.fromisoformat(day): table(
            contract, *({n: c for n, c in row.items() if n in known} for row in rows if row["month"] == day)
        )
        for day in days
    }
    return Months(frames, contract)


def rows(frame: pl.LazyFrame, *names: str) -> list[Any]:
    """Return the rows of some columns in their order: tuples, or cells where one column is asked for."""
    found = frame.select(names).sort(names[0]).collect().rows()
    return [row[0] for row in found] if len(names) == 1 else found


def _cell(cell: Any, dtype: pl.DataType) -> Any:
    if isinstance(cell, str) and isinstance(dtype, pl.Datetime):
        return at(cell)
    if isinstance(cell, str) and isinstance(dtype, pl.Date):
        return date.fromisoformat(cell)
    return cell
