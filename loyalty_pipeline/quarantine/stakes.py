"""What would move if everything that is set aside landed: one stake for each line or state of a subscription.

Two worlds are compared: the rows that have landed, and the same with every row set aside in its place. A stake is the
difference in MRR, so that a row that corrects one that has landed is worth only what it corrects.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from loyalty_pipeline.money import EXACT
from loyalty_pipeline.quarantine.folder import ROW
from loyalty_pipeline.quarantine.landed import Landed
from loyalty_pipeline.quarantine.mrr import mrr_of_items, mrr_of_lines
from loyalty_pipeline.quarantine.values import FLAWED, KEY
from loyalty_pipeline.sources.catalogue import RAW_TABLES

LINES, ITEMS, INVOICES = "invoice_lines", "subscription_items", "invoices"
STAKES = {"stake": pl.String(), "mrr": EXACT, "running": EXACT, "own_mrr": EXACT, "currency": pl.String()}
PLACES = {"stake": pl.String(), "table": pl.String(), KEY: pl.String()}


@dataclass(frozen=True)
class Stakes:
    """`moved` has the MRR of each stake and what of it holds at the as-of, null where unknown; `held` the row that holds it."""

    moved: pl.DataFrame
    held: pl.DataFrame


def stakes(aside: Mapping[str, pl.DataFrame], landed: Landed) -> Stakes:
    """The stakes of rows that are set aside: typed, the latest version of each key, by table.

    There are none where the MRR is made of a table of which nothing is set aside.
    """
    if landed.line_source == LINES:
        return _of_lines(aside, landed)
    if landed.line_source == ITEMS and ITEMS in aside:
        return _of_items(aside[ITEMS], landed)
    return Stakes(pl.DataFrame(schema=STAKES), pl.DataFrame(schema=PLACES))


def _of_lines(aside: Mapping[str, pl.DataFrame], landed: Landed) -> Stakes:
    lines = aside.get(LINES, _nothing(LINES))
    invoices = aside.get(INVOICES, _nothing(INVOICES))
    billed = landed.versions(LINES, "invoice_id", invoices[KEY])
    known = _without_repeats(billed, landed.versions(LINES, "line_id", lines[KEY]))
    named = pl.concat([known["invoice_id"], lines["invoice_id"], invoices[KEY]])
    requests = landed.versions(INVOICES, "invoice_id", named)
    before = mrr_of_lines(_clear(known), _clear(requests), landed)
    after = mrr_of_lines(_replaced(known, lines), _replaced(requests, invoices), landed)
    held_by_invoice = after.join(lines.select(KEY), on=KEY, how="anti").join(
        invoices.select(invoice_id=KEY), on="invoice_id", how="semi"
    )
    held = [
        _places(lines, LINES),
        held_by_invoice.select(stake=KEY, table=pl.lit(INVOICES), _key="invoice_id"),
    ]
    return _compared(before, after, pl.concat(held))


def _of_items(items: pl.DataFrame, landed: Landed) -> Stakes:
    known = landed.versions(ITEMS, "item_id", items[KEY])
    before, after = mrr_of_items(_clear(known), landed), mrr_of_items(_replaced(known, items), landed)
    return _compared(before, after, _places(items, ITEMS))


def _compared(before: pl.DataFrame, after: pl.DataFrame, held: pl.DataFrame) -> Stakes:
    both = after.join(before, on=KEY, how="left", suffix="_before").join(
        held.select(_key="stake").unique(), on=KEY, how="semi"
    )
    was = both.join(before.select(KEY), on=KEY, how="semi")[KEY]
    zero = pl.lit(0, EXACT)
    earlier = {
        name: pl.when(pl.col(KEY).is_in(was.implode())).then(f"{name}_before").otherwise(zero)
        for name in ("mrr", "running", "own_mrr")
    }
    is_revalued = (pl.col("currency") != pl.col("currency_before")).fill_null(value=False)
    moved = both.select(
        stake=KEY,
        mrr=(pl.col("mrr") - earlier["mrr"]).cast(EXACT),
        running=(pl.col("running") - earlier["running"]).cast(EXACT),
        own_mrr=pl.when(~is_revalued).then(pl.col("own_mrr") - earlier["own_mrr"]).cast(EXACT),
        currency=pl.when(~is_revalued).then("currency"),
    )
    return Stakes(moved, held)


def _replaced(landed: pl.DataFrame, aside: pl.DataFrame) -> pl.DataFrame:
    """The landed rows with those set aside in their place, but where the landed one changed later."""
    columns = [*landed.columns, FLAWED]
    both = pl.concat(
        [_clear(landed).select(*columns, _rank=pl.lit(0)), aside.select(*columns, _rank=pl.lit(1))]
    )
    ordered = both.sort("updated_at", "_rank", nulls_last=True)
    return ordered.unique(KEY, keep="last", maintain_order=True).drop("_rank")


def _clear(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.lit([], pl.List(pl.String)).alias(FLAWED))


def _without_repeats(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([rows, others.join(rows, on=KEY, how="anti")])


def _places(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    return rows.select(stake=KEY, table=pl.lit(table), _key=KEY)


def _nothing(table: str) -> pl.DataFrame:
    schema = {name: column.dtype for name, column in RAW_TABLES[table].columns().items()}
    return pl.DataFrame(schema={**schema, ROW: pl.Int64(), FLAWED: pl.List(pl.String), KEY: pl.String()})
