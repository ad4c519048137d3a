"""Cells of published tables: one number or flag of one row, and which of them two editions of a table have differently."""

from collections.abc import Iterable, Iterator

import polars as pl

from loyalty_pipeline.money import CENTS

PLACE: dict[str, pl.DataType] = {
    "period": pl.String(),
    "period_start": pl.Date(),
    "segment_by": pl.String(),
    "segment_value": pl.String(),
    "cohort": pl.Date(),
    "row": pl.String(),
}
"""What says which row a cell is of, whatever the table."""
MONTH = "_month"
"""The month whose part of the lake a row is in."""
FLAG = "0 or 1"
WIDE = pl.Decimal(38, 2)
PERIOD_END = "period_end"
NOT_MEASURES = {*PLACE, PERIOD_END, "closes_on", MONTH}


def placed(rows: pl.DataFrame, table: str, key: list[str]) -> pl.DataFrame:
    """The rows with every column of `PLACE` and the end of their period.

    What else is in the table's key is told in `row`, name by name. A table without segments is of everybody. A row that knows only the day it closes on is of everybody, in the month that holds the day before. A table without
    cohorts has none. Raises TypeError where a row has neither a period nor such a day.
    """
    if "closes_on" in rows.columns:
        start = pl.col("closes_on").dt.offset_by("-1d").dt.month_start()
        rows = rows.with_columns(
            period=pl.lit("month"), period_start=start, period_end=start.dt.offset_by("1mo")
        )
    if "segment_by" not in rows.columns:
        rows = rows.with_columns(segment_by=pl.lit("all"), segment_value=pl.lit("all"))
    if "cohort" not in rows.columns:
        rows = rows.with_columns(cohort=pl.lit(None, pl.Date()))
    further = [name for name in key if name not in (*PLACE, "closes_on") and name in rows.columns]
    told = pl.concat_str([pl.format("{} {}", pl.lit(name), name) for name in further], separator=", ")
    rows = rows.with_columns(row=told if further else pl.lit(None, pl.String())).drop(further)
    if missing := [name for name in (*PLACE, PERIOD_END) if name not in rows.columns]:
        message = f"{table} has no {', '.join(missing)}: its restatements could not be told"
        raise TypeError(message)
    return rows


def differing(old: pl.DataFrame, new: pl.DataFrame, units: dict[str, str]) -> pl.DataFrame:
    """One row for each cell that differs: place, month, measure, unit, and the numbers before and after.

    Both have been placed. Only numbers and flags that both have count, no words: nobody can have read one that is new. Null is no number, and a
    row that is missing has none. Numbers are equal when they are the same number, to the last bit of a float.
    """
    measures = [
        name
        for name, dtype in new.schema.items()
        if name in old.columns and name not in NOT_MEASURES and (dtype.is_numeric() or dtype == pl.Boolean())
    ]
    kept = [*PLACE, MONTH, *measures]
    both = old.select(kept).join(
        new.select(kept).cast({name: old.schema[name] for name in measures}, strict=False),
        on=list(PLACE),
        how="full",
        nulls_equal=True,
        coalesce=True,
        suffix=AFTER,
    )
    both = both.with_columns(pl.coalesce(MONTH, MONTH + AFTER))
    found = (_of_measure(both.lazy(), name, old.schema[name], units.get(name, "")) for name in measures)
    return _stacked(pl.collect_all(list(found)))


AFTER = " after"
NUMBERS: dict[str, pl.DataType] = {
    "measure": pl.String(),
    "unit": pl.String(),
    "old": pl.Float64(),
    "new": pl.Float64(),
    "change": pl.Float64(),
    "old_amount": CENTS,
    "new_amount": CENTS,
    "amount_change": CENTS,
}
DIFFERING = {**PLACE, MONTH: pl.String(), **NUMBERS}


def _stacked(found: Iterable[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=DIFFERING), *found])


def _of_measure(both: pl.LazyFrame, name: str, dtype: pl.DataType, unit: str) -> pl.LazyFrame:
    before, after = pl.col(name), pl.col(name + AFTER)
    return both.filter(before.ne_missing(after)).select(
        *PLACE,
        MONTH,
        measure=pl.lit(name),
        unit=pl.lit(FLAG if dtype == pl.Boolean() else unit),
        **dict(_numbers(before, after, dtype)),
    )


def _numbers(before: pl.Expr, after: pl.Expr, dtype: pl.DataType) -> Iterator[tuple[str, pl.Expr]]:
    is_amount = isinstance(dtype, pl.Decimal)
    counted = WIDE if is_amount else pl.Int64() if dtype == pl.Boolean() else dtype
    before, after = before.cast(counted), after.cast(counted)
    change = after - before
    for label, number in (("old", before), ("new", after), ("change", change)):
        yield label, number.cast(pl.Float64())
    for label, number in (("old_amount", before), ("new_amount", after), ("amount_change", change)):
        yield label, number.cast(CENTS, strict=False) if is_amount else pl.lit(None, CENTS)
