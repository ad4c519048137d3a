"""The rows of one table that are set aside, with what each would move, the largest first."""

from dataclasses import dataclass

import polars as pl

from loyalty_pipeline.quarantine.folder import REASONS, ROW
from loyalty_pipeline.quarantine.reasons import masked
from loyalty_pipeline.quarantine.worth import WORTH, Worth

SHOWN = {name: f"_{name}" for name in WORTH}
"""The columns of a row's worth, as they stand beside the source's, which has a `currency` of its own."""


@dataclass(frozen=True)
class Choice:
    """Which rows are asked for, and whether personal values may be seen. Without a limit all are."""

    reason: str = ""
    limit: int | None = None
    is_personal: bool = False


def chosen(rows: pl.DataFrame, table: str, worth: Worth, choice: Choice) -> pl.DataFrame:
    """The rows with their worth: by the MRR they would move, then those of unknown MRR, then the others."""
    if choice.reason:
        rows = rows.filter(pl.col(REASONS).list.contains(choice.reason))
    rows = rows if choice.is_personal else masked(rows, table)
    own = worth.rows.filter(pl.col("table") == table).select(ROW, *WORTH).rename(SHOWN)
    valued = rows.join(own, on=ROW, how="left", maintain_order="left")
    size = pl.coalesce(pl.col("_mrr").abs(), pl.col("_revenue").abs())
    unknown = pl.col("_unknown").fill_null(0)
    ordered = valued.sort(size, unknown, ROW, descending=[True, True, False], nulls_last=True)
    return ordered.head(choice.limit) if choice.limit else ordered
