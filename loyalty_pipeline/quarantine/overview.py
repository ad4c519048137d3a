"""What is set aside, by table and reason: the first look of the person on call."""

from collections.abc import Mapping

import polars as pl

from loyalty_pipeline.quarantine.folder import BATCH, REASONS, ROW, WAITING, Folder
from loyalty_pipeline.quarantine.values import KEY, keyed
from loyalty_pipeline.quarantine.worth import Worth

NO_REASON = "(no reason)"


def by_reason(folder: Folder, aside: Mapping[str, pl.DataFrame], worth: Worth) -> list[dict[str, object]]:
    """One line a table and reason of what is set aside now, that with the most MRR first; then who holds unknown MRR."""
    lines = []
    for table, rows in aside.items():
        first = _first_seen(folder, table, rows)
        for (reason,), those in _exploded(rows).group_by(["reason"], maintain_order=True):
            places = those.select(pl.lit(table).alias("table"), ROW)
            total = worth.of(places)
            own = worth.rows.join(places, on=["table", ROW], how="semi")
            revenue = own["revenue"].drop_nulls()
            lines.append(
                {
                    "table": table,
                    "reason": reason,
                    "rows": those.height,
                    "waiting": int(those[WAITING].sum()),
                    "first_batch": first[reason],
                    "first_seen": folder.landed_at(first[reason]),
                    "last_batch": folder.last_batch(table),
                    **vars(total),
                    "revenue": revenue.sum() if revenue.len() else None,
                    "unknown_revenue": bool(own["unknown_revenue"].any()),
                }
            )
    return sorted(lines, key=lambda line: (-abs(line["mrr"] or 0), -line["unknown"], -line["rows"]))


def history(folder: Folder, tables: list[str]) -> list[dict[str, object]]:
    """One line a table, batch and reason of what earlier readings set aside, the latest first. Its worth is history too."""
    return [
        {
            "table": table,
            "batch": batch,
            "read_at": folder.landed_at(batch),
            "reason": reason,
            "rows": those.height,
            "waiting": int(those[WAITING].sum()),
        }
        for table in tables
        for batch in reversed(folder.batches(table))
        if batch != folder.last_batch(table)
        for (reason,), those in _exploded(folder.rows(table, batch)).group_by(["reason"], maintain_order=True)
    ]


def _first_seen(folder: Folder, table: str, rows: pl.DataFrame) -> dict[str, str]:
    """For each reason the earliest batch that set one of these rows aside for it."""
    now = _exploded(keyed(rows, table)).select(KEY, "reason").unique()
    seen = [now.lazy().select(KEY, "reason", pl.lit(folder.last_batch(table)).alias(BATCH))]
    for batch in folder.batches(table):
        before = _exploded(keyed(folder.rows(table, batch), table)).select(KEY, "reason", BATCH)
        seen.append(before.lazy().join(now.lazy(), on=[KEY, "reason"], how="semi"))
    first = pl.concat(seen).group_by("reason").agg(pl.col(BATCH).min()).collect()
    return dict(first.iter_rows())


def _exploded(rows: pl.DataFrame) -> pl.DataFrame:
    """A row for each reason of a row."""
    return (
        rows.with_columns(reason=pl.col(REASONS))
        .explode("reason")
        .with_columns(pl.col("reason").fill_null(NO_REASON))
    )
